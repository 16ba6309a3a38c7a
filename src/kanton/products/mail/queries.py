"""Reads that are more than one line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Prefetch, Q, QuerySet

from kanton.accounts.queries import has_second_factor
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Grant, Invitation, Membership, Organization
from kanton.organizations.resolver import gives, held_by
from kanton.products.mail.engine.configured import engine_settings, mail_engine
from kanton.products.mail.engine.journal import Entry, Journal
from kanton.products.mail.limits import Allowance
from kanton.products.mail.models import (
    Address,
    AddressKind,
    JournalEntry,
    JournalPosition,
    Mailbox,
    MailboxLink,
    MailDomain,
    MailService,
    granted_mailbox_ids,
)
from kanton.products.mail.rights import MAILBOX_SEND, MANAGE, PASSWORD, PRODUCT, USE

JOURNAL_DAYS = 30


def _with_domains(services: QuerySet[MailService]) -> QuerySet[MailService]:
    return services.select_related("service", "organization").prefetch_related("domains")


def mail_services_of(actor: Actor, organization: Organization) -> QuerySet[MailService]:
    """The organization's mail services that the actor may use, by name, with the number of their addresses."""
    found = _with_domains(MailService.objects.visible_to(actor, organization))
    count = Count("mailboxes", filter=Q(mailboxes__deleted_at=None))
    return found.annotate(mailbox_count=count).order_by("service__name")


def mail_services_visible_to(actor: Actor) -> QuerySet[MailService]:
    """The mail services of all the actor's organizations."""
    return _with_domains(MailService.objects.visible_anywhere(actor)).order_by("service__name")


def mail_service_for(actor: Actor, organization: Organization, service_id: int) -> MailService:
    """One mail service by the number of its service, or NotFound."""
    return get_or_not_found(
        _with_domains(MailService.objects.visible_to(actor, organization)), service_id=service_id
    )


def mail_service_by_id(actor: Actor, service_id: int) -> MailService:
    """One mail service in any of the actor's organizations, or NotFound."""
    return get_or_not_found(mail_services_visible_to(actor), service_id=service_id)


def _with_mail(mailboxes: QuerySet[Mailbox]) -> QuerySet[Mailbox]:
    return mailboxes.select_related("mail__service", "mail__organization").prefetch_related(
        "mail__domains", "addresses"
    )


def mailboxes_of(actor: Actor, mail: MailService) -> QuerySet[Mailbox]:
    """The addresses of a service that the actor may use, by name."""
    return _with_mail(Mailbox.objects.alive().visible_to(actor, mail)).order_by("local_part")


def mailbox_for(actor: Actor, mail: MailService, local_part: str) -> Mailbox:
    """One address by its local part, or NotFound. The address itself is taken too."""
    local = local_part.partition("@")[0].lower()
    return get_or_not_found(mailboxes_of(actor, mail), local_part=local)


def deleted_mailboxes_of(actor: Actor, mail: MailService) -> QuerySet[Mailbox]:
    """Deleted addresses that can still be brought back, newest first; for those who manage the service."""
    if not actor.has_right(MANAGE, mail.service):
        return Mailbox.objects.none()
    return _with_mail(Mailbox.objects.filter(mail=mail, deleted_at__isnull=False)).order_by("-deleted_at")


def deleted_mailbox_for(actor: Actor, mail: MailService, mailbox_id: int) -> Mailbox:
    """One deleted address, or NotFound."""
    return get_or_not_found(deleted_mailboxes_of(actor, mail), pk=mailbox_id)


def redirects_of(actor: Actor, mail: MailService) -> QuerySet[Address]:
    """The redirect-only addresses of a service, for those who may manage it."""
    if not actor.has_right(MANAGE, mail.service):
        return Address.objects.none()
    found = mail.addresses.filter(kind=AddressKind.REDIRECT).select_related("mail__service")
    return found.prefetch_related("mail__domains").order_by("local_part")


def redirect_for(actor: Actor, mail: MailService, redirect_id: int) -> Address:
    """One redirect-only address, or NotFound."""
    return get_or_not_found(redirects_of(actor, mail), pk=redirect_id)


def domains_of(actor: Actor, mail: MailService) -> QuerySet[MailDomain]:
    """The domains of a service, the main one first."""
    return mail.domains.select_related("mail__service").order_by("-is_main", "name")


def mail_domain_for(actor: Actor, mail: MailService, name: str) -> MailDomain:
    """One domain of a service, or NotFound."""
    return get_or_not_found(domains_of(actor, mail), name=name.lower())


