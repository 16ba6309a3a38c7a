"""Domains for which somebody who goes is named: as holder, as a contact, or for the reminders of expiry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.accounts.models import Person, address_key
from kanton.core.action import record
from kanton.core.actor import Actor
from kanton.organizations.departure.contract import Case, Choice, Holding, Kept, Offer
from kanton.organizations.departure.errors import HoldingGone
from kanton.organizations.models import Organization
from kanton.products.domains.actions import change_contact
from kanton.products.domains.activity import Happened
from kanton.products.domains.models import ContactRole, Domain, DomainContact

NOTICES = "notices"
NAMED = ("first_name", "last_name", "email", "phone")
OFFERS = (
    Offer(
        Choice.HAND_OVER,
        gettext_lazy("Name somebody else"),
        gettext_lazy("The registry gets the name and address of the member you choose."),
    ),
    Offer(
        Choice.KEEP,
        gettext_lazy("Leave it as it is"),
        gettext_lazy("The person stays named in the register and goes on getting its mails."),
    ),
)


def holdings_of(person: Person, organization: Organization) -> list[Holding]:
    """One holding for each domain that names the person."""
    mine = Q(contacts__email__iexact=person.email) | Q(notice_email__iexact=person.email)
    if person.first_name and person.last_name:
        mine |= Q(
            contacts__first_name__iexact=person.first_name, contacts__last_name__iexact=person.last_name
        )
    found = Domain.objects.held().filter(organization=organization).filter(mine).distinct()
    holdings = []
    for domain in found.prefetch_related("contacts").order_by("name"):
        roles = [contact.role for contact in domain.contacts.all() if _is(contact, person)]
        notices = address_key(domain.notice_email) == person.email_key if domain.notice_email else False
        if roles or notices:
            holdings.append(
                Holding(
                    f"domain:{domain.pk}",
                    _("Domain"),
                    domain.display_name,
                    OFFERS,
                    detail=", ".join(_in_words(roles, notices)),
                    url=reverse("domains:overview", args=[organization.slug, domain.name]),
                    data={"roles": [*roles, *([NOTICES] if notices else [])]},
                )
            )
    return holdings


def _is(contact: DomainContact, person: Person) -> bool:
    if contact.email and address_key(contact.email) == person.email_key:
        return True
    named = (contact.first_name.casefold(), contact.last_name.casefold())
    return all(named) and named == (person.first_name.casefold(), person.last_name.casefold())


def _in_words(roles: Sequence[str], notices: bool) -> list[str]:
    words = [str(role.label) for role in ContactRole if role in roles]
    return [*words, _("reminders of expiry")] if notices else words


def settle(actor: Actor, case: Case) -> Kept:
    """Write the heir's name, address and, where the person's own stood there, phone into the register."""
    if case.choice != Choice.HAND_OVER or case.heir is None:
        return {}
    domain = _domain(case)
    heir = case.heir.person
    kept: Kept = {"contacts": {}}
    for contact in domain.contacts.filter(role__in=case.data["roles"]).order_by("pk"):
        details = {"first_name": heir.first_name, "last_name": heir.last_name, "email": heir.email}
        if contact.phone and contact.phone == case.person.phone:
            details["phone"] = heir.phone
        before = {name: getattr(contact, name) for name in NAMED}
        kept["contacts"][contact.role] = {"before": before, "after": {**before, **details}}
        change_contact(actor, domain, role=contact.role, details=details)
    if NOTICES in case.data["roles"]:
        kept["notices"] = {"before": domain.notice_email, "after": heir.email}
        _notify(actor, domain, heir.email)
    return kept


def restore(actor: Actor, case: Case, kept: Mapping[str, Any]) -> None:
    """Name the person again where the heir still stands."""
    if not kept:
        return
    domain = _domain(case)
    for role, values in kept["contacts"].items():
        contact = domain.contacts.filter(role=role).first()
        if contact is not None and all(
            getattr(contact, name) == value for name, value in values["after"].items()
        ):
            change_contact(actor, domain, role=role, details=values["before"])
    notices = kept.get("notices")
    if notices and Domain.objects.filter(pk=domain.pk, notice_email=notices["after"]).exists():
        _notify(actor, domain, notices["before"])


def _domain(case: Case) -> Domain:
    number = case.resource.removeprefix("domain:")
    domain = Domain.objects.held().filter(organization=case.organization, pk=number).first()
    if domain is None:
        raise HoldingGone
    return domain


def _notify(actor: Actor, domain: Domain, address: str) -> None:
    Domain.objects.filter(pk=domain.pk).update(notice_email=address)
    record(actor, Happened.NOTICES_GO_TO, domain, email=address)
