"""Addresses of the domain pages. A `name` is a domain's; below `dns/` it is a zone's."""

from django.urls import path

from kanton.products.domains import views, zone_views

app_name = "domains"
ORG = "o/<slug:organization>/domains"
ONE = f"{ORG}/<str:name>"
urlpatterns = [
    path(ORG, views.domains, name="list"),
    path(f"{ORG}/lock", views.lock_many, name="lock_many"),
    path(ONE, views.overview, name="overview"),
    path(f"{ONE}/state", views.state, name="state"),
    path(f"{ONE}/check", views.check, name="check"),
    path(f"{ONE}/nameservers", views.nameservers, name="nameservers"),
    path(f"{ONE}/lock", views.lock, name="lock"),
    path(f"{ONE}/contacts", views.contacts, name="contacts"),
    path(f"{ONE}/contacts/<str:role>", views.contact, name="contact"),
    path(f"{ONE}/zones/add", zone_views.add_zone, name="add_zone"),
    path(f"{ONE}/dns", zone_views.zone, name="zone"),
    path(f"{ONE}/dns/state", zone_views.state, name="zone_state"),
    path(f"{ONE}/dns/add", zone_views.add, name="add_record"),
    path(f"{ONE}/dns/delete", zone_views.delete_many, name="delete_records"),
    path(f"{ONE}/dns/import", zone_views.import_text, name="import"),
    path(f"{ONE}/dns/export", zone_views.export, name="export"),
    path(f"{ONE}/dns/history", zone_views.history, name="history"),
    path(f"{ONE}/dns/history/<int:number>", zone_views.restore, name="restore"),
    path(f"{ONE}/dns/remove", zone_views.remove_zone, name="remove_zone"),
    path(f"{ONE}/dns/<int:number>", zone_views.edit, name="edit_record"),
    path(f"{ONE}/dns/<int:number>/delete", zone_views.delete, name="delete_record"),
]
