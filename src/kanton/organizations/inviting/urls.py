"""Addresses of inviting many."""

from django.urls import path

from kanton.organizations.inviting import views

app_name = "inviting"
PEOPLE = "o/<slug:organization>/people"
urlpatterns = [
    path(f"{PEOPLE}/invite/several", views.several, name="several"),
    path(f"{PEOPLE}/invite/several/<int:number>", views.batch, name="batch"),
]
