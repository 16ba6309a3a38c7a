"""The address of blocks of management."""

from django.urls import path

from kanton.products.locking import views

app_name = "locking"
urlpatterns = [path("o/<slug:organization>/products/<int:service>/lock", views.lock, name="lock")]
