"""Addresses of cancellations."""

from django.urls import path

from kanton.billing.cancellation import views

app_name = "cancellation"
ORG = "o/<slug:organization>/cancellation"
urlpatterns = [
    path(f"{ORG}/link/<str:token>", views.link, name="link"),
    path(f"{ORG}/<int:number>", views.cancel, name="cancel"),
    path(f"{ORG}/<int:number>/withdraw", views.withdraw, name="withdraw"),
]
