"""Addresses of reminders."""

from django.urls import path

from kanton.billing.reminders import views

app_name = "reminders"
ONE = "o/<slug:organization>/invoices/<int:number>/reminder"
urlpatterns = [
    path(ONE, views.reminder, name="reminder"),
    path(f"{ONE}/<int:level>/pdf", views.reminder_pdf, name="pdf"),
    path(f"{ONE}/pay", views.pay_with_it, name="pay_with_it"),
]
