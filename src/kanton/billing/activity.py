"""What happens with money and orders."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of billing."""

    CART_CHANGED = "billing.cart_changed", _("%(actor)s changed the cart: %(line)s")
    ORDER_PLACED = "billing.order_placed", _("%(actor)s ordered %(lines)s for %(total)s (order %(target)s)")
    ORDER_PAID = "billing.order_paid", _("Order %(target)s was paid: %(total)s")
    ORDER_SET_UP_BEGUN = "billing.order_set_up_begun", _("The set-up of order %(target)s began")
    ORDER_ACTIVE = "billing.order_active", _("Everything of order %(target)s is set up")
    ORDER_CANCELLED = "billing.order_cancelled", _("%(actor)s cancelled order %(target)s")
    LINE_SET_UP = "billing.line_set_up", _("The set-up of %(target)s was started")
    LINE_FAILED = "billing.line_failed", _("The set-up of %(target)s is delayed: %(reason)s")
    INVOICE_ISSUED = "billing.invoice_issued", _("Invoice %(target)s over %(total)s was issued")
    PAYMENT_STARTED = "billing.payment_started", _("%(actor)s started to pay %(amount)s by %(method)s")
    PAYMENT_RECEIVED = "billing.payment_received", _("A payment of %(amount)s by %(method)s was received")
    PAID_FROM_PREPAID = (
        "billing.paid_from_prepaid",
        _("%(actor)s paid %(amount)s for %(target)s from the prepaid account"),
    )
    PAYMENT_DECLINED = (
        "billing.payment_declined",
        _("A payment of %(amount)s by %(method)s was declined: %(reason)s"),
    )
    PAYMENT_EXPIRED = (
        "billing.payment_expired",
        _("A payment of %(amount)s by %(method)s was not completed in time"),
    )
    PAYMENT_CANCELLED = (
        "billing.payment_cancelled",
        _("%(actor)s gave up a payment of %(amount)s by %(method)s"),
    )
    PAYMENT_RETURNED = (
        "billing.payment_returned",
        _(
            "A second payment of %(amount)s by %(method)s is being returned, since %(invoice)s was already paid"
        ),
    )
    PAYMENT_REFUNDED = "billing.payment_refunded", _("%(amount)s were returned by %(method)s")
    PAYMENT_TO_PREPAID = (
        "billing.payment_to_prepaid",
        _("A payment of %(amount)s by %(method)s could not settle an invoice and is on the prepaid account"),
    )
    TOP_UP_STARTED = "billing.top_up_started", _("%(actor)s started a top-up of %(amount)s by %(method)s")
    TOPPED_UP = "billing.topped_up", _("The prepaid account was credited with %(amount)s")
    TRANSFER_CHOSEN = "billing.transfer_chosen", _("%(actor)s chose to pay %(target)s by bank transfer")
    PROVIDER_EVENT = "billing.provider_event", _("%(actor)s reported about a payment: %(outcome)s")
