"""What can go wrong: for people, and in the words of the protocol."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class BadRedirect(DomainError):
    code, status, field = "oauth.bad_redirect", 422, "redirect_uris"
    message = _(
        "“%(uri)s” cannot be used. Allowed are https addresses, http on this very device (127.0.0.1, [::1], localhost) "
        "and schemes of an app's own with a dot, such as com.example.app://login; never with a # part."
    )


class RedirectMissing(DomainError):
    code, status, field = "oauth.redirect_missing", 422, "redirect_uris"
    message = _(
        "Enter at least one redirect address, or let the application sign in by device code or as machine."
    )


class MachineNeedsSecret(DomainError):
    code, status, field = "oauth.machine_needs_secret", 422, "is_machine"
    message = _("Only an application that can keep a secret may act as a machine.")


class NoSecret(DomainError):
    code, status = "oauth.no_secret", 409
    message = _("This application has no secret: it runs where nobody can keep one.")


class UnknownCode(DomainError):
    code, status, field = "oauth.unknown_code", 422, "code"
    message = _("This code is not known or has expired. Look at the device for a new one.")


class Refused(Exception):
    """An error of the protocol: `error` is a word of the standard, `reason` says which of its cases it is."""

    def __init__(self, error: str, reason: str, *, status: int = 400) -> None:
        super().__init__(error, reason)
        self.error, self.reason, self.status = error, reason, status
