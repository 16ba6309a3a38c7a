"""Every change of a mail service, its domains and its addresses."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kanton.accounts.models import Person, address_key
from kanton.core import clock
from kanton.core.action import action, after_commit, note_irreversible, record
from kanton.core.actor import Actor
from kanton.core.errors import Invalid
from kanton.core.parity import internal
from kanton.core.rights import STAFF, SYSTEM, Right
from kanton.organizations.actions import invite_member
from kanton.organizations.models import Grant, Invitation, Membership
from kanton.organizations.telling import tell_everybody
from kanton.products.domains.actions import link_records, unlink_records
from kanton.products.domains.errors import WouldReplace
from kanton.products.domains.models import Domain
from kanton.products.domains.rights import DNS_EDIT
from kanton.products.mail.activity import Happened
from kanton.products.mail.addresses import BadAddress, domain_in_ascii, own_local_part, parse_address
from kanton.products.mail.dns_records import link_owner, wanted_records, zone_holding
from kanton.products.mail.engine.credentials import hash_app_password, hash_password
from kanton.products.mail.engine.port import APP_PASSWORDS_MAX
from kanton.products.mail.errors import (
    AllAddressesUsed,
    BadDomain,
    BadLocalPart,
    BadTarget,
    BulkRefused,
    DomainTaken,
    InMaintenance,
    LocalPartTaken,
    MainDomainStays,
    NameTakenMeanwhile,
    NotAMember,
    RedirectCircle,
    SomebodySignsIn,
    TooManyAppPasswords,
    WeakPassword,
)
from kanton.products.mail.models import (
    Address,
    AddressKind,
    AppPassword,
    Mailbox,
    MailboxLink,
    MailDomain,
    MailService,
)
from kanton.products.mail.rights import MAILBOX_SEND, MAINTAIN, MANAGE, PASSWORD, PRODUCT, USE
from kanton.products.models import Service

PASSWORD_LENGTH = 18
# No letter or digit that is mistaken for another when it is read aloud or typed from paper.
_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
TARGETS_MAX = 50
BULK_MAX = 500


@dataclass(frozen=True, slots=True)
class NewMailbox:
    """A new address, and its password if we made it up; it is shown once."""

    mailbox: Mailbox
    password: str


@dataclass(frozen=True, slots=True)
class NewAppPassword:
    """A new device password, shown once."""

    app_password: AppPassword
    password: str


# The service


@internal("Set-up follows a paid order.")
@action(right=SYSTEM)
def set_up_mail_service(actor: Actor, service: Service) -> MailService:
    """The mail service behind a paid order line, with its main domain. Called twice, it returns the first one."""
    mail, is_new = MailService.objects.get_or_create(
        service=service, defaults={"organization_id": service.organization_id}
    )
    if is_new:
        name = str(service.options.get("domain") or service.options.get("name") or service.name)
        _link_in_zone(actor, _add_domain(mail, name, is_main=True), replace=False)
    record(actor, Happened.SERVICE_SET_UP, mail)
    _publish_later(mail)
    return mail


@internal("It follows the end of the contract.")
@action(right=SYSTEM)
def withdraw_mail_service(actor: Actor, mail: MailService) -> MailService:
    """Stop receiving and reading; the domains are free for another service."""
    from kanton.products.mail import logins
    from kanton.products.mail.tasks import withdraw_domains

    logins.release(logins.people_signing_in_at(mail), by=actor.label)
    names = list(mail.domains.values_list("name", flat=True))
    mail.withdrawn_at = clock.now()
    mail.save()
    mail.domains.all().delete()
    record(actor, Happened.SERVICE_WITHDRAWN, mail)
    after_commit(withdraw_domains, names)
    return mail


@action(right=MAINTAIN, may_be_silent=True)
def start_maintenance(actor: Actor, mail: MailService) -> MailService:
    """Refuse reading and sending for a while; mail still arrives (MAIL-96, MAIL-98). Everybody else here is told."""
    service = mail.service
    if service.maintenance_since is None:
        service.maintenance_since = clock.now()
        service.save(update_fields=["maintenance_since"])
        record(actor, Happened.MAINTENANCE_STARTED, mail)
        tell_everybody(actor, mail.organization, "mail/maintenance_started", {"service": service.name})
        _publish_later(mail)
    return mail


@action(right=MAINTAIN, may_be_silent=True)
def end_maintenance(actor: Actor, mail: MailService) -> MailService:
    """Allow reading and sending again, and tell everybody else."""
    service = mail.service
    if service.maintenance_since is not None:
        service.maintenance_since = None
        service.save(update_fields=["maintenance_since"])
        record(actor, Happened.MAINTENANCE_ENDED, mail)
        tell_everybody(actor, mail.organization, "mail/maintenance_ended", {"service": service.name})
        _publish_later(mail)
    return mail


# Domains


@action(right=MANAGE)
def link_domain(actor: Actor, mail: MailService, *, name: str, replace_records: bool = False) -> MailDomain:
    """Let every address exist under one more domain (MAIL-2). A domain held elsewhere is proved first (MAIL-4).

    Where its zone is with us, the records for mail are set; those that people entered are replaced only when told.
    """
    domain = _add_domain(mail, name, is_main=not mail.domains.exists())
    _link_in_zone(actor, domain, replace=replace_records)
    record(actor, Happened.DOMAIN_LINKED, mail, domain=domain.shown)
    _publish_later(mail)
    return domain


@action(right=MANAGE)
def unlink_domain(actor: Actor, domain: MailDomain) -> None:
    """Take an additional domain away. The main one stays with its service."""
    from kanton.products.mail.tasks import withdraw_domains

    if domain.is_main:
        raise MainDomainStays(domain=domain.shown)
    mail, name = domain.mail, domain.name
    zone = zone_holding(name)
    if zone is not None and zone.organization_id == mail.organization_id and actor.has_right(DNS_EDIT, zone):
        unlink_records(actor, zone, owner=f"{link_owner(mail.service_id)}:{domain.pk}")
    record(actor, Happened.DOMAIN_UNLINKED, mail, domain=domain.shown)
    domain.delete()
    after_commit(withdraw_domains, [name])
    _publish_later(mail)


@action(right=MANAGE)
def check_domain(actor: Actor, domain: MailDomain) -> MailDomain:
    """Look again whether the domain is proved and its records are right (DOM-61)."""
    domain.wished(_("Checking the domain"))
    domain.save()
    record(actor, Happened.DOMAIN_CHECKED, domain)
    _publish_later(domain.mail)
    return domain


def _link_in_zone(actor: Actor, domain: MailDomain, *, replace: bool) -> None:
    """Set the records in our zone, if there is one and the actor may. Otherwise the page tells which are missing."""
    zone = zone_holding(domain.name)
    if zone is None or zone.organization_id != domain.organization_id or not actor.has_right(DNS_EDIT, zone):
        return
    try:
        with transaction.atomic():
            link_records(
                actor,
                zone,
                owner=f"{link_owner(domain.mail.service_id)}:{domain.pk}",
                wanted=wanted_records(domain),
                replace=replace,
            )
    except WouldReplace:
        if (
            not actor.is_system
        ):  # at set-up nobody can be asked: what people entered stays, and the page tells
            raise


def _add_domain(mail: MailService, name: str, *, is_main: bool) -> MailDomain:
    try:
        ascii_name = domain_in_ascii(name)
    except BadAddress:
        raise BadDomain(domain=name) from None
    if "." not in ascii_name:
        raise BadDomain(domain=name)
    domain = MailDomain(
        organization_id=mail.organization_id,
        mail=mail,
        name=ascii_name,
        is_main=is_main,
        control_token=secrets.token_hex(16),
        controlled_at=clock.now() if is_held_by(mail.organization_id, ascii_name) else None,
    )
    try:
        with transaction.atomic():
            domain.save()
    except IntegrityError as error:
        raise DomainTaken(domain=domain.shown) from error
    return domain


def is_held_by(organization_id: int, name: str) -> bool:
    """Whether the organization holds the domain, or the one it is a part of, with us: then it need not prove it."""
    labels = name.split(".")
    candidates = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    return Domain.objects.held().filter(organization_id=organization_id, name__in=candidates).exists()


# Addresses


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
    _keep_within_offer(mail, 1)
    new = _new_mailbox(
        mail, local_part, password=password, name=name, recovery_email=recovery_email, note=note
    )
    record(actor, Happened.MAILBOX_CREATED, new.mailbox)
    if link_to_me and actor.person_id is not None:
        MailboxLink.objects.create(
            organization_id=mail.organization_id, mailbox=new.mailbox, person_id=actor.person_id
        )
        record(actor, Happened.MAILBOX_LINKED, new.mailbox)
    _publish_later(mail)
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
    _keep_within_offer(mail, len(rows))
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
    _publish_later(mail)
    return created


def _check_bulk(mail: MailService, rows: Sequence[Mapping[str, str]]) -> None:
    """Every wrong line, by number, before anything is created."""
    taken = set(mail.addresses.values_list("local_part", flat=True))
    wrong: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            local = _local_part(row.get("local_part", ""))
            if local in taken:
                raise LocalPartTaken(address=f"{local}@{mail.main_domain}")
            taken.add(local)
            _check_recovery(row.get("recovery_email", ""))
            if row.get("password"):
                check_password(row["password"], local)
        except (Invalid, LocalPartTaken) as error:
            wrong.append(_("line %(number)s: %(reason)s") % {"number": number, "reason": error.sentence})
    if wrong:
        raise BulkRefused(lines=" ".join(wrong[:50]))


def _new_mailbox(
    mail: MailService, local_part: str, *, password: str, name: str, recovery_email: str, note: str = ""
) -> NewMailbox:
    local = _local_part(local_part)
    _check_recovery(recovery_email)
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
    _take(mail, local, AddressKind.MAILBOX, mailbox=mailbox)
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
        _check_recovery(recovery_email)
        mailbox.recovery_email = recovery_email.strip()
    if name is not None:
        mailbox.name = name.strip()
    if note is not None:
        mailbox.note = note.strip()
    mailbox.save()
    record(actor, Happened.MAILBOX_EDITED, mailbox)
    return mailbox


@internal("A part of change_mailbox_password, which knows about unified passwords.")
@action(right=PASSWORD)
def set_mailbox_password(actor: Actor, mailbox: Mailbox, *, password: str) -> Mailbox:
    """Set a new password of the address (MAIL-17, MAIL-19). Old logins end within a minute."""
    check_password(password, mailbox.local_part)
    mailbox.password_hash = hash_password(password)
    mailbox.password_changed_at = clock.now()
    _wish(mailbox, _("Publishing the new password"))
    record(actor, Happened.PASSWORD_CHANGED, mailbox)
    _publish_later(mailbox.mail)
    return mailbox


@action(right=PASSWORD)
def create_app_password(actor: Actor, mailbox: Mailbox, *, label: str) -> NewAppPassword:
    """A password for one device, which can be revoked without changing the others."""
    if mailbox.app_passwords.count() >= APP_PASSWORDS_MAX:
        raise TooManyAppPasswords(limit=APP_PASSWORDS_MAX)
    password = generate_password(24)
    app_password = AppPassword.objects.create(
        organization_id=mailbox.organization_id,
        mailbox=mailbox,
        person_id=actor.person_id,
        label=label.strip()[:60] or _("Device"),
        digest=hash_app_password(password),
    )
    record(actor, Happened.APP_PASSWORD_CREATED, mailbox, label=app_password.label)
    _publish_later(mailbox.mail)
    return NewAppPassword(app_password, password)


@action(right=PASSWORD)
def revoke_app_password(actor: Actor, mailbox: Mailbox, *, app_password_id: int) -> None:
    """Let a device's password work no more."""
    app_password = mailbox.app_passwords.filter(pk=app_password_id).first()
    label = app_password.label if app_password else ""
    if app_password is not None:
        app_password.delete()
    record(actor, Happened.APP_PASSWORD_REVOKED, mailbox, label=label)
    _publish_later(mailbox.mail)


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
    _publish_later(mailbox.mail)
    after_commit(discard_mailbox, mailbox.pk)
    return mailbox


