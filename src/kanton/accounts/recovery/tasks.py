"""What recovery does behind the scenes."""

from __future__ import annotations

import logging
from datetime import timedelta

from django_tasks import task

from kanton.accounts.models import Person, address_key
from kanton.accounts.recovery.actions.forgotten import issue_reset_to_recovery
from kanton.accounts.recovery.actions.ways_back import send_digits
from kanton.accounts.recovery.models import LONGEST, AddressChange, PhoneCode
from kanton.core import clock
from kanton.core.actor import System
from kanton.core.errors import TooMany
from kanton.core.jobs import periodic

log = logging.getLogger("kanton.recovery")


@task()
def send_reset_to_recovery(email: str) -> None:
    """Send the link when the address has an account; else do nothing."""
    people = Person.objects.select_related("proven")
    person = people.filter(email_key=address_key(email), is_active=True).first()
    if person is not None:
        issue_reset_to_recovery(System("accounts"), person)


@task()
def send_code(number: int, language: str = "en") -> None:
    """Send digits to the phone of this row, if it has one."""
    row = PhoneCode.objects.select_related("person").filter(pk=number).first()
    if row is None or not row.number or not row.is_open:
        return
    try:
        send_digits(row, language=row.person.language if row.person is not None else language)
    except TooMany:
        log.warning("The day's text messages are used up; a code was not sent.")


@periodic("recovery.forget", at="03:40")
@task(unique=True)
def forget_old_recovery() -> None:
    """Remove codes of yesterday, and addresses that nobody can confirm or undo any more."""
    PhoneCode.objects.filter(created_at__lt=clock.now() - timedelta(days=1)).delete()
    AddressChange.objects.filter(created_at__lt=clock.now() - 2 * LONGEST).delete()
