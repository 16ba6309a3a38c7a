"""The mails of unified passwords."""

from __future__ import annotations

from kanton.accounts.emails import to_both
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.products.mail.models import Mailbox


def passwords_parted(person: Person, mailbox: Mailbox) -> None:
    """Tell that account and mailbox have two passwords again (ACC-41)."""
    to_both(person, "unification/parted", {"mailbox": str(mailbox), "at": clock.now()})
