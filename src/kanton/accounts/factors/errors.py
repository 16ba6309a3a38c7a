"""What can go wrong with a second factor, in the words of its owner."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class WrongCode(DomainError):
    """A code that does not fit: wrong, too old, used before, or somebody else's; always the same words (ACC-79)."""

    code, status, field = "accounts.wrong_code", 422, "code"
    message = _("This code is not right, or it was used before. Wait for the next one, or check the clock.")


class NotProven(DomainError):
    """The answer of a passkey or key does not fit."""

    code, status = "accounts.key_not_accepted", 422
    message = _("This passkey or key was not accepted here. Please try again, or choose another way.")


class NotSetUp(DomainError):
    """A method that the account does not have."""

    code, status = "accounts.second_factor_not_set_up", 409
    message = _("Two-factor authentication is not turned on for your account.")


class AlreadySetUp(DomainError):
    """There is one of these already."""

    code, status = "accounts.second_factor_exists", 409
    message = _("This method is set up already. Remove it first if you want to set it up anew.")


class TooManyKeys(DomainError):
    """More keys than anybody needs."""

    code, status = "accounts.too_many_keys", 409
    message = _("An account can have %(limit)s passkeys and keys. Remove one that you no longer use.")


class BadSecret(DomainError):
    """A key for one-time passwords that is none."""

    code, status, field = "accounts.bad_secret", 422, "secret"
    message = _("The key must be at least 160 bits in base 32. Begin again.")


class SecondStepNeeded(DomainError):
    """Turning it off takes a session that passed the second step itself (ACC-93)."""

    code, status = "accounts.second_step_needed", 403
    message = _(
        "Sign in once with your second factor before you turn it off. This protects you from thieves of your password."
    )


class SmsNotOffered(DomainError):
    """Text messages are not for this account: no gateway, or another country (ACC-73, ACC-74)."""

    code, status = "accounts.sms_not_offered", 409
    message = _(
        "Codes by text message are not offered for your country. Use a passkey or a one-time password app."
    )
