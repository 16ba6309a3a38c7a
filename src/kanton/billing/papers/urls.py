"""Addresses of billing addresses and exports."""

from django.urls import path

from kanton.billing.papers import views

app_name = "papers"
ORG = "o/<slug:organization>"
urlpatterns = [
    path(f"{ORG}/billing-addresses", views.addresses, name="addresses"),
    path(f"{ORG}/billing-addresses/add", views.add_address, name="add_address"),
    path(f"{ORG}/billing-addresses/<int:number>", views.change_address, name="change_address"),
    path(f"{ORG}/billing-addresses/<int:number>/remove", views.remove_address, name="remove_address"),
    path(f"{ORG}/invoices/<int:number>/address", views.address_of_invoice, name="invoice_address"),
    path(f"{ORG}/invoices/export", views.export, name="ask_export"),
    path(f"{ORG}/invoices/exports/<str:key>", views.one_export, name="export"),
    path(f"{ORG}/invoices/exports/<str:key>/file", views.export_file, name="export_file"),
]
