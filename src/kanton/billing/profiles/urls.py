"""Addresses of payment profiles."""

from django.urls import path

from kanton.billing.profiles import views

app_name = "profiles"
ORG = "o/<slug:organization>/payment-profiles"
urlpatterns = [
    path(ORG, views.profiles, name="list"),
    path(f"{ORG}/add", views.add, name="add"),
    path(f"{ORG}/added/<str:key>", views.added, name="added"),
    path(f"{ORG}/<int:number>/renew", views.renew, name="renew"),
    path(f"{ORG}/<int:number>/default", views.default, name="default"),
    path(f"{ORG}/<int:number>/remove", views.remove, name="remove"),
]
