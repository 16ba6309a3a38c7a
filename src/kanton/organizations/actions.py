"""Every change of an organization and its people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from kanton.accounts.access.actions import unlock
from kanton.accounts.access.errors import OnlyInternal
from kanton.accounts.actions import purge_account, register
from kanton.accounts.errors import NotConfirmed, UnknownChoice
from kanton.accounts.models import Language, Person, address_key
from kanton.accounts.places import countries, normal_phone
from kanton.accounts.queries import become, require_confirmed
from kanton.activity.log import chain_of
from kanton.activity.tasks import check_chain
from kanton.config import config
from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.core.parity import internal
from kanton.core.query import get_or_not_found
from kanton.core.rights import ADMINISTRATORS, PUBLIC, RIGHTS, SELF, SYSTEM, Right, Role
from kanton.core.secrets import token_hash
from kanton.organizations import emails, grantable
from kanton.organizations.activity import Happened
from kanton.organizations.errors import (
    AccessOfRole,
    AlreadyInvited,
    AlreadyMember,
    InvitationForSomebodyElse,
    InvitationGone,
    LastOwner,
    NameMissing,
    OwnersOnly,
    UnknownDetail,
    UnknownRight,
)
from kanton.organizations.limits import count_invitations
from kanton.organizations.models import (
    INVITATION_LIFE,
    Grant,
    Invitation,
    Kind,
    Membership,
    Organization,
    Team,
    TeamMember,
)
from kanton.organizations.queries import require
from kanton.organizations.resolver import held_by
from kanton.organizations.rights import ACTIVITY_VIEW, BELONG, DETAILS_EDIT, MEMBERS_MANAGE

DETAILS = ("name", "kind", "street", "postal_code", "city", "country", "phone", "vat_number", "language")


@internal("Whoever has no account has no token; browsers register through the page.")
@action(right=PUBLIC)
def open_account(
    actor: Actor,
    *,
    email: str,
    password: str,
    phone: str = "",
    recovery_email: str = "",
    first_name: str = "",
    last_name: str = "",
    company: str = "",
    country: str = "CH",
    language: str = Language.ENGLISH,
    invitation: str = "",
) -> Person | None:
    """Register, and get an organization in one's own name (or the company's) as its owner (ACC-7, ORG-1, ORG-4).

    With the secret of an `invitation` the person joins that organization instead (ORG-2), and the link they followed
    proves the address. None when the address has an account already, which the answer must not tell (ACC-5).
    """
    if invitation:
        invited = _open_invitation(invitation)
        if invited.email_key != address_key(email):
            raise InvitationForSomebodyElse(invited=invited.email, signed_in=email)
    person = register(
        actor,
        email=email,
        password=password,
        phone=phone,
        recovery_email=recovery_email,
        first_name=first_name,
        last_name=last_name,
        country=country,
        language=language,
        is_address_proven=bool(invitation),
    )
    if person is None:
        return None
    themselves = become(actor, person)
    if invitation:
        accept_invitation(themselves, person, secret=invitation)
    else:
        kind = Kind.COMPANY if company.strip() else Kind.PRIVATE
        create_organization(themselves, person, name=company.strip() or person.display_name, kind=kind)
    return person


@action(right=SELF)
def create_organization(
    actor: Actor,
    person: Person,
    *,
    name: str,
    kind: str = Kind.PRIVATE,
    country: str = "",
    details: Mapping[str, str] | None = None,
) -> Organization:
    """A new organization with this person as its owner (ORG-1, ORG-5). Its country decides the currency (ORG-14)."""
    values = _checked_details(
        {"name": name, "kind": kind, "country": country or person.country, **(details or {})}
    )
    organization = Organization(
        currency=config.operator.currency_for(values["country"]), **{"language": person.language, **values}
    )
    for attempt in range(5):
        organization.slug = Organization.free_slug(organization.name)
        try:
            with transaction.atomic():
                organization.save(force_insert=True)
            break
        except IntegrityError:  # somebody took the slug in the meantime
            if attempt == 4:
                raise
    Membership.objects.create(organization=organization, person=person, role=Role.OWNER)
    actor.loaded.clear()
    record(actor, Happened.ORGANIZATION_CREATED, organization)
    return organization


@action(right=DETAILS_EDIT, may_be_silent=True)
def edit_details(actor: Actor, organization: Organization, *, details: Mapping[str, str]) -> Organization:
    """Change name, address, phone or type. The country decides the currency of the next invoices (ORG-14, ORG-15).

    All owners get a mail with old and new values, each in their own language (ORG-12, ORG-13).
    """
    values = _checked_details({"country": organization.country, **details})
    before = {name: getattr(organization, name) for name in values}
    changed = {name: value for name, value in values.items() if before[name] != value}
    for name, value in changed.items():
        setattr(organization, name, value)
    if changed:
        organization.currency = config.operator.currency_for(organization.country)
        organization.save()
        record(actor, Happened.DETAILS_CHANGED, organization, changed=sorted(changed))
        news = {name: (before[name], value) for name, value in changed.items()}
        emails.details_changed(organization, news, by=actor.label)
    return organization


@action(right=MEMBERS_MANAGE)
def invite_member(
    actor: Actor,
    organization: Organization,
    *,
    email: str,
    role: Role = Role.COLLABORATOR,
    grants: Sequence[Mapping[str, Any]] = (),
    teams: Sequence[Team] = (),
    first_name: str = "",
    last_name: str = "",
    language: str = "",
) -> Invitation:
    """Invite a person by mail; they become a member when they accept, within seven days (ORG-43…47).

    The names are what the inviter calls them, until they write their own. The mail is in `language`, or in the
    organization's.
    """
    may_touch_owners(actor, organization, role)
    require_confirmed(actor)
    key = address_key(email)
    if organization.memberships.filter(person__email_key=key).exists():
        raise AlreadyMember(email=email)
    count_invitations(organization, [email])
    revoke_expired(organization, [key])
    invitation = Invitation(
        organization=organization,
        email=email.strip(),
        first_name=first_name.strip()[:80],
        last_name=last_name.strip()[:80],
        role=role,
        grants=checked_grants(organization, role, grants),
        teams=numbers_of(organization, teams),
        language=_language(language),
        invited_by_id=actor.person_id,
    )
    secret = invitation.new_secret()
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError as error:
        raise AlreadyInvited(email=email) from error
    record(actor, Happened.MEMBER_INVITED, invitation, email=invitation.email, role=str(role))
    emails.invitation(invitation, secret, invited_by=actor.label)
    return invitation


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def change_invitation(
    actor: Actor,
    invitation: Invitation,
    *,
    role: Role | None = None,
    grants: Sequence[Mapping[str, Any]] | None = None,
    teams: Sequence[Team] | None = None,
    language: str | None = None,
) -> Invitation:
    """Change what an invitation that waits will give, or its language; its link stays good (ORG-44).

    What is None stays. Whoever changes it answers for it from then on: on acceptance their right is checked (ORG-47).
    """
    invitation = _waiting(invitation)
    organization, before = invitation.organization, _offer(invitation)
    may_touch_owners(actor, organization, Role(invitation.role), *([role] if role else []))
    had = _kinds_of(invitation.grants)
    invitation.role = role or Role(invitation.role)
    if grants is None:
        grants = [] if invitation.role in ADMINISTRATORS else invitation.grants
    invitation.grants = checked_grants(organization, Role(invitation.role), grants, had=had)
    if teams is not None:
        invitation.teams = numbers_of(organization, teams)
    if language is not None:
        invitation.language = _language(language)
    if _offer(invitation) != before:
        invitation.invited_by_id = actor.person_id
        invitation.save()
        record(
            actor,
            Happened.INVITATION_CHANGED,
            invitation,
            email=invitation.email,
            role=str(invitation.role),
            rights=sorted({grant["right"] for grant in invitation.grants}),
        )
    return invitation


@action(right=MEMBERS_MANAGE)
def resend_invitation(actor: Actor, invitation: Invitation) -> Invitation:
    """Send a fresh link; the old one dies and the seven days begin anew (ORG-47)."""
    invitation = _waiting(invitation)
    count_invitations(invitation.organization, [invitation.email])
    secret = invitation.new_secret()
    invitation.save()
    record(actor, Happened.INVITATION_RESENT, invitation, email=invitation.email)
    emails.invitation(invitation, secret, invited_by=actor.label)
    return invitation


@action(right=MEMBERS_MANAGE)
def revoke_invitation(actor: Actor, invitation: Invitation) -> None:
    """The link stops working at once."""
    invitation = _waiting(invitation)
    invitation.revoked_at = clock.now()
    invitation.save()
    record(actor, Happened.INVITATION_REVOKED, invitation, email=invitation.email)


@action(right=SELF)
def accept_invitation(actor: Actor, person: Person, *, secret: str) -> Membership:
    """Join the organization that invited this person's login address. Of two at once, one joins (ORG-47).

    The role is checked again against what the inviter may give today. The link proves that the address is theirs.
    """
    invitation = _open_invitation(secret)
    if not person.is_confirmed and invitation.email_key == person.email_key:
        person.confirmed_at = clock.now()
        person.save(update_fields=["confirmed_at"])
    return _join(actor, person, invitation)


@action(right=SELF)
def accept_own_invitation(actor: Actor, person: Person, *, number: int) -> Membership:
    """Join without the mail's link: the login address was confirmed, so the invitation is theirs (ORG-9)."""
    if not person.is_confirmed:
        raise NotConfirmed
    open_ones = Invitation.objects.select_for_update(of=("self",)).select_related(
        "organization", "invited_by"
    )
    invitation = get_or_not_found(open_ones.filter(email_key=person.email_key), pk=number)
    if not invitation.is_open:
        raise InvitationGone
    return _join(actor, person, invitation)


