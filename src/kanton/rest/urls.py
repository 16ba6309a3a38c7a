"""The documentation. The API's own addresses are answered before these are looked at: see `front.py`."""

from django.urls import path

from kanton.rest import views

app_name = "rest"
urlpatterns = [
    path("api/openapi.json", views.openapi, name="openapi"),
    path("api/docs", views.documentation, name="documentation"),
    path("api/docs/tutorials/<slug:slug>", views.tutorial, name="tutorial"),
    path("api/docs/requests/<slug:slug>", views.chapter, name="chapter"),
]
