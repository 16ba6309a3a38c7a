"""What can go wrong with unified passwords."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class ProgramsRefused(DomainError):
    """The pair is right, and mail programs are refused all the same (ORG-62, ORG-86)."""

    code, status, field = "mail.programs_refused", 409, "password"
    message = _("The password is right, but mail programs are refused at the moment. %(words)s")


class CannotUnify(DomainError):
    """One of the three conditions does not hold (ACC-39)."""

    code, status, field = "mail.cannot_unify", 409, "unify"
    message = _(
        "These two passwords cannot be one: the mailbox must carry your login address, you must be the only one who "
        "reads it here, you must be allowed to change its password, and your account must not use a second step."
    )
