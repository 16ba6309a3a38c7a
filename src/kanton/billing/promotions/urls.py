"""Addresses of promotions."""

from django.urls import path

from kanton.billing.promotions import views

app_name = "promotions"
ORG = "o/<slug:organization>/cart"
urlpatterns = [
    path(f"{ORG}/method", views.method, name="method"),
    path(f"{ORG}/code", views.code, name="code"),
    path(f"{ORG}/<int:line>/grant", views.grant, name="grant"),
    path("o/<slug:organization>/invoices/<int:number>/code", views.renewal_code, name="renewal_code"),
    path("staff/promotions", views.issued, name="issued"),
    path("staff/promotions/codes/new", views.new_code, name="new_code"),
    path("staff/promotions/grants/new", views.new_grant, name="new_grant"),
    path("staff/promotions/codes/<int:number>/withdraw", views.withdraw_code_page, name="withdraw_code"),
    path("staff/promotions/grants/<int:number>/withdraw", views.withdraw_grant_page, name="withdraw_grant"),
]
