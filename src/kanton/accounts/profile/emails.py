"""The mails of profiles."""

from __future__ import annotations

from kanton.accounts.emails import to_both, to_one
from kanton.accounts.models import Person
from kanton.accounts.profile.models import Export
from kanton.core import clock


def account_deleted(person: Person) -> None:
    """Tell the login and the recovery address, for the last time (ACC-71)."""
    to_both(person, "profile/account_deleted", {"at": clock.now()})


def export_ready(export: Export) -> None:
    """Tell that the file with all data can be fetched. Without a link: the reader opens the console himself."""
    to_one(export.person, "profile/export_ready", {"until": export.expires_at})
