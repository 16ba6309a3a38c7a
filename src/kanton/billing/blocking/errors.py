"""What can go wrong with blocked orders, in the customer's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, Invalid


class NotBlocked(Conflict):
    """Released or cancelled meanwhile."""

    code = "billing.not_blocked"
    message = _("This order is not blocked any more. Load the page again.")


class UnderExamination(Conflict):
    """The documents are there already."""

    code = "billing.under_examination"
    message = _("Your documents have arrived and are being examined. There is nothing to send.")


class UnknownGround(Invalid):
    """No such ground."""

    code, field = "billing.unknown_ground", "ground"
    message = _("Choose one of the grounds.")
