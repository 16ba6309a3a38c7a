"""Every change of a mailbox itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from kanton.core import clock
from kanton.core.action import action, after_commit, note_irreversible, record
from kanton.core.actor import Actor
from kanton.core.errors import Invalid
from kanton.core.parity import internal
from kanton.core.rights import STAFF, SYSTEM
from kanton.organizations.models import Grant
from kanton.products.mail.actions.common import publish_later, read_local_part, take, wish
from kanton.products.mail.actions.passwords import check_password, generate_password
from kanton.products.mail.activity import Happened
from kanton.products.mail.engine.credentials import hash_password
from kanton.products.mail.errors import (
    AllAddressesUsed,
    BadTarget,
    BulkRefused,
    LocalPartTaken,
    NameTakenMeanwhile,
    SomebodySignsIn,
)
from kanton.products.mail.models import AddressKind, Mailbox, MailboxLink, MailService
from kanton.products.mail.rights import MANAGE, PRODUCT

BULK_MAX = 500


@dataclass(frozen=True, slots=True)
class NewMailbox:
    """A new address, and its password if we made it up; it is shown once."""

    mailbox: Mailbox
    password: str


@action(right=MANAGE)
def create_mailbox(
    actor: Actor,
    mail: MailService,
    *,
    local_part: str,
    password: str = "",
    name: str = "",
    recovery_email: str = "",
    note: str = "",
    link_to_me: bool = False,
) -> NewMailbox:
    """Create an address with a place for its mail (MAIL-1). Without a password a strong one is made, shown once."""
    keep_within_offer(mail, 1)
    new = _new_mailbox(
        mail, local_part, password=password, name=name, recovery_email=recovery_email, note=note
    )
    record(actor, Happened.MAILBOX_CREATED, new.mailbox)
    if link_to_me and actor.person_id is not None:
        MailboxLink.objects.create(
            organization_id=mail.organization_id, mailbox=new.mailbox, person_id=actor.person_id
        )
        record(actor, Happened.MAILBOX_LINKED, new.mailbox)
    publish_later(mail)
    return new


@action(right=MANAGE)
def create_mailboxes(
    actor: Actor, mail: MailService, *, rows: Sequence[Mapping[str, str]]
) -> list[NewMailbox]:
    """Create many addresses at once, all or none (MAIL-8). Each row: local_part, and if wanted name, password and
    recovery_email."""
    if not rows:
        raise BulkRefused(lines=_("the table is empty"))
    if len(rows) > BULK_MAX:
        raise BulkRefused(lines=_("more than %(number)s at once") % {"number": BULK_MAX})
    _check_bulk(mail, rows)
    keep_within_offer(mail, len(rows))
    created = []
    for row in rows:
        new = _new_mailbox(
            mail,
            row["local_part"],
            password=row.get("password", ""),
            name=row.get("name", ""),
            recovery_email=row.get("recovery_email", ""),
        )
        record(actor, Happened.MAILBOX_CREATED, new.mailbox)
        created.append(new)
    publish_later(mail)
    return created


def _check_bulk(mail: MailService, rows: Sequence[Mapping[str, str]]) -> None:
    """Every wrong line, by number, before anything is created."""
    taken = set(mail.addresses.values_list("local_part", flat=True))
    wrong: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            local = read_local_part(row.get("local_part", ""))
            if local in taken:
                raise LocalPartTaken(address=f"{local}@{mail.main_domain}")
            taken.add(local)
            check_recovery(row.get("recovery_email", ""))
            if row.get("password"):
                check_password(row["password"], local)
        except (Invalid, LocalPartTaken) as error:
            wrong.append(_("line %(number)s: %(reason)s") % {"number": number, "reason": error.sentence})
    if wrong:
        raise BulkRefused(lines=" ".join(wrong[:50]))


def _new_mailbox(
    mail: MailService, local_part: str, *, password: str, name: str, recovery_email: str, note: str = ""
) -> NewMailbox:
    local = read_local_part(local_part)
    check_recovery(recovery_email)
    if password:
        check_password(password, local)
    generated = "" if password else generate_password()
    mailbox = Mailbox.objects.create(
        organization_id=mail.organization_id,
        mail=mail,
        local_part=local,
        address=f"{local}@{mail.main_domain}",
        name=name.strip(),
        note=note.strip(),
        recovery_email=recovery_email.strip(),
        password_hash=hash_password(password or generated),
        password_changed_at=clock.now(),
    )
    mailbox.store = f"{mail.main_domain}/{local}~{mailbox.pk}"
    mailbox.save(update_fields=["store"])
    take(mail, local, AddressKind.MAILBOX, mailbox=mailbox)
    return NewMailbox(mailbox, generated)


@action(right=MANAGE)
def edit_mailbox(
    actor: Actor,
    mailbox: Mailbox,
    *,
    name: str | None = None,
    note: str | None = None,
    recovery_email: str | None = None,
) -> Mailbox:
    """Change the name, the note or the recovery address of an address."""
    if recovery_email is not None:
        check_recovery(recovery_email)
        mailbox.recovery_email = recovery_email.strip()
    if name is not None:
        mailbox.name = name.strip()
    if note is not None:
        mailbox.note = note.strip()
    mailbox.save()
    record(actor, Happened.MAILBOX_EDITED, mailbox)
    return mailbox


@action(right=MANAGE)
def delete_mailbox(actor: Actor, mailbox: Mailbox, *, are_logins_confirmed: bool = False) -> Mailbox:
    """Delete an address. It can be brought back for thirty days with its mail; then it is gone.

    Accounts that sign in with it go on under recovery identifiers, which must be confirmed (ACC-60, ACC-64).
    """
    from kanton.products.mail import logins
    from kanton.products.mail.tasks import discard_mailbox

    people = logins.people_signing_in_with(mailbox)
    if people and not are_logins_confirmed:
        raise SomebodySignsIn(people=logins.names_of(people))
    logins.release(people, by=actor.label)
    mailbox.deleted_aliases = mailbox.aliases
    mailbox.deleted_at = clock.now()
    mailbox.save()
    mailbox.addresses.all().delete()
    Grant.objects.filter(
        organization=mailbox.organization_id, product=PRODUCT, resource=mailbox.resource
    ).delete()
    note_irreversible(
        _("Mail to %(address)s is refused from now on. After 30 days its messages are gone.")
        % {"address": mailbox}
    )
    record(actor, Happened.MAILBOX_DELETED, mailbox)
    publish_later(mailbox.mail)
    after_commit(discard_mailbox, mailbox.pk)
    return mailbox


@action(right=MANAGE)
def restore_mailbox(actor: Actor, mailbox: Mailbox) -> Mailbox:
    """Bring a deleted address back with its mail, password and aliases. Who could use it is invited anew."""
    keep_within_offer(mailbox.mail, 1)
    try:
        take(mailbox.mail, mailbox.local_part, AddressKind.MAILBOX, mailbox=mailbox)
    except LocalPartTaken as error:
        raise NameTakenMeanwhile(address=mailbox.shown) from error
    for alias in mailbox.deleted_aliases:
        if not mailbox.mail.addresses.filter(local_part=alias).exists():
            take(mailbox.mail, alias, AddressKind.ALIAS, mailbox=mailbox)
    mailbox.deleted_at = None
    mailbox.deleted_aliases = []
    wish(mailbox, _("Bringing the mail back"))
    record(actor, Happened.MAILBOX_RESTORED, mailbox)
    publish_later(mailbox.mail)
    return mailbox


@internal("Time does it, thirty days after the deletion.")
@action(right=SYSTEM)
def purge_mailbox(actor: Actor, mailbox: Mailbox) -> None:
    """Forget a deleted address and its mail for good."""
    from kanton.products.mail.tasks import purge_store

    store = mailbox.store
    record(actor, Happened.MAILBOX_PURGED, mailbox)
    mailbox.delete()
    if store:
        after_commit(purge_store, store)


@internal("The provider's staff does it, on a written request.")
@action(right=STAFF)
def change_sending_limit(actor: Actor, mailbox: Mailbox, *, limit: int | None, reason: str) -> Mailbox:
    """Another sending limit for one paid address, on a written and justified request (MAIL-40)."""
    mailbox.sending_limit = limit
    wish(mailbox, _("Publishing the sending limit"))
    record(actor, Happened.LIMIT_CHANGED, mailbox, limit=limit or mailbox.limit, reason=reason)
    publish_later(mailbox.mail)
    return mailbox


@internal("The engine's answer.")
@action(right=SYSTEM, may_be_silent=True)
def settle_mailbox(
    actor: Actor, mailbox: Mailbox, version: int, *, proved: bool, words: str = "", late: bool = False
) -> None:
    """Keep what the engine said about this version of the wish."""
    if proved:
        if mailbox.proved(version):
            record(actor, Happened.MAILBOX_READY, mailbox)
    elif late:
        if mailbox.failed(version, words, _("We keep trying. If it stays so, please contact support.")):
            record(actor, Happened.MAILBOX_STUCK, mailbox, reason=words)
    else:
        mailbox.waits(version, words)


def check_recovery(address: str) -> None:
    """Refuse what is no address."""
    if address.strip():
        try:
            validate_email(address.strip())
        except ValidationError:
            raise BadTarget(address=address, field="recovery_email") from None


def keep_within_offer(mail: MailService, more: int) -> None:
    """Refuse more addresses than the plan has."""
    # The row lock makes two creations at once count each other.
    MailService.objects.select_for_update().get(pk=mail.pk)
    limit = mail.mailbox_limit
    if limit is not None and Mailbox.objects.alive().filter(mail=mail).count() + more > limit:
        raise AllAddressesUsed(limit=limit)
