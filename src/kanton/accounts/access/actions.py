"""Every change of sessions, trusted browsers, wishes and locks."""

from __future__ import annotations

import secrets as random
from datetime import timedelta
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings

from kanton.accounts.access import emails, locking
from kanton.accounts.access.activity import Happened
from kanton.accounts.access.errors import NotLocked, UnlockGone
from kanton.accounts.access.models import FEWEST, MOST, Device, UnlockLink, Watch
from kanton.accounts.browsers import browser_of
from kanton.accounts.models import Person, address_key
from kanton.accounts.recovery.models import proven_phone, proven_recovery_email
from kanton.config import config
from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.errors import Invalid
from kanton.core.outbox import send_sms, sms_is_available
from kanton.core.parity import internal
from kanton.core.rights import PUBLIC, SELF, SYSTEM
from kanton.core.secrets import token_hash


@action(right=SELF)
def end_session(actor: Actor, person: Person, session: UserSession) -> None:
    """Sign a browser out; it notices with its next request (ACC-98, ACC-99)."""
    sign_out(session)
    record(actor, Happened.SESSION_ENDED, person, browser=str(browser_of(session.user_agent)))


@action(right=SELF)
def end_other_sessions(actor: Actor, person: Person, *, keep: str = "") -> int:
    """Sign every other browser out; `keep` is the key of the one that stays. Returns how many ended."""
    sessions = list(UserSession.objects.filter(user=person).exclude(session_key=keep))
    for session in sessions:
        sign_out(session)
    record(actor, Happened.OTHERS_ENDED, person)
    return len(sessions)


@internal("A browser is trusted while it signs in.")
@action(right=SELF)
def trust_browser(actor: Actor, person: Person, device: Device) -> None:
    """No second factor in this browser for as many days as the operator allows."""
    device.trusted_until = clock.now() + timedelta(days=config.sign_in.trusted_browser_days)
    device.save(update_fields=["trusted_until"])
    record(actor, Happened.BROWSER_TRUSTED, person)


@action(right=SELF)
def end_trust(actor: Actor, device: Device) -> None:
    """Ask this browser for the second factor again, from its next sign-in on."""
    device.trusted_until = None
    device.save(update_fields=["trusted_until"])
    record(actor, Happened.TRUST_ENDED, device.person, browser=str(browser_of(device.user_agent)))


@action(right=SELF)
def change_watch(
    actor: Actor,
    person: Person,
    *,
    mail_new_place: bool | None = None,
    mail_every: bool | None = None,
    mail_failed: bool | None = None,
    threshold: int | None = None,
) -> Watch:
    """Choose which sign-ins raise a mail, and when the account locks; what is None stays (ACC-102, ACC-103)."""
    if threshold is not None and not FEWEST <= threshold <= MOST:
        raise Invalid(field="threshold")
    watch = Watch.of(person)
    wishes = {
        "mail_new_place": mail_new_place,
        "mail_every": mail_every,
        "mail_failed": mail_failed,
        "threshold": threshold,
    }
    for name, value in wishes.items():
        if value is not None:
            setattr(watch, name, value)
    watch.save()
    record(actor, Happened.WISHES_CHANGED, person)
    return watch


@internal("Done by the sign-in page.")
@action(right=SELF, may_be_silent=True)
def tell_sign_in(actor: Actor, person: Person, *, is_new: bool) -> None:
    """Mail the person about their sign-in, as they chose (ACC-100, ACC-102)."""
    watch = Watch.of(person)
    if is_new:
        record(actor, Happened.NEW_PLACE, person, browser=actor.user_agent)
    if watch.mail_every or (is_new and watch.mail_new_place):
        emails.signed_in(person, actor, is_new=is_new)


@internal("Done by the sign-in page.")
@action(right=PUBLIC)
def note_lock(actor: Actor, person: Person) -> None:
    """Remember that the account locked, and tell its owner; this mail cannot be switched off."""
    record(actor, Happened.LOCKED, person)
    emails.locked(person, actor)


@internal("Whoever is locked out has no token; browsers ask through the page.")
@action(right=PUBLIC, may_be_silent=True)
def ask_to_unlock(actor: Actor, *, email: str, by_text: bool = False) -> None:
    """Have a link (or a code by text message) sent, if the address has a locked account with a way to reach it.

    A job looks that up, so that the answer is the same for every address."""
    from kanton.accounts.access.tasks import send_unlock

    after_commit(send_unlock, email.strip()[:300], by_text)


@internal("The job behind ask_to_unlock.")
@action(right=SYSTEM)
def issue_unlock(actor: Actor, person: Person, *, by_text: bool) -> None:
    """Send the link to the recovery address, or the code to the phone (ACC-107)."""
    record(actor, Happened.UNLOCK_ASKED, person)
    if by_text and proven_phone(person) and sms_is_available():
        code = f"{random.randbelow(100_000_000):08d}"
        UnlockLink.issue(person, f"{person.pk}:{code}")
        send_sms(
            person.phone,
            "access/unlock",
            {"code": code},
            language=person.language,
            time_zone=person.time_zone,
            kind="security",
            secret=True,
        )
    elif not by_text and proven_recovery_email(person):
        emails.unlock_link(person, UnlockLink.issue(person))


@internal("The link in a mail leads to a page.")
@action(right=PUBLIC)
def unlock_by_link(actor: Actor, *, secret: str) -> None:
    """Unlock the account whose link this is; it works once."""
    _unlock(actor, UnlockLink.alive().filter(digest=token_hash(secret)))


@internal("The code of a text message is typed on a page.")
@action(right=PUBLIC)
def unlock_by_code(actor: Actor, *, email: str, code: str) -> None:
    """Unlock the account of this address by the code sent to its phone."""
    person = Person.objects.filter(email_key=address_key(email)).first()
    number = person.pk if person else 0
    digest = token_hash(f"{number}:{''.join(code.split())}")
    _unlock(actor, UnlockLink.alive().filter(person_id=number, digest=digest))


def unlock(actor: Actor, person: Person, *, by: str) -> None:
    """Within an action of whoever may: open the account again and tell its owner who did it (ACC-105)."""
    if not locking.is_locked(person):
        raise NotLocked
    locking.open_again(person)
    record(actor, Happened.UNLOCKED, person)
    emails.unlocked(person, by)


def _unlock(actor: Actor, links: Any) -> None:
    link = links.select_related("person").first()
    if link is None or not links.delete()[0]:
        raise UnlockGone
    locking.open_again(link.person)
    record(actor, Happened.UNLOCKED, link.person)
    emails.unlocked(link.person, link.person.display_name)


def sign_out(session: UserSession) -> None:
    """Within an action of whoever may: the browser notices with its next request."""
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    store().delete(session.session_key)
    session.delete()
