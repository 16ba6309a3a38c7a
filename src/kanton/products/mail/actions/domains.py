"""Every change of the domains of a mail service."""

from __future__ import annotations

import secrets

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.products.domains.actions import link_records, unlink_records
from kanton.products.domains.errors import WouldReplace
from kanton.products.domains.models import Domain
from kanton.products.domains.rights import DNS_EDIT
from kanton.products.mail.actions.common import publish_later
from kanton.products.mail.activity import Happened
from kanton.products.mail.addresses import BadAddress, domain_in_ascii
from kanton.products.mail.dns_records import link_owner, wanted_records, zone_holding
from kanton.products.mail.errors import BadDomain, DomainTaken, MainDomainStays
from kanton.products.mail.models import MailDomain, MailService
from kanton.products.mail.rights import MANAGE


@action(right=MANAGE)
def link_domain(actor: Actor, mail: MailService, *, name: str, replace_records: bool = False) -> MailDomain:
    """Let every address exist under one more domain (MAIL-2). A domain held elsewhere is proved first (MAIL-4).

    Where its zone is with us, the records for mail are set; those that people entered are replaced only when told.
    """
    domain = add_domain(mail, name, is_main=not mail.domains.exists())
    link_in_zone(actor, domain, replace=replace_records)
    record(actor, Happened.DOMAIN_LINKED, mail, domain=domain.shown)
    publish_later(mail)
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
    publish_later(mail)


@action(right=MANAGE)
def check_domain(actor: Actor, domain: MailDomain) -> MailDomain:
    """Look again whether the domain is proved and its records are right (DOM-61)."""
    domain.wished(_("Checking the domain"))
    domain.save()
    record(actor, Happened.DOMAIN_CHECKED, domain)
    publish_later(domain.mail)
    return domain


def link_in_zone(actor: Actor, domain: MailDomain, *, replace: bool) -> None:
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


def add_domain(mail: MailService, name: str, *, is_main: bool) -> MailDomain:
    """One more domain of a service, with its key for signing."""
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
    publish_later(domain.mail)
    return domain


@internal("It follows from a new signing key.")
@action(right=SYSTEM, may_be_silent=True)
def add_key_record(actor: Actor, domain: MailDomain) -> None:
    """Put the record of the domain's own signing key into its zone, if that is with us."""
    link_in_zone(actor, domain, replace=False)
