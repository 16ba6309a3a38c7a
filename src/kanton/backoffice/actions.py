"""What staff can change: the machinery, and who is signed in; never what belongs to customers."""

from __future__ import annotations

from collections.abc import Sequence

from allauth.usersessions.models import UserSession
from django.utils.module_loading import import_string

from kanton.accounts.access.actions import sign_out
from kanton.accounts.browsers import browser_of
from kanton.accounts.models import Person
from kanton.backoffice import emails
from kanton.backoffice.activity import Happened
from kanton.backoffice.errors import (
    CannotTryAgain,
    MailIsErased,
    MailIsOnItsWay,
    NothingToCancel,
    NothingToRetry,
    NotSignedIn,
    ReasonMissing,
)
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.jobs.models import Job
from kanton.core.outbox.models import Mail, MailState
from kanton.core.outbox.tasks import deliver_mail
from kanton.core.rights import STAFF
from kanton.core.wish import Wish


@action(right=STAFF)
def retry_jobs(actor: Actor, jobs: Sequence[Job]) -> list[Job]:
    """Run failed, cancelled or waiting jobs again from now, with all their tries. Returns those that will."""
    done = [job for job in jobs if job.retry()]
    if not done:
        raise NothingToRetry
    for job in done:
        record(actor, Happened.JOB_RETRIED, job, task=job.short_name)
    return done


@action(right=STAFF)
def cancel_jobs(actor: Actor, jobs: Sequence[Job]) -> list[Job]:
    """Take waiting jobs out of the queue. Returns those that were."""
    done = [job for job in jobs if job.cancel()]
    if not done:
        raise NothingToCancel
    for job in done:
        record(actor, Happened.JOB_CANCELLED, job, task=job.short_name)
    return done


@action(right=STAFF)
def send_mail_again(actor: Actor, mail: Mail) -> Mail:
    """Deliver a mail once more, under its old Message-ID, so that a reader who has it sees one mail."""
    if mail.is_erased:
        raise MailIsErased
    if mail.state == MailState.WAITING:
        raise MailIsOnItsWay
    mail.state, mail.reason = MailState.WAITING, ""
    mail.save(update_fields=["state", "reason"])
    record(actor, Happened.MAIL_SENT_AGAIN, mail, to=mail.to)
    after_commit(deliver_mail, mail.pk)
    return mail


@action(right=STAFF)
def end_session_of(actor: Actor, session: UserSession, *, reason: str) -> None:
    """Sign one browser of somebody out. The person is told why, and reads it in the account's activity.

    Raises ReasonMissing."""
    browser = str(browser_of(session.user_agent))
    person = _told(session.user, [browser], reason)
    record(actor, Happened.SESSION_ENDED, person, browser=browser, reason=_short(reason))
    sign_out(session)


@action(right=STAFF)
def end_sessions_of(actor: Actor, person: Person, *, reason: str) -> int:
    """Sign somebody out everywhere, which is less than a block: whoever knows password and second factor comes in
    again. Tokens and app passwords stay. Returns how many sessions ended.

    Raises ReasonMissing, NotSignedIn.
    """
    sessions = list(UserSession.objects.select_for_update(of=("self",)).filter(user=person).order_by("-pk"))
    if not sessions:
        raise NotSignedIn
    _told(person, [str(browser_of(session.user_agent)) for session in sessions], reason)
    record(actor, Happened.SESSIONS_ENDED, person, reason=_short(reason), count=len(sessions))
    for session in sessions:
        sign_out(session)
    return len(sessions)


def _told(person: Person, browsers: Sequence[str], reason: str) -> Person:
    if not _short(reason):
        raise ReasonMissing
    emails.sessions_ended(person, browsers, _short(reason))
    return person


def _short(reason: str) -> str:
    return reason.strip()[:500]


@action(right=STAFF)
def try_wish_again(actor: Actor, wish: Wish) -> Wish:
    """Have an engine asked once more for a change that it has not confirmed."""
    if wish.is_proved or not wish.reconcile_task:
        raise CannotTryAgain
    wish.wished()
    wish.save(update_fields=list(Wish.WISH_FIELDS))
    record(actor, Happened.WISH_TRIED_AGAIN, wish)
    after_commit(import_string(wish.reconcile_task), wish.pk)
    return wish
