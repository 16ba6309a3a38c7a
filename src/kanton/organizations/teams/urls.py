"""Addresses of teams."""

from django.urls import path

from kanton.organizations.teams import views

app_name = "teams"
TEAMS = "o/<slug:organization>/teams"
ONE = f"{TEAMS}/<int:number>"
urlpatterns = [
    path(TEAMS, views.teams, name="list"),
    path(f"{TEAMS}/new", views.new, name="new"),
    path(f"{TEAMS}/choose", views.choose, name="choose"),
    path(ONE, views.team, name="team"),
    path(f"{ONE}/edit", views.edit, name="edit"),
    path(f"{ONE}/access", views.access, name="access"),
    path(f"{ONE}/add", views.add, name="add"),
    path(f"{ONE}/remove", views.remove, name="remove"),
    path(f"{ONE}/delete", views.delete, name="delete"),
    path(f"{ONE}/restore", views.restore, name="restore"),
    path("o/<slug:organization>/people/<int:number>/teams", views.of_member, name="of_member"),
]