@action(right=MANAGE)
def restore_mailbox(actor: Actor, mailbox: Mailbox) -> Mailbox:
    """Bring a deleted address back with its mail, password and aliases. Who could use it is invited anew."""
    _keep_within_offer(mailbox.mail, 1)
    try:
        _take(mailbox.mail, mailbox.local_part, AddressKind.MAILBOX, mailbox=mailbox)
    except LocalPartTaken as error:
        raise NameTakenMeanwhile(address=mailbox.shown) from error
    for alias in mailbox.deleted_aliases:
        if not mailbox.mail.addresses.filter(local_part=alias).exists():
            _take(mailbox.mail, alias, AddressKind.ALIAS, mailbox=mailbox)
    mailbox.deleted_at = None
    mailbox.deleted_aliases = []
    _wish(mailbox, _("Bringing the mail back"))
    record(actor, Happened.MAILBOX_RESTORED, mailbox)
    _publish_later(mailbox.mail)
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


# Aliases and redirections


@action(right=MANAGE)
def set_aliases(actor: Actor, mailbox: Mailbox, *, aliases: Sequence[str]) -> Mailbox:
    """Replace the aliases of an address (MAIL-2)."""
    before = mailbox.aliases
    wanted = list(dict.fromkeys(_local_part(one, field="aliases") for one in aliases))
    mailbox.addresses.filter(kind=AddressKind.ALIAS).exclude(local_part__in=wanted).delete()
    for local in wanted:
        if local not in before:
            _take(mailbox.mail, local, AddressKind.ALIAS, mailbox=mailbox, field="aliases")
    _forget_prefetched(mailbox)
    _wish(mailbox, _("Publishing the aliases"))
    record(actor, Happened.ALIASES_CHANGED, mailbox, before=", ".join(before), after=", ".join(wanted))
    _publish_later(mailbox.mail)
    return mailbox


