"""Addresses of the design system itself."""

from django.urls import path

from kanton.ui import views

app_name = "ui"
urlpatterns = [
    path("ui", views.style_guide, name="guide"),
    path("ui/look", views.look, name="look"),
    path("ui/brand/<str:accent>.css", views.brand, name="brand"),
]
