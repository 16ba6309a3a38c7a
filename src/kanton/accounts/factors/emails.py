"""The mails about second factors, to login and recovery address (ACC-96, ACC-128)."""

from __future__ import annotations

from kanton.accounts.emails import to_both
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.ui.shell import Text


def method_added(person: Person, method: Text, *, is_first: bool) -> None:
    """A new way to prove oneself; with the first one, two-factor authentication is on."""
    to_both(person, "factors/method_added", {"method": method, "is_first": is_first, "at": clock.now()})


def method_removed(person: Person, method: Text) -> None:
    """One way less; others remain."""
    to_both(person, "factors/method_removed", {"method": method, "at": clock.now()})


def turned_off(person: Person) -> None:
    """Nothing but the password protects the account now."""
    to_both(person, "factors/turned_off", {"at": clock.now()})


def backup_codes_made(person: Person) -> None:
    """Ten new codes; the old ones are void."""
    to_both(person, "factors/backup_codes_made", {"at": clock.now()})


def backup_code_used(person: Person, left: int) -> None:
    """Somebody got in with a backup code (ACC-79)."""
    to_both(person, "factors/backup_code_used", {"left": left, "at": clock.now()})
