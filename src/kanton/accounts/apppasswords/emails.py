"""The mails of app passwords."""

from __future__ import annotations

from kanton.accounts.apppasswords.models import AppPassword
from kanton.accounts.emails import to_both
from kanton.core import clock


def app_password_created(app_password: AppPassword) -> None:
    """Tell about a new key to mail, calendar or files."""
    values = {
        "name_of_it": app_password.name,
        "scopes": app_password.scope_names,
        "at": clock.now(),
    }
    to_both(app_password.person, "apppasswords/created", values)


def app_password_revoked(app_password: AppPassword) -> None:
    """Tell that a program is locked out."""
    to_both(app_password.person, "apppasswords/revoked", {"name_of_it": app_password.name, "at": clock.now()})
