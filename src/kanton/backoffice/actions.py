"""What staff can change: the machinery, never what belongs to customers."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.module_loading import import_string

from kanton.backoffice.activity import Happened
from kanton.backoffice.errors import (
    CannotTryAgain,
    MailIsErased,
    MailIsOnItsWay,
    NothingToCancel,
    NothingToRetry,
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
def try_wish_again(actor: Actor, wish: Wish) -> Wish:
    """Have an engine asked once more for a change that it has not confirmed."""
    if wish.is_proved or not wish.reconcile_task:
        raise CannotTryAgain
    wish.wished()
    wish.save(update_fields=list(Wish.WISH_FIELDS))
    record(actor, Happened.WISH_TRIED_AGAIN, wish)
    after_commit(import_string(wish.reconcile_task), wish.pk)
    return wish
