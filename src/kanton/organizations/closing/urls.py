"""The address of the end."""

from django.urls import path

from kanton.organizations.closing import views

app_name = "closing"
urlpatterns = [path("o/<slug:organization>/settings/deletion", views.delete, name="delete")]
