"""Addresses of the look."""

from django.urls import path

from kanton.organizations.branding import views

app_name = "branding"
LOOK = "o/<slug:organization>/settings/appearance"
urlpatterns = [
    path(LOOK, views.branding, name="branding"),
    path(f"{LOOK}/corner", views.corner, name="corner"),
    path(f"{LOOK}/logo", views.wide_logo, name="wide_logo"),
    path(f"{LOOK}/logo/removal", views.no_wide_logo, name="no_wide_logo"),
    path(f"{LOOK}/default", views.default, name="default"),
    path(f"{LOOK}/undo", views.undo, name="undo"),
    path("logos/<str:key>.webp", views.file, name="file"),
]
