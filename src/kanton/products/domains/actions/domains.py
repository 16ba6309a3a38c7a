"""Every change of a domain that its owner makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from kanton.core.action import action, after_commit, is_dry_run, note, record
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.products.domains import defaults, names
from kanton.products.domains.activity import Happened
from kanton.products.domains.errors import (
    InvalidName,
    NotActive,
    SilentNameserver,
    TooFewNameservers,
    TooManyNameservers,
)
from kanton.products.domains.models import ContactKind, ContactRole, Domain, DomainContact
from kanton.products.domains.outside import first_silent
from kanton.products.domains.problems import Problem
from kanton.products.domains.rights import MANAGE

MAX_NAMESERVERS = 13


def point_domain(
    actor: Actor,
    domain: Domain,
    *,
    nameservers: Sequence[str] = (),
    use_own: bool = False,
    verify: bool = False,
) -> Domain:
    """Ask the name servers whether they answer for the domain, if that is wished, and then point it to them. They are
    asked before and outside a transaction: a slow one on the other side of the world must not hold up everybody.
    """
    if verify and not use_own:
        if not (decision := actor.decide(MANAGE, domain)):
            raise Forbidden(decision)
        require_usable(domain)
        wanted = _nameservers(domain, nameservers, use_own=False)
        if is_dry_run():
            note(_("The name servers are asked when it is done, not now."))
        elif silent := first_silent(wanted, domain.name):
            raise SilentNameserver(host=silent, name=domain.name)
    return set_nameservers(actor, domain, nameservers=nameservers, use_own=use_own)


@action(right=MANAGE)
def set_nameservers(
    actor: Actor, domain: Domain, *, nameservers: Sequence[str] = (), use_own: bool = False
) -> Domain:
    """Point a domain to other name servers, or back to ours (DOM-30, DOM-31). The registrar is told
    afterwards.
    """
    domain = active(domain)
    wanted = _nameservers(domain, nameservers, use_own=use_own)
    before = list(domain.nameservers)
    domain.nameservers = wanted
    domain.wished()
    domain.save(update_fields=["nameservers", *Domain.WISH_FIELDS])
    shown = ", ".join(wanted)
    record(actor, Happened.NAMESERVERS_SET, domain, before=", ".join(before), after=shown)
    follow_later(domain)
    return domain


def _nameservers(domain: Domain, given: Sequence[str], *, use_own: bool) -> list[str]:
    if use_own:
        return [record.target for record in defaults.nameserver_records(domain.name)]
    wanted: list[str] = []
    for text in given:
        try:
            wanted.append(names.host_name(text))
        except Problem as problem:
            error = InvalidName(problem.at("nameservers"), field="nameservers")
            raise error from problem
    wanted = list(dict.fromkeys(wanted))
    if len(wanted) < 2:
        raise TooFewNameservers
    if len(wanted) > MAX_NAMESERVERS:
        raise TooManyNameservers(maximum=MAX_NAMESERVERS)
    return wanted


@action(right=MANAGE)
def set_transfer_lock(actor: Actor, domain: Domain, *, locked: bool) -> Domain:
    """Lock a domain against transfers to another registrar, or unlock it (DOM-26)."""
    domain = active(domain)
    domain.is_locked = locked
    domain.wished()
    domain.save(update_fields=["is_locked", *Domain.WISH_FIELDS])
    record(actor, Happened.LOCK_SET if locked else Happened.LOCK_LIFTED, domain)
    follow_later(domain)
    return domain


CONTACT_FIELDS = (
    "kind",
    "first_name",
    "last_name",
    "company",
    "street",
    "postal_code",
    "city",
    "country",
    "phone",
    "email",
)


@action(right=MANAGE)
def change_contact(actor: Actor, domain: Domain, *, role: str, details: Mapping[str, str]) -> DomainContact:
    """Change the contact details of a domain in one role (DOM-23)."""
    domain = active(domain)
    contact, _is_new = DomainContact.objects.get_or_create(
        domain=domain, role=ContactRole(role), defaults={"organization_id": domain.organization_id}
    )
    for name, value in details.items():
        if name not in CONTACT_FIELDS:
            raise TypeError(f"a contact has no {name}")
        setattr(contact, name, value.strip())
    _check_contact(contact)
    contact.validated_at = None
    contact.save()
    domain.wished()
    domain.save(update_fields=[*Domain.WISH_FIELDS])
    record(actor, Happened.CONTACT_CHANGED, domain, role=ContactRole(role).value)
    follow_later(domain)
    return contact


def _check_contact(contact: DomainContact) -> None:
    from kanton.products.domains.errors import ContactIncomplete, ContactInvalid

    needed = ["street", "postal_code", "city", "country", "email"]
    needed += ["first_name", "last_name"] if contact.kind == ContactKind.PERSON else ["company"]
    for name in needed:
        if not getattr(contact, name):
            raise ContactIncomplete(field=name)
    try:
        validate_email(contact.email)
    except ValidationError as error:
        raise ContactInvalid(field="email") from error
    if len(contact.country) != 2 or not contact.country.isalpha():
        raise ContactInvalid(field="country")
    for name in CONTACT_FIELDS:
        field = DomainContact._meta.get_field(name)
        if len(getattr(contact, name)) > (getattr(field, "max_length", None) or 254):
            raise ContactInvalid(field=name)


def active(domain: Domain) -> Domain:
    """The domain, locked; NotActive when it cannot be changed now."""
    domain = Domain.objects.select_for_update().select_related("service", "organization").get(pk=domain.pk)
    require_usable(domain)
    return domain


def require_usable(domain: Domain) -> None:
    """NotActive when the domain cannot be changed now."""
    if not domain.is_usable:
        raise NotActive(name=domain.name, state=str(domain.get_state_display()))


def follow_later(domain: Domain) -> None:
    """Have the registry told after the commit."""
    from kanton.products.domains.tasks import reconcile_domain

    after_commit(reconcile_domain, domain.pk, unique_key=f"reconcile-domain:{domain.pk}")
