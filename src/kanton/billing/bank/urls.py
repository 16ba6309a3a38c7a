"""Addresses of the bank."""

from django.urls import path

from kanton.billing.bank import views

app_name = "bank"
ORG = "o/<slug:organization>"
ITEM = "staff/bank/payments/<int:number>"
urlpatterns = [
    path("staff/bank", views.worklist, name="worklist"),
    path("staff/bank/import", views.take_in, name="import"),
    path("staff/bank/statements", views.statements, name="statements"),
    path(ITEM, views.item, name="item"),
    path(f"{ITEM}/confirm", views.confirm, name="confirm"),
    path(f"{ITEM}/invoices/<int:invoice>", views.to_invoice, name="to_invoice"),
    path(f"{ITEM}/customers/<int:customer>", views.to_prepaid, name="to_prepaid"),
    path(f"{ITEM}/charges", views.charges, name="charges"),
    path(f"{ITEM}/payout", views.payout, name="payout"),
    path(f"{ITEM}/send-back", views.back, name="send_back"),
    path("staff/bank/transfers", views.transfers, name="transfers"),
    path("staff/bank/transfers/file", views.new_file, name="new_file"),
    path("staff/bank/transfers/<int:number>/done", views.transfer_done, name="transfer_done"),
    path("staff/bank/transfers/<int:number>/returned", views.transfer_returned, name="transfer_returned"),
    path("staff/bank/files/<int:number>", views.transfer_file, name="transfer_file"),
    path(f"{ORG}/prepaid/withdrawals", views.withdrawals, name="withdrawals"),
    path(f"{ORG}/prepaid/withdraw", views.withdraw, name="withdraw"),
    path(f"{ORG}/prepaid/withdrawals/<int:number>/cancel", views.cancel, name="cancel_withdrawal"),
    path(f"{ORG}/prepaid/transfer", views.by_transfer, name="by_transfer"),
]
