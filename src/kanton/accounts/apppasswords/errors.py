"""What can go wrong with app passwords."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class NoScope(DomainError):
    """An app password that would open nothing, or something that does not exist."""

    code, status, field = "accounts.no_scope", 422, "scopes"
    message = _("Choose what the app password opens: mail, calendar and contacts, or drive.")


class TooManyAppPasswords(DomainError):
    """More than a person needs; usually forgotten ones."""

    code, status, field = "accounts.too_many_app_passwords", 409, "name"
    message = _("You have %(limit)s app passwords. Revoke those that no program uses any more.")
