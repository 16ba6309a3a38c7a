"""Addresses of proofs of the log."""

from django.urls import path

from kanton.organizations.trail import views

app_name = "trail"
ORG = "o/<slug:organization>/activity"
urlpatterns = [
    path(f"{ORG}/proof", views.proof, name="proof"),
    path(f"{ORG}/proof/readers", views.readers, name="readers"),
    path(f"{ORG}/exports", views.exports, name="exports"),
    path(f"{ORG}/exports/<int:number>", views.export_file, name="export_file"),
    path(f"{ORG}/export.jsonl", views.export, name="export"),
]