def _waiting(invitation: Invitation) -> Invitation:
    """The invitation, locked: whoever changes it while somebody accepts it finds that it is gone."""
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("organization", "invited_by")
    waiting = rows.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).first()
    if waiting is None:
        raise InvitationGone
    return waiting


def _offer(invitation: Invitation) -> tuple[Any, ...]:
    """What can be changed in an invitation, for comparing."""
    return (
        Role(invitation.role),
        _kinds_of(invitation.grants),
        set(invitation.teams),
        invitation.language,
    )


def _language(code: str) -> str:
    if code and code not in Language.values:
        raise UnknownChoice(field="language", value=code)
    return code


def _open_invitation(secret: str) -> Invitation:
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("organization", "invited_by")
        .filter(digest=token_hash(secret))
        .first()
    )
    if invitation is None or not invitation.is_open:
        raise InvitationGone
    return invitation


def _join(actor: Actor, person: Person, invitation: Invitation) -> Membership:
    if invitation.email_key != person.email_key:
        raise InvitationForSomebodyElse(invited=invitation.email, signed_in=person.email)
    _inviter_may_still(invitation)
    membership, is_new = Membership.objects.get_or_create(
        organization=invitation.organization, person=person, defaults={"role": invitation.role}
    )
    if is_new:
        _give(membership, invitation.grants)
        here = Team.objects.filter(organization=invitation.organization, pk__in=invitation.teams)
        TeamMember.objects.bulk_create(TeamMember(team=team, membership=membership) for team in here)
    invitation.accepted_at = clock.now()
    invitation.save()
    actor.loaded.clear()
    record(actor, Happened.MEMBER_JOINED, membership, role=membership.role)
    return membership


