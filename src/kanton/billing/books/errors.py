"""What can go wrong in the books."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, Invalid


class NothingToCredit(Conflict):
    """Not paid, or credited before."""

    code = "books.nothing_to_credit"
    message = _("There is nothing (left) to credit on this invoice.")


class TooMuchToCredit(Invalid):
    """More than the line was over."""

    code, field = "books.too_much_to_credit", "amounts"
    message = _("Of “%(line)s” at most %(most)s can still be credited.")


class NothingToRefund(Conflict):
    """Not paid yet, refunded before, spent or reserved."""

    code = "books.nothing_to_refund"
    message = _(
        "Nothing of this top-up can be refunded: it is not paid, was refunded before, or its money is spent or "
        "reserved."
    )


class TooMuchToRefund(Invalid):
    """More than is left of the top-up, or than is free on the prepaid account."""

    code, field = "books.too_much_to_refund", "amount"
    message = _("Of this top-up at most %(most)s can be refunded.")


class NoWayBack(Conflict):
    """The bank named no account, or the provider is no longer installed."""

    code = "books.no_way_back"
    message = _(
        "It is not known to which account this money could go back. The customer can withdraw it from the "
        "prepaid account instead."
    )


class NotFailed(Conflict):
    """The refund is on its way or done."""

    code = "books.not_failed"
    message = _("This refund was not refused; there is nothing to do by hand.")


class NotKnown(Conflict):
    """The provider did not answer: the money may have gone back."""

    code = "books.refund_not_known"
    message = _(
        "The payment provider has not said whether this refund went through. Try it again first: a refund that is "
        "there already is adopted, not repeated."
    )


class PeriodNotOver(Invalid):
    """Today and later stay open."""

    code, field = "books.period_not_over", "through"
    message = _("A period can be closed when it is over: until %(last)s at the latest.")


class AlreadyClosed(Conflict):
    """A later or equal day is closed."""

    code, field = "books.already_closed", "through"
    message = _("The books are closed until %(through)s already.")


class BooksAreOff(Conflict):
    """Nothing is closed over a problem."""

    code = "books.are_off"
    message = _("The books do not prove themselves right now, so nothing can be closed: %(problem)s")


class RateTooEarly(Invalid):
    """A rate changes nothing that was sold."""

    code, field = "books.rate_too_early", "since"
    message = _("A rate can be added for tomorrow or later, since invoices of today bear today’s rate.")


class RateKnown(Conflict):
    """One rate per country and day."""

    code, field = "books.rate_known", "since"
    message = _("This country has a rate from that day already.")
