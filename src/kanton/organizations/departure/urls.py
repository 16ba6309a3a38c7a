"""Addresses of departures."""

from django.urls import path

from kanton.organizations.departure import views

app_name = "departure"
ORG = "o/<slug:organization>"
urlpatterns = [
    path(f"{ORG}/people/<int:number>/remove", views.begin, name="begin"),
    path(f"{ORG}/people/<int:number>/remove/last", views.last, name="last"),
    path(f"{ORG}/people/<int:number>/remove/discard", views.discard, name="discard"),
    path(f"{ORG}/people/<int:number>/remove/in/<slug:code>", views.step, name="step"),
    path(f"{ORG}/people/departures", views.departures, name="departures"),
    path(f"{ORG}/people/departures/<int:number>", views.departure, name="departure"),
    path(f"{ORG}/people/departures/<int:number>/bring-back", views.back, name="bring_back"),
    path(f"{ORG}/people/departures/<int:number>/things/<int:settlement>", views.anew, name="anew"),
    path("account/organizations/<slug:slug>/leave", views.leave, name="leave"),
]
