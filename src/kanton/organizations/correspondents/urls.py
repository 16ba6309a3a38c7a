"""Addresses of administrative mails."""

from django.urls import path

from kanton.organizations.correspondents import views

app_name = "correspondents"
PEOPLE = "o/<slug:organization>/people"
urlpatterns = [
    path(f"{PEOPLE}/mails", views.overview, name="overview"),
    path(f"{PEOPLE}/<int:number>/mails", views.of_member, name="of_member"),
]
