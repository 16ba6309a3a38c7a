"""What can go wrong with money and orders, in the customer's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, Invalid


class CartEmpty(Conflict):
    """Nothing to order."""

    code = "billing.cart_empty"
    message = _("Your cart is empty. Choose something in the shop first.")


class CartFull(Conflict):
    """More lines than a cart holds."""

    code = "billing.cart_full"
    message = _("A cart holds at most %(most)s lines. Order these first, then the rest.")


class NotInCart(Conflict):
    """The line is gone, for example removed in another window."""

    code = "billing.not_in_cart"
    message = _("This line is no longer in your cart. Load the page again.")


class LineProblem(Invalid):
    """A line cannot be ordered as it stands; the product or the catalogue says why."""

    code, field = "billing.line_problem", "items"
    message = _("%(line)s: %(problem)s")


class WrongEnding(Invalid):
    """A name at the price of another ending."""

    code, field = "billing.wrong_ending", "name"
    message = _(
        "This offer is for names that end in .%(ending)s. Search for the name in the shop to get its own offer."
    )


class PriceChanged(Conflict):
    """The total is not the one the customer saw (BIL-22)."""

    code = "billing.price_changed"
    message = _(
        "The price has changed: it was %(old)s and is now %(new)s. Please look at it and confirm again."
    )


class TransitionRefused(Conflict):
    """The table of states does not allow this change (BIL-21)."""

    code = "billing.transition_refused"
    message = _("Order %(order)s is “%(state)s” and cannot become “%(wanted)s”.")


class AlreadyPaid(Conflict):
    """Somebody else, or another window, paid it."""

    code = "billing.already_paid"
    message = _("This is already paid. You have not been charged again.")


class NotPayable(Conflict):
    """Cancelled in the meantime."""

    code = "billing.not_payable"
    message = _("This order was cancelled, so there is nothing to pay. You can order again in the shop.")


class PaymentInProgress(Conflict):
    """Another payment of the same invoice is running (BIL-98)."""

    code = "billing.payment_in_progress"
    message = _(
        "A payment of this invoice is in progress. Finish or cancel it first; it ends by itself at %(until)s."
    )


class NotEnoughMoney(Conflict):
    """More than is available on the prepaid account (BIL-60)."""

    code, field = "billing.not_enough_money", "prepaid"
    message = _(
        "The prepaid account has %(available)s available. Use at most that, and pay the rest in another way."
    )


class ChooseMethod(Invalid):
    """The prepaid part does not cover everything and no method for the rest was chosen."""

    code, field = "billing.choose_method", "method"
    message = _("Choose how you want to pay the remaining %(rest)s.")


class UnknownMethod(Invalid):
    """No such payment method is offered."""

    code, field = "billing.unknown_method", "method"
    message = _("This payment method is not offered. Choose one of those shown.")


class TopUpOutOfRange(Invalid):
    """Outside the operator's limits (BIL-52)."""

    code, field = "billing.top_up_out_of_range", "amount"
    message = _("A top-up is between %(least)s and %(most)s.")


class WrongCurrency(Invalid):
    """Nothing is converted silently (BIL-7)."""

    code, field = "billing.wrong_currency", "currency"
    message = _("This is in %(wanted)s and cannot be paid in %(given)s.")


class NotFinal(Conflict):
    """A final invoice exists only after the payment (BIL-75)."""

    code = "billing.not_final"
    message = _("The final invoice comes with the payment. Until then there is the pro-forma invoice.")


class PaymentSettled(Conflict):
    """The payment has ended already."""

    code = "billing.payment_settled"
    message = _("This payment has already ended. Look at the invoice to see how.")


class AddressMissing(Invalid):
    """An invoice needs to say to whom it is."""

    code, field = "billing.address_missing", "organization"
    message = _(
        "The organization has no complete postal address yet. An owner can add it under Settings → My organization."
    )


class BadCallback(Invalid):
    """A message that did not come from the provider, or not whole."""

    code = "billing.bad_callback"
    message = _("This message could not be verified.")
