"""What accounts do behind the scenes."""

from __future__ import annotations

from django_tasks import task

from kanton.accounts.actions import issue_reset
from kanton.accounts.models import Person, address_key
from kanton.core.actor import System


@task()
def send_reset_link(email: str) -> None:
    """Send the link when the address has an account; else do nothing."""
    person = Person.objects.filter(email_key=address_key(email), is_active=True).first()
    if person is not None:
        issue_reset(System("accounts"), person)
