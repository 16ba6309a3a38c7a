"""What billing keeps: the ledger, carts and orders, invoices, payments."""

from kanton.billing.models.invoices import Invoice, InvoiceKind, InvoiceLine, InvoiceStatus, NumberSeries
from kanton.billing.models.ledger import Account, AccountKind, Entry, Posting
from kanton.billing.models.orders import Cart, CartLine, Order, OrderLine, OrderState
from kanton.billing.models.payments import (
    Payment,
    PaymentProfile,
    PaymentState,
    PrepaidAccount,
    ProviderEvent,
    Purpose,
    RefundAnswer,
    Reservation,
    TestCharge,
    TestRefund,
)

__all__ = [
    "Account",
    "AccountKind",
    "Cart",
    "CartLine",
    "Entry",
    "Invoice",
    "InvoiceKind",
    "InvoiceLine",
    "InvoiceStatus",
    "NumberSeries",
    "Order",
    "OrderLine",
    "OrderState",
    "Payment",
    "PaymentProfile",
    "PaymentState",
    "Posting",
    "PrepaidAccount",
    "ProviderEvent",
    "Purpose",
    "RefundAnswer",
    "Reservation",
    "TestCharge",
    "TestRefund",
]