# The web app


def usable_mailboxes(actor: Actor) -> list[Mailbox]:
    """What the actor may open in the web app, by address."""
    return list(Mailbox.objects.readable_by(actor).order_by("address"))


# People


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may use a mailbox, and what for."""

    membership: Membership
    may_send: bool
    may_change_password: bool
    is_by_role: bool


def users_by_mailbox(mailboxes: Sequence[Mailbox]) -> dict[int, list[User]]:
    """Who may open each mailbox: to whom it was granted, themselves or by a team; and who has linked it, as long as
    their role or a grant of the whole service lets them. Four queries, whatever their number.
    """
    if not mailboxes:
        return {}
    organization_id = mailboxes[0].organization_id
    alone, wholly = _rights_on(mailboxes, organization_id)
    links: dict[int, set[int]] = {}
    for mailbox_id, person_id in MailboxLink.objects.filter(
        mailbox__in=[box.pk for box in mailboxes]
    ).values_list("mailbox_id", "person_id"):
        links.setdefault(mailbox_id, set()).add(person_id)
    wanted = Q(pk__in={member for one in alone.values() for member in one})
    wanted |= Q(person__in={person for one in links.values() for person in one})
    members = Membership.objects.filter(organization=organization_id, suspended_at=None).filter(wanted)
    found: dict[int, list[User]] = {box.pk: [] for box in mailboxes}
    members = members.annotate(has_second_factor=has_second_factor("person_id"))
    for member in members.select_related("person").order_by("person__email"):
        by_role = member.role in USE.roles
        for box in mailboxes:
            single = alone[box.pk].get(member.pk, set())
            rights = single | wholly[box.service_id].get(member.pk, set())
            is_granted = any(gives(right, USE) for right in single)
            is_linked = member.person_id in links.get(box.pk, ())
            if is_granted or (is_linked and (by_role or any(gives(right, USE) for right in rights))):
                found[box.pk].append(
                    User(
                        member,
                        may_send=by_role or any(gives(right, MAILBOX_SEND) for right in rights),
                        may_change_password=by_role or any(gives(right, PASSWORD) for right in rights),
                        is_by_role=by_role,
                    )
                )
    return found


ByMember = dict[int, set[str]]


def _rights_on(
    mailboxes: Sequence[Mailbox], organization_id: int
) -> tuple[dict[int, ByMember], dict[int, ByMember]]:
    """The rights of members on each mailbox alone, and on each service as a whole; what their teams have included."""
    services = {box.service_id for box in mailboxes}
    boxes = {(box.service_id, box.resource): box.pk for box in mailboxes}
    alone: dict[int, ByMember] = {box.pk: {} for box in mailboxes}
    wholly: dict[int, ByMember] = {service: {} for service in services}
    grants = Grant.objects.filter(
        Q(resource__in=[box.resource for box in mailboxes]) | Q(resource=""),
        Q(service_id__in=services) | Q(service_id=None),
        organization=organization_id,
        product=PRODUCT,
    )
    direct = grants.filter(membership__organization=organization_id)
    by_team = grants.filter(
        team__organization=organization_id, team__team_members__membership__organization=organization_id
    )
    member_of_team = "team__team_members__membership"
    for holder, given in (("membership", direct), (member_of_team, by_team)):
        for member, right, service, resource in given.values_list(holder, "right", "service_id", "resource"):
            if resource:
                places = [alone[boxes[service, resource]]] if (service, resource) in boxes else []
            else:
                places = [wholly[service]] if service is not None else list(wholly.values())
            for place in places:
                place.setdefault(member, set()).add(right)
    return alone, wholly


def users_of(mailbox: Mailbox) -> list[User]:
    """Who may open one mailbox."""
    return users_by_mailbox([mailbox])[mailbox.pk]


def invitations_to(mailbox: Mailbox) -> list[Invitation]:
    """Open invitations to the organization that bring this mailbox along."""
    found = Invitation.objects.filter(organization=mailbox.organization_id, accepted_at=None, revoked_at=None)
    return [
        one for one in found if one.is_open and any(g.get("resource") == mailbox.resource for g in one.grants)
    ]


def people_to_invite(actor: Actor, mailbox: Mailbox) -> list[Membership]:
    """Members who cannot use the mailbox yet and could be let in directly."""
    have = {user.membership.pk for user in users_of(mailbox)}
    members = Membership.objects.filter(organization=mailbox.organization_id, suspended_at=None)
    return [
        one
        for one in members.select_related("person").order_by("person__last_name", "person__email")
        if one.pk not in have and one.role not in USE.roles
    ]


def is_linked(actor: Actor, mailbox: Mailbox) -> bool:
    """Whether the actor has the mailbox in their web app."""
    if actor.person_id is None:
        return False
    if mailbox.pk in granted_mailbox_ids(actor, mailbox.organization_id, mailbox.service_id):
        return True
    return mailbox.links.filter(person_id=actor.person_id).exists() and bool(
        held_by(actor, mailbox.organization_id)
    )


# The engine's figures


def allowance_of(mailbox: Mailbox) -> Allowance:
    """How much of the 24-hour limit is used (MAIL-44)."""
    return mail_engine().allowance(mailbox.address, mailbox.limit)


def storage_of(mailbox: Mailbox) -> int:
    """The bytes a mailbox holds at this moment (MAIL-50)."""
    return mail_engine().storage_bytes(mailbox.store) if mailbox.store else 0


# The journal


def journal_of(actor: Actor, mail: MailService) -> QuerySet[JournalEntry]:
    """The service's messages of thirty days, newest first; for an address, to those who may use it (MAIL-100)."""
    bring_in_journal()
    found = JournalEntry.objects.filter(mail=mail).select_related("mailbox").order_by("-at", "-pk")
    if actor.has_right(MANAGE, mail.service):
        return found
    return found.filter(mailbox__in=Mailbox.objects.visible_to(actor, mail))


