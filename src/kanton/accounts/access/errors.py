"""What can go wrong with access to an account, in the words of its owner."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class AccountLocked(DomainError):
    """Too many wrong passwords: no password is looked at from unknown browsers and networks (ACC-103, ACC-106).

    The same words for addresses without account.
    """

    code, status = "accounts.locked", 403
    message = _(
        "After too many wrong passwords, this account takes no password from here for now. Sign in with a passkey or "
        "in a browser that you used before, unlock it by the link below, or ask an administrator of your organization."
    )


class NotLocked(DomainError):
    """There is nothing to unlock."""

    code, status = "accounts.not_locked", 409
    message = _("This account is not locked.")


class OnlyInternal(DomainError):
    """Somebody who is merely external here."""

    code, status = "accounts.only_internal", 409
    message = _("You can unlock the accounts of internal members only.")


class UnlockGone(DomainError):
    """A link or code that no longer unlocks anything."""

    code, status, field = "accounts.unlock_gone", 410, "code"
    message = _("This link or code is wrong, was used before, or is older than an hour. Ask for a new one.")