@action(right=MANAGE)
def add_alias(actor: Actor, mailbox: Mailbox, *, alias: str) -> Mailbox:
    """Let an address receive mail under one more name."""
    before = mailbox.aliases
    local = _local_part(alias, field="alias")
    _take(mailbox.mail, local, AddressKind.ALIAS, mailbox=mailbox, field="alias")
    _forget_prefetched(mailbox)
    _wish(mailbox, _("Publishing the aliases"))
    record(
        actor,
        Happened.ALIASES_CHANGED,
        mailbox,
        before=", ".join(before),
        after=", ".join(sorted([*before, local])),
    )
    _publish_later(mailbox.mail)
    return mailbox


@action(right=MANAGE)
def remove_alias(actor: Actor, mailbox: Mailbox, *, alias: str) -> Mailbox:
    """Take an alias away."""
    before = mailbox.aliases
    local = alias.strip().lower()
    mailbox.addresses.filter(kind=AddressKind.ALIAS, local_part=local).delete()
    _forget_prefetched(mailbox)
    _wish(mailbox, _("Publishing the aliases"))
    after = [one for one in before if one != local]
    record(actor, Happened.ALIASES_CHANGED, mailbox, before=", ".join(before), after=", ".join(after))
    _publish_later(mailbox.mail)
    return mailbox


