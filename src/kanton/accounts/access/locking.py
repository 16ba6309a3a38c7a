"""Locks after wrong passwords, counted by the address typed: addresses without account lock alike (ACC-106)."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F
from django.http import HttpRequest

from kanton.accounts.access.devices import is_familiar
from kanton.accounts.access.errors import AccountLocked
from kanton.accounts.access.models import FEWEST, USUAL
from kanton.accounts.adapter import account_key
from kanton.accounts.models import Person, address_key
from kanton.core import jobs
from kanton.core.throttle import forget, peek, throttle
from kanton.core.web import client_address

MEMORY = timedelta(days=30)


def gate(request: HttpRequest, email: str) -> None:
    """Raises AccountLocked for a locked address, except in browsers and networks that the account knows.

    One query, with or without account."""
    number, threshold = _known(email)
    if not peek(_key(email), threshold, MEMORY) and not is_familiar(request, number):
        raise AccountLocked


def failed(request: HttpRequest, email: str) -> None:
    """Count a wrong password. What it means for the account's owner is a job's work, the same for every address."""
    from kanton.accounts.access.tasks import watch_failure

    number, threshold = _known(email)
    was_open = bool(peek(_key(email), threshold, MEMORY))
    throttle(_key(email), threshold, MEMORY)
    locks = was_open and not peek(_key(email), threshold, MEMORY)
    agent = request.headers.get("User-Agent", "")[:300]
    jobs.enqueue(watch_failure, number, client_address(request), agent, locks)


def is_locked(person: Person) -> bool:
    """Does the account take no password from unknown places? Costs no query while it is far from that."""
    if peek(_key(person.email), FEWEST, MEMORY):
        return False
    number, threshold = _known(person.email)
    return bool(number) and not peek(_key(person.email), threshold, MEMORY)


def open_again(person: Person) -> None:
    """Count from nothing."""
    forget(_key(person.email))


def _key(email: str) -> str:
    return f"lock:{account_key(email)}"


def _known(email: str) -> tuple[int, int]:
    """The number of the person with this address (0: nobody) and after how many failures the address locks."""
    found = (
        Person.objects.filter(email_key=address_key(email), is_active=True)
        .annotate(limit=F("watch__threshold"))
        .values_list("pk", "limit")
        .first()
    )
    return (found[0], found[1] or USUAL) if found else (0, USUAL)
