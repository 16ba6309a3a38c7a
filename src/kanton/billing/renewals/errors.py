"""What can go wrong with renewals, in the customer's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, Invalid


class NothingSelected(Invalid):
    """No line was chosen."""

    code, field = "billing.nothing_selected", "lines"
    message = _("Nothing is selected. Tick the lines that you want to renew.")


class NotRenewable(Conflict):
    """A service without an end, or one that has ended."""

    code = "billing.not_renewable"
    message = _("%(name)s cannot be renewed: it has ended, or it never ends.")


class RenewalInPayment(Conflict):
    """A line in a running payment cannot be selected elsewhere (BIL-98)."""

    code = "billing.renewal_in_payment"
    message = _("A payment for %(name)s is in progress. Finish it or give it up first.")


class PeriodNotOffered(Invalid):
    """The plan has no price for this period, or it is too small to be billed so often (BIL-102)."""

    code, field = "billing.period_not_offered", "months"
    message = _("%(name)s is not offered for this period. Choose one of those shown.")


class GuaranteeNotOffered(Conflict):
    """The renewal guarantee is not offered for this."""

    code = "billing.guarantee_not_offered"
    message = _("The renewal guarantee is not offered for %(name)s.")


class NotWithdrawable(Conflict):
    """The bill is paid, or its term was granted already."""

    code = "billing.not_withdrawable"
    message = _("This invoice cannot be withdrawn: it is paid, or what it is for was delivered already.")


class NoPeriodChange(Conflict):
    """Nothing is planned."""

    code = "billing.no_period_change"
    message = _("No change of the billing period is planned here. Load the page again.")