@action(right=MANAGE)
def set_redirection(
    actor: Actor,
    mailbox: Mailbox,
    *,
    targets: Sequence[str],
    keeps_copy: bool = True,
    is_enabled: bool = True,
) -> Mailbox:
    """Redirect the mail of an address, with or without keeping a copy (MAIL-88). No targets: no redirection."""
    wanted = _targets(mailbox.mail, mailbox.local_part, targets)
    mailbox.redirect_to = wanted
    mailbox.keeps_copy = keeps_copy or not wanted
    mailbox.is_redirecting = bool(wanted) and is_enabled
    _wish(mailbox, _("Publishing the redirection"))
    if mailbox.is_redirecting:
        record(actor, Happened.REDIRECTION_SET, mailbox, targets=", ".join(wanted))
    else:
        record(actor, Happened.REDIRECTION_ENDED, mailbox)
    _publish_later(mailbox.mail)
    return mailbox


@action(right=MANAGE)
def create_redirect(actor: Actor, mail: MailService, *, local_part: str, targets: Sequence[str]) -> Address:
    """Create an address without a mailbox, only to redirect (MAIL-1, MAIL-10)."""
    local = _local_part(local_part)
    wanted = _targets(mail, local, targets)
    if not wanted:
        raise BadTarget(address="")
    address = _take(mail, local, AddressKind.REDIRECT, targets=wanted)
    record(actor, Happened.REDIRECT_CREATED, address, targets=", ".join(wanted))
    _publish_later(mail)
    return address


