"""Addresses of the books."""

from django.urls import path

from kanton.billing.books import views

app_name = "books"
urlpatterns = [
    path("staff/books", views.proof, name="proof"),
    path("staff/books/trial-balance", views.trial_balance, name="trial_balance"),
    path("staff/books/journal", views.journal, name="journal"),
    path("staff/books/revenue", views.revenue, name="revenue"),
    path("staff/books/vat", views.vat, name="vat"),
    path("staff/books/ageing", views.ageing, name="ageing"),
    path("staff/books/deferred", views.deferred, name="deferred"),
    path("staff/books/closings", views.closings, name="closings"),
    path("staff/books/tax-rates", views.tax_rates, name="tax_rates"),
    path("staff/books/refunds", views.refunds, name="refunds"),
    path("staff/books/refunds/<int:number>/instead", views.refund_instead, name="refund_instead"),
    path("staff/books/refunds/<int:number>/again", views.refund_again, name="refund_again"),
    path("staff/books/top-ups", views.top_ups, name="top_ups"),
    path("staff/books/top-ups/<int:number>/refund", views.top_up_refund, name="top_up_refund"),
    path("staff/invoices", views.invoices, name="invoices"),
    path("staff/invoices/<int:number>", views.invoice, name="invoice"),
    path("staff/invoices/<int:number>/pdf", views.invoice_pdf, name="invoice_pdf"),
    path("staff/invoices/<int:number>/credit", views.credit, name="credit"),
]
