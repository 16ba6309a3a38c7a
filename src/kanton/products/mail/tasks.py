"""The jobs that bring the engine to what is wanted, and ask it for the proof."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _
from django_tasks import task

from kanton.accounts.apppasswords.queries import note_uses
from kanton.core import clock, jobs
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.products.mail.actions import (
    add_key_record,
    is_held_by,
    note_control,
    purge_mailbox,
    settle_domain,
    settle_mailbox,
)
from kanton.products.mail.dns_records import control_text, signing_key, text_records
from kanton.products.mail.engine.configured import engine_settings, mail_engine
from kanton.products.mail.engine.journal import Journal
from kanton.products.mail.engine.uses import Uses
from kanton.products.mail.models import (
    RESTORABLE_DAYS,
    JournalEntry,
    JournalPosition,
    Mailbox,
    MailDomain,
    MailService,
)
from kanton.products.mail.queries import JOURNAL_DAYS, bring_in_journal
from kanton.products.mail.states import domain_states

LATE_SECONDS = 300
PROOF_WAITS = (1, 2, 5, 10, 20, 60)
BOT = System("mail")


@task()
def publish_mail(mail_id: int) -> None:
    """Publish a service's domains and ask the running servers whether they work. Comes back until all is proved."""
    mail = MailService.objects.select_related("service", "organization").filter(pk=mail_id).first()
    if mail is None or mail.withdrawn_at is not None:
        return
    for domain in mail.domains.filter(controlled_at=None):
        _look_for_control(domain)
    for domain in mail.domains.all():
        _give_key(domain)
    mailboxes = list(Mailbox.objects.alive().filter(mail=mail).exclude(wish_state="done"))
    wanted = {box.pk: box.wish_version for box in mailboxes}
    engine = mail_engine()
    for box in mailboxes:
        engine.restore_mailbox(str(box.store))
    for state in reversed(domain_states(mail)):
        engine.publish_domain(state)
    waiting = [not _prove_domain(domain) for domain in mail.domains.exclude(wish_state="done")]
    waiting += [not _prove_mailbox(box, wanted[box.pk]) for box in mailboxes]
    if any(waiting):
        oldest = max([box.wish_age_seconds for box in mailboxes] + [_age(mail)])
        wait = next((one for one in PROOF_WAITS if oldest < 4 * one), 300)
        jobs.retry_in(wait, "not everything is proved yet")


def _give_key(domain: MailDomain) -> None:
    """A domain whose zone is elsewhere gets a key of its own. Made here, because it takes a tenth of a second."""
    if signing_key(domain) is None:
        key = mail_engine().new_dkim_key("kanton" + clock.today().strftime("%Y%m"))
        MailDomain.objects.filter(pk=domain.pk, dkim_selector="").update(
            dkim_selector=key.selector, dkim_private=key.private_pem, dkim_record=key.record
        )
        domain.refresh_from_db()
        add_key_record(BOT, domain)


def _age(mail: MailService) -> int:
    return max([one.wish_age_seconds for one in mail.domains.exclude(wish_state="done")], default=0)


def _prove_domain(domain: MailDomain) -> bool:
    version = domain.wish_version
    if not domain.is_controlled:
        settle_domain(
            BOT,
            domain,
            version,
            proved=False,
            words=_("We do not know yet that you control this domain."),
            remedy=_(
                "Add the TXT record shown here where the zone of the domain is kept; we look again by ourselves."
            ),
        )
        return False
    proof = mail_engine().probe_domain(domain.name)
    settle_domain(BOT, domain, version, proved=proof.confirmed, words=proof.words)
    return proof.confirmed


def _prove_mailbox(box: Mailbox, version: int) -> bool:
    main = box.mail.domains.filter(is_main=True).first()
    if main is None or not main.is_controlled:
        settle_mailbox(
            BOT, box, version, proved=False, words=_("The domain of this address is not proved yet.")
        )
        return False
    proof = mail_engine().probe_mailbox(box.address)
    late = box.wish_age_seconds > LATE_SECONDS
    settle_mailbox(BOT, box, version, proved=proof.confirmed, words=proof.words, late=late)
    return proof.confirmed


def _look_for_control(domain: MailDomain) -> bool:
    """A TXT record with the token, or the domain in the organization's own hands with us (DOM-48, DOM-59)."""
    held = is_held_by(domain.organization_id, domain.name)
    if held or control_text(domain) in text_records(domain.name):
        note_control(BOT, domain)
        return True
    return False


@task()
def withdraw_domains(names: list[str]) -> None:
    """Take domains away from the engine, unless they came back in the meantime."""
    back = set(MailDomain.objects.filter(name__in=names).values_list("name", flat=True))
    for name in names:
        if name not in back:
            mail_engine().withdraw_domain(name)


@task()
def discard_mailbox(mailbox_id: int) -> None:
    """Move a deleted mailbox's content aside, unless it came back in the meantime."""
    box = Mailbox.objects.filter(pk=mailbox_id, deleted_at__isnull=False).first()
    if box is not None and box.store:
        mail_engine().discard_mailbox(box.store)


@task()
def purge_store(store: str) -> None:
    """Delete a mailbox's content for good."""
    mail_engine().discard_mailbox(store)
    mail_engine().purge_mailbox(store)


@periodic("mail: bring in the journal", every=dt.timedelta(minutes=5))
@task()
def keep_journal() -> None:
    """Bring in what the mail processes noted, and forget what is older than thirty days."""
    bring_in_journal()
    oldest = clock.now() - dt.timedelta(days=JOURNAL_DAYS)
    JournalEntry.objects.filter(at__lt=oldest).delete()
    JournalPosition.objects.filter(day__lt=oldest.date() - dt.timedelta(days=2)).delete()
    Journal(engine_settings().journal).forget_old(clock.now().date())


@periodic("mail: bring in the uses of app passwords", every=dt.timedelta(minutes=5))
@task()
def bring_in_uses() -> None:
    """Keep when app passwords were last used, as the mail processes noted it."""
    uses = Uses(engine_settings().mail)
    if taken := uses.take():
        note_uses({mark: dt.datetime.fromtimestamp(second, dt.UTC) for mark, second in taken.items()})
    uses.told()


@periodic("mail: purge deleted addresses", at="03:40")
@task()
def purge_deleted() -> None:
    """Purge addresses that were deleted thirty days ago."""
    limit = clock.now() - dt.timedelta(days=RESTORABLE_DAYS)
    for box in Mailbox.objects.filter(deleted_at__lt=limit).select_related("mail__service"):
        purge_mailbox(BOT, box)


@periodic("mail: measure mailboxes", every=dt.timedelta(hours=1))
@task()
def measure_mailboxes() -> None:
    """Write down how much room each mailbox takes."""
    engine = mail_engine()
    for box in Mailbox.objects.alive().only("pk", "store").iterator():
        if box.store:
            Mailbox.objects.filter(pk=box.pk).update(
                storage_bytes=engine.storage_bytes(box.store), storage_checked_at=clock.now()
            )