@action(right=MANAGE)
def change_redirect(actor: Actor, address: Address, *, targets: Sequence[str]) -> Address:
    """Replace where a redirect-only address leads."""
    wanted = _targets(address.mail, address.local_part, targets)
    if not wanted:
        raise BadTarget(address="")
    address.targets = wanted
    address.updated_at = clock.now()
    address.save()
    record(actor, Happened.REDIRECT_CHANGED, address, targets=", ".join(wanted))
    _publish_later(address.mail)
    return address


@action(right=MANAGE)
def delete_redirect(actor: Actor, address: Address) -> None:
    """Delete a redirect-only address; mail to it is refused."""
    record(actor, Happened.REDIRECT_DELETED, address)
    mail = address.mail
    address.delete()
    _publish_later(mail)


# Who may use an address


@action(right=MANAGE)
def give_access(
    actor: Actor,
    mailbox: Mailbox,
    *,
    membership: Membership,
    may_send: bool = True,
    may_change_password: bool = False,
) -> Membership:
    """Let a member read and send with one address, and nothing else of the service (MAIL-24, MAIL-25, MAIL-30)."""
    if membership.organization_id != mailbox.organization_id:
        raise NotAMember
    _grants_of(mailbox, membership).delete()
    for right in _rights(may_send, may_change_password):
        Grant.objects.create(
            organization_id=mailbox.organization_id,
            membership=membership,
            right=right.code,
            product=PRODUCT,
            service_id=mailbox.service_id,
            resource=mailbox.resource,
        )
    record(actor, Happened.ACCESS_GIVEN, mailbox, person=membership.person.display_name)
    return membership


@action(right=MANAGE)
def withdraw_access(actor: Actor, mailbox: Mailbox, *, membership: Membership) -> None:
    """End a member's use of one address, from their next click on."""
    if membership.organization_id != mailbox.organization_id:
        raise NotAMember
    _grants_of(mailbox, membership).delete()
    mailbox.links.filter(person_id=membership.person_id).delete()
    record(actor, Happened.ACCESS_WITHDRAWN, mailbox, person=membership.person.display_name)


@action(right=MANAGE)
def invite_to_mailbox(
    actor: Actor,
    mailbox: Mailbox,
    *,
    email: str,
    may_send: bool = True,
    may_change_password: bool = False,
) -> Invitation | Membership:
    """Invite somebody by their email address to use one address. Who belongs to the organization already is let in."""
    member = Membership.objects.filter(
        organization=mailbox.organization_id, person__email_key=address_key(email)
    ).first()
    if member is not None:
        return give_access(
            actor,
            mailbox,
            membership=member,
            may_send=may_send,
            may_change_password=may_change_password,
        )
    grants = [
        {"right": right.code, "service_id": mailbox.service_id, "resource": mailbox.resource}
        for right in _rights(may_send, may_change_password)
    ]
    invitation = invite_member(actor, mailbox.mail.organization, email=email, grants=grants)
    record(actor, Happened.ACCESS_OFFERED, mailbox, email=email)
    return invitation


