"""Addresses of blocks, for staff."""

from django.urls import path

from kanton.support.blocks import views

app_name = "blocks"
urlpatterns = [
    path("staff/blocks", views.blocks, name="blocks"),
    path("staff/blocks/<int:number>", views.block, name="block"),
    path("staff/blocks/<int:number>/identity-check", views.ask_identity, name="ask_identity"),
    path("staff/people/<int:number>/block", views.begin, name="begin"),
    path("staff/people/<int:number>/guide", views.guide, name="guide"),
]
