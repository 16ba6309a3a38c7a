"""The addresses of blocked orders."""

from django.urls import path

from kanton.billing.blocking import views

app_name = "blocking"
urlpatterns = [
    path("o/<slug:organization>/orders/<int:number>/procedure", views.resend, name="resend"),
    path("staff/orders", views.orders, name="orders"),
    path("staff/orders/<int:number>", views.order, name="order"),
    path("staff/orders/<int:number>/block", views.block, name="block"),
    path("staff/orders/<int:number>/release", views.release, name="release"),
]