def _rights(may_send: bool, may_change_password: bool) -> list[Right]:
    return [USE, *([MAILBOX_SEND] if may_send else []), *([PASSWORD] if may_change_password else [])]


@action(right=USE)
def link_mailbox(actor: Actor, mailbox: Mailbox) -> Mailbox:
    """Open an address in one's own webmail. The others see it in the activity."""
    if not mailbox.mail.is_readable:
        raise InMaintenance
    MailboxLink.objects.get_or_create(
        organization_id=mailbox.organization_id, mailbox=mailbox, person=_person(actor)
    )
    record(actor, Happened.MAILBOX_LINKED, mailbox)
    return mailbox


@action(right=USE)
def unlink_mailbox(actor: Actor, mailbox: Mailbox) -> None:
    """Take an address out of one's own webmail. Its mail stays."""
    mailbox.links.filter(person=_person(actor)).delete()
    record(actor, Happened.MAILBOX_UNLINKED, mailbox)


def _person(actor: Actor) -> Person:
    assert actor.person_id is not None
    return Person.objects.get(pk=actor.person_id)


# Staff and clockwork


@internal("The provider's staff does it, on a written request.")
@action(right=STAFF)
def change_sending_limit(actor: Actor, mailbox: Mailbox, *, limit: int | None, reason: str) -> Mailbox:
    """Another sending limit for one paid address, on a written and justified request (MAIL-40)."""
    mailbox.sending_limit = limit
    _wish(mailbox, _("Publishing the sending limit"))
    record(actor, Happened.LIMIT_CHANGED, mailbox, limit=limit or mailbox.limit, reason=reason)
    _publish_later(mailbox.mail)
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


@internal("The engine's answer.")
@action(right=SYSTEM, may_be_silent=True)
def settle_domain(
    actor: Actor, domain: MailDomain, version: int, *, proved: bool, words: str = "", remedy: str = ""
) -> None:
    """Keep what the engine, or the domain's name servers, said about this version of the wish."""
    if proved:
        if domain.proved(version):
            record(actor, Happened.DOMAIN_READY, domain)
    elif remedy:
        was_failed = domain.wish_state == "failed"
        if domain.failed(version, words, remedy) and not was_failed:
            record(actor, Happened.DOMAIN_STUCK, domain, reason=words)
    else:
        domain.waits(version, words)


@internal("The domain's own name servers said so.")
@action(right=SYSTEM)
def note_control(actor: Actor, domain: MailDomain) -> MailDomain:
    """The organization has proved that it controls the domain: from now on mail is taken for it."""
    domain.controlled_at = clock.now()
    domain.save(update_fields=["controlled_at"])
    record(actor, Happened.DOMAIN_CHECKED, domain)
    _publish_later(domain.mail)
    return domain


@internal("It follows from a new signing key.")
@action(right=SYSTEM, may_be_silent=True)
def add_key_record(actor: Actor, domain: MailDomain) -> None:
    """Put the record of the domain's own signing key into its zone, if that is with us."""
    _link_in_zone(actor, domain, replace=False)


# What all of them need


