"""Addresses of Custom Brands."""

from django.urls import path

from kanton.products.brand import views

app_name = "brand"
ORG = "o/<slug:organization>/brand"
urlpatterns = [
    path(ORG, views.brands, name="brands"),
    path(f"{ORG}/<int:number>", views.brand, name="brand"),
    path(f"{ORG}/<int:number>/look", views.look, name="look"),
    path(f"{ORG}/<int:number>/check", views.check, name="check"),
    path(".well-known/kanton-brand", views.proof, name="proof"),
]
