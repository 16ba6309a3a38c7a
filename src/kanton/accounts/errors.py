"""What can go wrong with an account, in the words of its owner."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class WrongPassword(DomainError):
    """The password asked for again inside a session is wrong (ACC-33)."""

    code, status, field = "accounts.wrong_password", 422, "current_password"
    message = _("This is not your login password. Nothing was changed.")


class WrongCredentials(DomainError):
    """Sign-in failed. The same words whatever was typed (ACC-38)."""

    code, status = "accounts.wrong_credentials", 401
    message = _(
        "E-mail address or password are not right. Use the password of your account, not that of a mailbox."
    )


class EnforcedByOrganization(DomainError):
    """The last second factor of somebody whose organization demands one (ACC-94, ACC-95)."""

    code, status = "accounts.second_factor_enforced", 409
    message = _(
        "%(organizations)s demands a second factor of you, so the last one cannot be removed. Add another first, or "
        "ask the administrator there."
    )


class WeakPassword(DomainError):
    """A new password breaks a rule; the sentence says which (ACC-32)."""

    code, status, field = "accounts.weak_password", 422, "password"
    message = "%(reasons)s"

    def __init__(self, reasons: Sequence[str], *, field: str | None = None) -> None:
        super().__init__(field=field, reasons=" ".join(reasons))


class LinkGone(DomainError):
    """A link of a mail was used, replaced or is too old."""

    code, status = "accounts.link_gone", 410
    message = _("This link was used before, replaced by a newer one, or is too old. Ask for a new one.")


class NotConfirmed(DomainError):
    """The login address must be confirmed first (ACC-6)."""

    code, status = "accounts.not_confirmed", 403
    message = _("Please confirm your e-mail address first: open the link in the mail we sent you.")


class AlreadyConfirmed(DomainError):
    """There is nothing to confirm any more."""

    code, status = "accounts.already_confirmed", 409
    message = _("Your e-mail address is confirmed already.")


class NotANumber(DomainError):
    """A mobile number that cannot be one."""

    code, status, field = "accounts.not_a_number", 422, "phone"
    message = _(
        "“%(phone)s” is not a mobile number we can read. Write it with its country, such as +41 79 123 45 67."
    )


class SameAddress(DomainError):
    """Login and recovery address must differ (ACC-22)."""

    code, status, field = "accounts.same_address", 422, "recovery_email"
    message = _("The recovery e-mail must differ from your login e-mail, or both could be lost together.")


class UnknownScope(DomainError):
    """A token was to get a scope that does not exist, or that the present token lacks."""

    code, status, field = "accounts.unknown_scope", 422, "scopes"
    message = _("The scope “%(scope)s” does not exist or cannot be given here.")


class UnknownChoice(DomainError):
    """A language, country or time zone that does not exist."""

    code, status = "accounts.unknown_choice", 422
    message = _("“%(value)s” is not one of the choices.")


class AccountBlocked(DomainError):
    """Told to whoever knows the password of an account that staff blocked (ORG-89)."""

    code, status = "accounts.blocked", 403
    message = _(
        "This account is blocked because of a security incident. Nothing was deleted. Write to %(support)s to have it "
        "opened again; we will ask you to show that it is yours."
    )