def generate_password(length: int = PASSWORD_LENGTH) -> str:
    """A random password that can be read aloud: 18 characters hold 104 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _local_part(text: str, *, field: str = "local_part") -> str:
    try:
        return own_local_part(text)
    except BadAddress:
        raise BadLocalPart(local=text[:80], field=field) from None


def _check_recovery(address: str) -> None:
    if address.strip():
        try:
            validate_email(address.strip())
        except ValidationError:
            raise BadTarget(address=address, field="recovery_email") from None


def check_password(password: str, local_part: str) -> None:
    """Raises WeakPassword with every rule that a new password of an address breaks."""
    reasons: list[str] = []
    if len(password) > 128:
        reasons.append(_("The password may have at most %(limit)s characters.") % {"limit": 128})
    if any(ord(one) < 32 for one in password):
        reasons.append(_("The password may not hold control characters."))
    if len(local_part) > 3 and local_part in password.lower():
        reasons.append(_("The password must not contain the address."))
    try:
        validate_password(password[:512])
    except ValidationError as error:
        reasons += [str(message) for message in error.messages]
    if reasons:
        raise WeakPassword(reasons=" ".join(reasons))


def _keep_within_offer(mail: MailService, more: int) -> None:
    # The row lock makes two creations at once count each other.
    MailService.objects.select_for_update().get(pk=mail.pk)
    limit = mail.mailbox_limit
    if limit is not None and Mailbox.objects.alive().filter(mail=mail).count() + more > limit:
        raise AllAddressesUsed(limit=limit)


def _take(
    mail: MailService,
    local: str,
    kind: AddressKind,
    *,
    mailbox: Mailbox | None = None,
    targets: Sequence[str] = (),
    field: str = "local_part",
) -> Address:
    try:
        with transaction.atomic():
            return Address.objects.create(
                organization_id=mail.organization_id,
                mail=mail,
                local_part=local,
                kind=kind,
                mailbox=mailbox,
                targets=list(targets),
            )
    except IntegrityError as error:
        raise LocalPartTaken(address=f"{local}@{mail.main_domain}", field=field) from error


def _targets(mail: MailService, local: str, targets: Sequence[str]) -> list[str]:
    """The targets in normal form. A chain that returns to itself is refused (MAIL-9)."""
    wanted: list[str] = []
    for text in targets:
        if not text.strip():
            continue
        try:
            address = parse_address(text)
        except BadAddress:
            raise BadTarget(address=text.strip()[:120]) from None
        wanted.append(str(address))
    wanted = list(dict.fromkeys(wanted))[: TARGETS_MAX + 1]
    if len(wanted) > TARGETS_MAX:
        raise BadTarget(address=_("more than %(number)s addresses") % {"number": TARGETS_MAX})
    _refuse_circle(mail, local, wanted)
    return wanted


def _refuse_circle(mail: MailService, local: str, wanted: Sequence[str]) -> None:
    names = set(mail.domains.values_list("name", flat=True))
    rows: dict[str, tuple[str, list[Any]]] = {}
    for address in mail.addresses.select_related("mailbox"):
        if address.kind == AddressKind.REDIRECT:
            rows[address.local_part] = (address.local_part, address.targets)
        elif address.mailbox is not None:
            box = address.mailbox
            rows[address.local_part] = (box.local_part, box.redirect_to if box.is_redirecting else [])

    def ours(target: str) -> str | None:
        one, _at, domain = target.rpartition("@")
        if domain.lower() not in names:
            return None
        known = rows.get(one.lower())
        return known[0] if known else one.lower()

    def follow(here: str, chain: tuple[str, ...]) -> None:
        if here == local:
            raise RedirectCircle(chain=" → ".join((*chain, here)))
        if here in chain:
            return
        for target in rows.get(here, ("", []))[1]:
            if (step := ours(str(target))) is not None:
                follow(step, (*chain, here))

    for target in wanted:
        if (step := ours(target)) is not None:
            follow(step, (local,))


def _grants_of(mailbox: Mailbox, membership: Membership) -> Any:
    return Grant.objects.filter(
        membership=membership, product=PRODUCT, service_id=mailbox.service_id, resource=mailbox.resource
    )


def _forget_prefetched(mailbox: Mailbox) -> None:
    getattr(mailbox, "_prefetched_objects_cache", {}).pop("addresses", None)


def _wish(mailbox: Mailbox, reason: str) -> None:
    mailbox.wished(reason)
    mailbox.save()


def _publish_later(mail: MailService) -> None:
    from kanton.products.mail.tasks import publish_mail

    after_commit(publish_mail, mail.pk, unique_key=f"publish-mail:{mail.pk}")