@internal("Opening the start page of an organization does it; the order of the switcher is all that follows.")
@action(right=BELONG, may_be_silent=True)
def enter_organization(actor: Actor, organization: Organization) -> None:
    """Note that the actor works here now: the switcher lists what was entered last first (ORG-17)."""
    organization.memberships.filter(person_id=actor.person_id or 0).update(entered_at=clock.now())


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def change_role(actor: Actor, membership: Membership, *, role: Role) -> Membership:
    """Give a member another role. A new collaborator starts without product access (ORG-55…58)."""
    owners = lock_owners(membership.organization)
    require_anew(actor, MEMBERS_MANAGE, membership.organization)
    found = Membership.objects.select_related("person", "organization")
    membership = get_or_not_found(found, pk=membership.pk)
    may_touch_owners(actor, membership.organization, role, Role(membership.role))
    if membership.role == role:
        return membership
    if owners == [membership.pk]:
        raise LastOwner
    if membership.role in (Role.OWNER, Role.ADMINISTRATOR):
        membership.grants.all().delete()
        membership.team_members.all().delete()
    membership.role = role
    membership.save()
    actor.loaded.clear()
    record(actor, Happened.ROLE_CHANGED, membership, role=str(role))
    emails.role_changed(membership, by=actor.label)
    return membership


