"""The addresses of suspensions."""

from django.urls import path

from kanton.organizations.suspension import views

app_name = "suspension"
ONE = "o/<slug:organization>/people/<int:number>"
urlpatterns = [
    path(f"{ONE}/suspend", views.suspend, name="suspend"),
    path(f"{ONE}/resume", views.resume, name="resume"),
]
