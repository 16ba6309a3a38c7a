"""The job behind a departure or a return, and the clock that ends the time for an undo."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django_tasks import task

from kanton.core import clock
from kanton.core.actor import System
from kanton.core.errors import DomainError
from kanton.core.jobs import periodic
from kanton.organizations.departure.actions import (
    close_departure,
    finish,
    note_failure,
    note_not_restored,
    restore_holding,
    settle_holding,
)
from kanton.organizations.departure.contract import UNDO_WITHIN
from kanton.organizations.departure.errors import HoldingGone
from kanton.organizations.departure.models import Departure, Settlement, State

DRAFTS_FOR = timedelta(days=30)
log = logging.getLogger("kanton.organizations")


def gave_up(departure_id: int, *, error: Any) -> None:
    """The job failed for good: whoever decided sees what needs another answer, or stays where it went."""
    departure = Departure.objects.select_related("person", "organization").filter(pk=departure_id).first()
    if departure is None:
        return
    by = departure.on_behalf()
    reason = _("This did not work. Our staff has been told; you can try it again.")
    for settlement in departure.settlements.select_related("departure").order_by("pk"):
        if departure.state == State.RETURNING:
            note_not_restored(by, settlement, reason=reason)
        else:
            note_failure(by, settlement, reason=reason, is_gone=False)
    finish(by, departure)


@task(unique=True, when_failed=gave_up)
def carry_on(departure_id: int) -> None:
    """Do what waits, one thing after the other, each in a transaction of its own: whoever kills the job and starts it
    again finds what is done done, and goes on with the next."""
    departure = Departure.objects.select_related("person", "organization").filter(pk=departure_id).first()
    if departure is None:  # the account is gone, or the thirty days are over
        return
    trouble: Exception | None = None
    for settlement in departure.settlements.select_related("departure").order_by("pk"):
        try:
            step(departure, settlement)
        except Exception as error:  # one thing that does not work today must not hold up the others
            log.exception("settlement %s of departure %s", settlement.pk, departure.pk)
            trouble = error
    finish(departure.on_behalf(), departure)
    if trouble is not None:
        raise trouble  # the job comes back for what still waits


def step(departure: Departure, settlement: Settlement) -> None:
    """One thing, in the direction in which the departure moves."""
    by = departure.on_behalf()
    if departure.state == State.RETURNING:
        try:
            restore_holding(by, settlement)
        except DomainError as error:
            note_not_restored(by, settlement, reason=error.sentence)
    else:
        try:
            settle_holding(by, settlement)
        except DomainError as error:
            note_failure(by, settlement, reason=error.sentence, is_gone=isinstance(error, HoldingGone))


@periodic("departures: end of the undo", at="04:40")
@task(priority=-50)
def close_old() -> int:
    """Forget what was kept for an undo that is no longer possible, and drafts that nobody went on with."""
    now = clock.now()
    Departure.objects.filter(state=State.DRAFT, begun_at__lt=now - DRAFTS_FOR).delete()
    old = Departure.objects.begun().filter(started_at__lt=now - UNDO_WITHIN)
    closed = 0
    for departure in old.exclude(state=State.RUNNING).select_related("person", "organization"):
        close_departure(System("departures"), departure)
        closed += 1
    return closed