@action(right=MEMBERS_MANAGE)
def unlock_member(actor: Actor, membership: Membership) -> None:
    """Unlock the account of an internal member after wrong passwords; they are mailed who did it (ACC-104, ACC-105)."""
    if membership.role == Role.EXTERNAL:
        raise OnlyInternal
    unlock(actor, membership.person, by=actor.label)
    record(actor, Happened.MEMBER_UNLOCKED, membership)


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def change_access(actor: Actor, membership: Membership, *, grants: Sequence[Mapping[str, Any]]) -> Membership:
    """Replace what a collaborator or external user may use (ORG-68), and tell them. What comes from teams stays.

    Each grant names a right and, where it is not for all, a service and a resource in it. Only what is new must be on
    offer: what somebody has on a thing that is gone is no reason to refuse.
    """
    # Two at once: the second sees what the first left.
    Membership.objects.select_for_update().get(pk=membership.pk)
    had = {_kind_of(grant): grant for grant in Grant.objects.filter(membership=membership)}
    checked = checked_grants(membership.organization, Role(membership.role), grants, had=set(had))
    wanted = {tuple(grant.values()): grant for grant in checked}
    if wanted.keys() == had.keys():
        return membership
    membership.grants.filter(pk__in=[grant.pk for kind, grant in had.items() if kind not in wanted]).delete()
    _give(membership, [grant for kind, grant in wanted.items() if kind not in had])
    record(actor, Happened.ACCESS_CHANGED, membership, rights=sorted({grant["right"] for grant in checked}))
    products = {grant["product"] for grant in checked if grant["product"]}
    labels = [kind.label for kind in grantable.kinds_of(membership.organization) if kind.code in products]
    emails.access_changed(membership, labels, by=actor.label)
    return membership


@action(right=ACTIVITY_VIEW)
def check_activity(actor: Actor, organization: Organization) -> None:
    """Have the seals of the organization's log checked now; the page shows the result."""
    record(actor, Happened.ACTIVITY_CHECKED, organization)
    chain = chain_of(organization.pk, None)
    after_commit(check_chain, chain, unique_key=f"check-chain:{chain}")


@internal("Done by the clock when an address was never confirmed.")
@action(right=SYSTEM)
def purge_unconfirmed(actor: Actor, person: Person) -> None:
    """Remove an account that nobody ever confirmed, with the organizations that were its alone (ACC-6)."""
    for membership in person.memberships.select_related("organization"):
        organization = membership.organization
        if not organization.memberships.exclude(person=person).exists():
            record(actor, Happened.ORGANIZATION_PURGED, organization)
            organization.delete()
    purge_account(actor, person)


def may_touch_owners(actor: Actor, organization: Organization, *roles: Role) -> None:
    """Only an owner gives the owner role, or changes an owner (ORG-45, ORG-54)."""
    if Role.OWNER in roles and not actor.is_system and held_by(actor, organization.pk).role != Role.OWNER:
        raise OwnersOnly


