"""Addresses of app passwords."""

from django.urls import path

from kanton.accounts.apppasswords import views

app_name = "apppasswords"
urlpatterns = [
    path("account/app-passwords", views.app_passwords, name="list"),
    path("account/app-passwords/new", views.create, name="create"),
    path("account/app-passwords/<int:number>/revoke", views.revoke, name="revoke"),
]