def journal_of_mailbox(actor: Actor, mailbox: Mailbox) -> QuerySet[JournalEntry]:
    """The messages of one address, newest first."""
    return journal_of(actor, mailbox.mail).filter(mailbox=mailbox)


def bring_in_journal() -> int:
    """Read what the mail processes have noted since the last time; how many lines. Running twice adds nothing."""
    journal = Journal(engine_settings().journal)
    oldest = clock.now().date() - dt.timedelta(days=JOURNAL_DAYS)
    known = {one.day.isoformat(): one.position for one in JournalPosition.objects.all()}
    added = 0
    for day in journal.days():
        if dt.date.fromisoformat(day) < oldest:
            continue
        if journal.size(day) > known.get(day, 0):
            added += _bring_in_day(journal, day)
    return added


def _bring_in_day(journal: Journal, day: str) -> int:
    with transaction.atomic():
        position, _ = JournalPosition.objects.select_for_update().get_or_create(day=day)
        lines = list(journal.read(day, position.position))
        if not lines:
            return 0
        rows = _rows(day, lines)
        JournalEntry.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
        position.position = lines[-1][0]
        position.save()
        return len(rows)


def _rows(day: str, lines: Sequence[tuple[int, Entry]]) -> list[JournalEntry]:
    locals_by_domain: dict[str, set[str]] = {}
    for _offset, entry in lines:
        local, _, domain = entry.local.partition("@")
        locals_by_domain.setdefault(domain, set()).add(local)
    domains = {
        one.name: one.mail
        for one in MailDomain.objects.filter(name__in=locals_by_domain).select_related("mail__service")
    }
    addresses = Address.objects.filter(mail__in={mail.pk for mail in domains.values()})
    boxes = {(one.mail_id, one.local_part): one.mailbox_id for one in addresses}
    rows = []
    for offset, entry in lines:
        local, _, domain = entry.local.partition("@")
        mail = domains.get(domain)
        if mail is not None:
            rows.append(
                JournalEntry(
                    organization_id=mail.organization_id,
                    mail=mail,
                    mailbox_id=boxes.get((mail.pk, local)),
                    at=dt.datetime.fromtimestamp(entry.at, tz=dt.UTC),
                    way=entry.way.value,
                    sender=entry.sender[:320],
                    recipient=entry.recipient[:320],
                    size=entry.size,
                    result=entry.result.value,
                    words=entry.words[:300],
                    message=entry.message[:80],
                    day=day,
                    position=offset,
                )
            )
    return rows


def mailboxes_with_everything(mail: MailService) -> QuerySet[Mailbox]:
    """The living mailboxes of a service with what publishing needs. Three queries, whatever their number."""
    return (
        Mailbox.objects.alive()
        .filter(mail=mail)
        .select_related("mail__service")
        .prefetch_related(Prefetch("addresses", Address.objects.order_by("local_part")), "app_passwords")
        .order_by("pk")
    )
