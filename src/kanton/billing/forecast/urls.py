"""The address of the forecast."""

from django.urls import path

from kanton.billing.forecast import views

app_name = "forecast"
urlpatterns = [path("o/<slug:organization>/forecast", views.forecast, name="forecast")]
