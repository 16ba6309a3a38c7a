"""Addresses of the console's own pages."""

from django.urls import path

from kanton.console import views

app_name = "console"
urlpatterns = [
    path("", views.start, name="start"),
    path("go/<slug:key>", views.go, name="go"),
    path("go/<slug:key>/<str:name>", views.go_to, name="go_to"),
    path("o/<slug:organization>/", views.home, name="home"),
    path("o/<slug:organization>/search", views.search, name="search"),
    path("o/<slug:organization>/notices", views.notices, name="notices"),
    path("o/<slug:organization>/missing", views.missing, name="missing"),
]
