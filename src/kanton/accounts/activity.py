"""The kinds of things that happen to an account."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of accounts."""

    REGISTERED = "accounts.registered", _("%(target)s opened an account"), ("target", "email")
    REGISTERED_AGAIN = (
        "accounts.registered_again",
        _("Somebody tried to open an account with the address of %(target)s"),
        ("target",),
    )
    ADDRESS_CONFIRMED = (
        "accounts.address_confirmed",
        _("%(target)s confirmed the login e-mail"),
        ("target",),
    )
    CONFIRMATION_SENT = (
        "accounts.confirmation_sent",
        _("%(target)s asked for the confirmation mail again"),
        ("target",),
    )
    SIGNED_IN = "accounts.signed_in", _("%(target)s signed in"), ("target", "browser")
    SIGN_IN_FAILED = (
        "accounts.sign_in_failed",
        _("Somebody entered a wrong password for %(target)s"),
        ("target", "browser"),
    )
    SECOND_FACTOR_FAILED = (
        "accounts.second_factor_failed",
        _("A sign-in with the right password of %(target)s ended after too many wrong second factors"),
        ("target", "browser"),
    )
    SIGNED_OUT = "accounts.signed_out", _("%(target)s signed out"), ("target",)
    RESET_ASKED = (
        "accounts.reset_asked",
        _("Somebody asked for a link to choose a new password for %(target)s"),
        ("target",),
    )
    PASSWORD_RESET = (
        "accounts.password_reset",
        _("%(target)s chose a new password by a link in a mail"),
        ("target",),
    )
    PASSWORD_CHANGED = (
        "accounts.password_changed",
        _("%(target)s changed the login password"),
        ("target",),
    )
    PROFILE_CHANGED = "accounts.profile_changed", _("%(target)s changed the profile"), ("target",)
    TOKEN_CREATED = "accounts.token_created", _("%(actor)s created the API token “%(target)s”")
    TOKEN_REVOKED = "accounts.token_revoked", _("%(actor)s revoked the API token “%(target)s”")
    ACCOUNT_PURGED = (
        "accounts.purged",
        _("%(actor)s removed an account whose address was never confirmed"),
        ("target",),
    )
