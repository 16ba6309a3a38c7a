"""What organizations do behind the scenes."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import ProtectedError
from django_tasks import task

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.organizations.actions import purge_unconfirmed

KEEP_UNCONFIRMED = timedelta(days=30)
log = logging.getLogger("kanton.accounts")


@periodic("purge-unconfirmed", at="04:30")
@task(priority=-50)
def purge_unconfirmed_accounts() -> int:
    """Remove accounts whose address nobody confirmed within 30 days (ACC-6); returns how many."""
    old = Person.objects.filter(
        confirmed_at=None, created_at__lt=clock.now() - KEEP_UNCONFIRMED, is_staff=False
    )
    removed = 0
    for person in old.order_by("pk"):
        try:
            purge_unconfirmed(System("accounts"), person)
        except ProtectedError:  # something was sold to them all the same; people decide
            log.warning("unconfirmed account %s owns something and is kept", person.pk)
        else:
            removed += 1
    return removed
