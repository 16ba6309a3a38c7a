"""What can go wrong with payment profiles."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, Invalid


class CannotSave(Invalid):
    """No such provider, or it keeps nothing."""

    code, field = "profiles.cannot_save", "method"
    message = _("This payment method cannot be kept. Choose one of those shown.")


class NothingGiven(Conflict):
    """The payer came back without having given a method."""

    code = "profiles.nothing_given"
    message = _("No payment method was given, so nothing has changed. You can try again.")


class ProfileInUse(Conflict):
    """Automatic renewals would have nothing to pay with (BIL-49)."""

    code = "profiles.in_use"
    message = _("Automatic renewals use this: %(products)s. Make another one the default first.")
