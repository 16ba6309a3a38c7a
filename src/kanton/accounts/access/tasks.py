"""What is worked out behind the scenes, so that the answer takes as long for every address."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from kanton.accounts.access import emails, locking
from kanton.accounts.access.actions import issue_unlock, note_lock
from kanton.accounts.access.models import Watch
from kanton.accounts.actions import note_failed_sign_in
from kanton.accounts.models import Person, address_key
from kanton.core.actor import System, visitor
from kanton.core.throttle import throttle

HOUR = timedelta(hours=1)


@task()
def watch_failure(number: int, address: str, user_agent: str, locks: bool) -> None:
    """Remember a wrong password for the person with this number (0: nobody), and mail them, once an hour at most."""
    person = Person.objects.filter(pk=number, is_active=True).first()
    if person is None:
        return
    actor = visitor(ip=address, user_agent=user_agent, language=person.language)
    note_failed_sign_in(actor, person)
    if locks:
        note_lock(actor, person)
    elif Watch.of(person).mail_failed and throttle(f"wrong-password-mail:{person.pk}", 1, HOUR):
        emails.wrong_password(person, actor)


@task()
def send_unlock(email: str, by_text: bool) -> None:
    """Send what unlocks, when the address has a locked account; else do nothing."""
    person = Person.objects.filter(email_key=address_key(email), is_active=True).first()
    if person is not None and locking.is_locked(person):
        issue_unlock(System("accounts"), person, by_text=by_text)
