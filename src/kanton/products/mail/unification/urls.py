"""Addresses of the guide to passwords."""

from django.urls import path

from kanton.products.mail.unification import views

app_name = "unification"
urlpatterns = [path("which-password", views.which_password, name="which_password")]
