"""What can go wrong with security rules."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class ProtectYourselfFirst(DomainError):
    code, status = "policies.protect_yourself_first", 409
    message = _("Set up a second factor for your own account first, so that the rule does not shut you out.")


class DayIsPast(DomainError):
    code, status, field = "policies.day_is_past", 422, "demanded_from"
    message = _("Choose today or a later day.")


class SecondFactorNeeded(DomainError):
    code, status = "policies.second_factor_needed", 403
    message = _(
        "%(organization)s demands a second factor of everybody. Set one up on the security page of your account."
    )


class NothingLimited(DomainError):
    code, status, field = "policies.nothing_limited", 422, "hours"
    message = _("Enter how long a sign-in lasts, or how long it may be unused, or both.")


class LengthOutOfRange(DomainError):
    code, status = "policies.length_out_of_range", 422
    message = _("Choose a number from %(least)s to %(most)s.")


class NotANetwork(DomainError):
    code, status, field = "policies.not_a_network", 422, "networks"
    message = _(
        "“%(line)s” is no network. Write one on each line, such as 192.0.2.0/24, 198.51.100.7 or 2001:db8::/32; at "
        "most fifty."
    )


class NotFromHere(DomainError):
    code, status, field = "policies.not_from_here", 409, "networks"
    message = _(
        "Your present address %(address)s is not in these networks: the rule would shut you out. Add it, or do this "
        "from an allowed network."
    )
