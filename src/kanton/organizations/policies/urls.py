"""Addresses of security rules."""

from django.urls import path

from kanton.organizations.policies import views

app_name = "policies"
ORG = "o/<slug:organization>"
urlpatterns = [
    path(f"{ORG}/rules", views.policies, name="policies"),
    path(f"{ORG}/rules/second-factor", views.demand, name="demand"),
    path(f"{ORG}/rules/second-factor/off", views.leave_open, name="leave_open"),
    path(f"{ORG}/rules/sessions", views.sessions, name="sessions"),
    path(f"{ORG}/rules/sessions/off", views.sessions_open, name="sessions_open"),
    path(f"{ORG}/rules/networks", views.networks, name="networks"),
    path(f"{ORG}/rules/networks/off", views.networks_open, name="networks_open"),
    path("staff/organizations/<slug:slug>/networks/rescue", views.rescue, name="rescue"),
    path(f"{ORG}/second-factor", views.needed, name="needed"),
    path(f"{ORG}/second-factor/leave", views.leave, name="leave"),
]
