"""The address of security alerts."""

from django.urls import path

from kanton.organizations.alerts import views

app_name = "alerts"
urlpatterns = [
    path("o/<slug:organization>/people/alerts", views.send_many, name="send_many"),
    path("o/<slug:organization>/people/<int:number>/alert", views.send, name="send"),
]