def _inviter_may_still(invitation: Invitation) -> None:
    roles = Membership.objects.filter(
        Q(role=Role.OWNER) | Q(role=Role.ADMINISTRATOR),
        organization=invitation.organization,
        person=invitation.invited_by,
        suspended_at=None,
    ).values_list("role", flat=True)
    needed = {Role.OWNER} if invitation.role == Role.OWNER else {Role.OWNER, Role.ADMINISTRATOR}
    if invitation.invited_by is not None and not needed.intersection(roles):
        raise InvitationGone


def lock_owners(organization: Organization) -> list[int]:
    """The owners who can act as such, locked: two owners demoting each other at the same moment leave one (ORG-54).

    Whose whole account is blocked or ended does not count. Of several organizations, lock the one of the lowest number
    first.
    """
    owners = organization.memberships.select_for_update(of=("self",)).filter(
        role=Role.OWNER, suspended_at=None, person__is_active=True
    )
    return list(owners.order_by("pk").values_list("pk", flat=True))


def require_anew(actor: Actor, right: Right, organization: Organization) -> None:
    """Ask for the right again after a lock: whoever lost it while they waited may not go on. Raises Forbidden."""
    actor.loaded.clear()
    require(actor, right, organization)


def revoke_expired(organization: Organization, keys: Sequence[str]) -> None:
    """Invitations of these addresses that ran out must not stand in the way of new ones."""
    organization.invitations.filter(
        email_key__in=keys,
        accepted_at=None,
        revoked_at=None,
        sent_at__lte=clock.now() - INVITATION_LIFE,
    ).update(revoked_at=clock.now())


def numbers_of(organization: Organization, teams: Iterable[Team]) -> list[int]:
    """The numbers of teams, as an invitation keeps them. Raises NotFound for another organization's."""
    wanted = list(teams)
    if any(team.organization_id != organization.pk for team in wanted):
        raise NotFound(model="team")
    return sorted(team.pk for team in wanted)


def _kind_of(grant: Grant) -> tuple[Any, ...]:
    return (grant.right, grant.product, grant.service_id, grant.resource)


def _kinds_of(kept: Iterable[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
    """The same for grants as an invitation keeps them; a database may turn the order of their names around."""
    return {(one["right"], one["product"], one["service_id"], one["resource"]) for one in kept}


def checked_grants(
    organization: Organization,
    role: Role,
    grants: Sequence[Mapping[str, Any]],
    *,
    had: Collection[tuple[Any, ...]] = (),
) -> list[dict[str, Any]]:
    """The grants in their kept form. Raises UnknownRight for rights and things that are not offered here; those in
    `had` need no offer."""
    if grants and role in ADMINISTRATORS:
        raise AccessOfRole
    checked = []
    for grant in grants:
        right = RIGHTS.get(str(grant.get("right", "")))
        if right is None or not right.grantable:
            raise UnknownRight(right=str(grant.get("right", "")))
        checked.append(
            {
                "right": right.code,
                "product": right.product,
                "service_id": grant.get("service_id"),
                "resource": str(grant.get("resource") or ""),
            }
        )
    single = [grant for grant in checked if grant["service_id"] is not None or grant["resource"]]
    grantable.check(organization, [grant for grant in single if tuple(grant.values()) not in had])
    return checked


def _checked_details(details: Mapping[str, str]) -> dict[str, str]:
    """The details, trimmed and within their lengths and choices."""
    values = {}
    for name, value in details.items():
        if name not in DETAILS:
            raise UnknownDetail(name=name)
        field = Organization._meta.get_field(name)
        values[name] = str(value).strip()[: getattr(field, "max_length", None)]
        choices = countries() if name == "country" else getattr(field, "choices", None)
        if choices and values[name] not in dict(choices):
            raise UnknownChoice(field=name, value=values[name])
    if "name" in values and not values["name"]:
        raise NameMissing
    if values.get("phone"):
        values["phone"] = normal_phone(values["phone"], values.get("country", ""))
    return values


def _give(membership: Membership, grants: Iterable[Mapping[str, Any]]) -> None:
    for grant in grants:
        Grant.objects.get_or_create(
            organization_id=membership.organization_id, membership=membership, **grant
        )
