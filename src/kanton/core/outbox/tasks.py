"""The jobs that deliver messages and, in time, forget what they said."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from kanton.config import config
from kanton.core import clock
from kanton.core.jobs import give_up, periodic
from kanton.core.outbox.models import Mail, MailState, Message, Sms
from kanton.core.outbox.sms import gateway_called
from kanton.core.outbox.transports import Busy, Refused, transport_called

# With waits that double up to an hour, this is a good day.
TRIES = 36
KEEP_ROWS = timedelta(days=730)
CHUNK = 500


def mail_failed(mail_id: int, *, error: str) -> None:
    """Say in the outbox that nobody tries any more."""
    if mail := Mail.objects.filter(pk=mail_id).exclude(state=MailState.SENT).first():
        mail.failed(error)


def sms_failed(sms_id: int, *, error: str) -> None:
    """Say in the outbox that nobody tries any more."""
    if sms := Sms.objects.filter(pk=sms_id).exclude(state=MailState.SENT).first():
        sms.failed(error)


@task(priority=10, max_failures=TRIES, when_failed=mail_failed, time_limit=120)
def deliver_mail(mail_id: int) -> None:
    """Hand the mail to the configured transport. A repeat carries the same Message-ID."""
    mail = Mail.objects.get(pk=mail_id)
    if mail.state == MailState.SENT:
        return
    transport = transport_called(config.outbox.transport)
    try:
        transport.deliver(mail)
    except Refused as refusal:
        give_up(str(refusal))
    except Busy as busy:
        mail.waits(str(busy))
        raise
    mail.sent(transport.name)
    # A code that was delivered is nobody's business any more. In a folder people still have to find it.
    if mail.is_secret and transport.name != "folder":
        mail.forget()


@task(priority=20, max_failures=8, when_failed=sms_failed, time_limit=60)
def deliver_sms(sms_id: int) -> None:
    """Hand the message to the configured gateway, under a key that stays the same on a repeat."""
    sms = Sms.objects.get(pk=sms_id)
    if sms.state == MailState.SENT:
        return
    name = config.outbox.sms_gateway
    try:
        sms.reference = gateway_called(name).send(sms.to, sms.text, f"kanton-sms-{sms.pk}")[:120]
    except Refused as refusal:
        give_up(str(refusal))
    except Busy as busy:
        sms.waits(str(busy))
        raise
    sms.save(update_fields=["reference"])
    sms.sent(name)
    if sms.is_secret and name != "log":
        sms.forget()


@periodic("outbox-cleanup", at="04:20")
@task(priority=-50)
def forget_old_messages() -> int:
    """Erase the texts of messages after `outbox.keep_days`, and the rows after two years."""
    end = clock.now() - timedelta(days=config.outbox.keep_days)
    forgotten = 0
    models: tuple[type[Message], ...] = (Mail, Sms)
    for model in models:
        old = model._default_manager.filter(created_at__lt=end, is_erased=False)
        while chunk := list(old.exclude(state=MailState.WAITING).order_by("pk")[:CHUNK]):
            for message in chunk:
                message.forget()
            forgotten += len(chunk)
        model._default_manager.filter(created_at__lt=clock.now() - KEEP_ROWS).delete()
    return forgotten
