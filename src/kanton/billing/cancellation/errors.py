"""What can go wrong with a cancellation, in the customer's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, Invalid


class AlreadyRequested(Conflict):
    """There is an open request."""

    code = "billing.cancellation_requested"
    message = _(
        "The cancellation of %(name)s is requested already. Use the link in the mail, or withdraw the request first."
    )


class NotCancellable(Conflict):
    """It has ended, or belongs to something that is cancelled as a whole (BIL-122)."""

    code = "billing.not_cancellable"
    message = _("%(name)s cannot be cancelled: %(reason)s")


class LinkLapsed(Invalid):
    """The link was used, withdrawn, or is older than 72 hours."""

    code, field = "billing.cancellation_link", "token"
    message = _(
        "This link is not valid any more: it holds for 72 hours and one use. Request the cancellation again."
    )


class NothingToWithdraw(Conflict):
    """No open request."""

    code = "billing.no_cancellation"
    message = _("There is no cancellation to withdraw. Load the page again.")
