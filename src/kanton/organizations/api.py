"""Organizations by program. In the interface they are called accounts, and their people users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired

from django.db.models import Q, QuerySet
from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.access.errors import NotLocked, OnlyInternal
from kanton.accounts.api import ACTIVITY_LISTS, ActivityOut, ActivityQuery, activity_out, narrowed_activity
from kanton.accounts.errors import NotConfirmed, UnknownChoice
from kanton.accounts.profile.pictures import address_of
from kanton.accounts.queries import person_of
from kanton.activity.queries import chain_state
from kanton.config import config
from kanton.core import clock, reference
from kanton.core.action import dry_run
from kanton.core.api import ApiRequest, Body, Id, Lists, Query, Router, Rows, Timestamp, invalid
from kanton.core.api.errors import not_among
from kanton.core.errors import NotFound, TooMany
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.core.reference import CountryOut
from kanton.core.rights import RIGHTS, SPECIAL, Role
from kanton.organizations.actions import (
    accept_invitation,
    accept_own_invitation,
    change_access,
    change_invitation,
    change_role,
    check_activity,
    create_organization,
    edit_details,
    invite_member,
    resend_invitation,
    revoke_invitation,
    unlock_member,
)
from kanton.organizations.answers import what_they_can, what_would_change, who_can, why
from kanton.organizations.errors import (
    AccessOfRole,
    AlreadyInvited,
    AlreadyMember,
    InvitationForSomebodyElse,
    InvitationGone,
    LastOwner,
    NameMissing,
    OwnersOnly,
    UnknownRight,
)
from kanton.organizations.grantable import things_at
from kanton.organizations.models import (
    INVITATION_LIFE,
    Invitation,
    Kind,
    Membership,
    Organization,
    Team,
    TeamMember,
)
from kanton.organizations.queries import (
    activity_of_organization,
    has_sso,
    invitation_of,
    invitations_for,
    members_of,
    memberships_of,
    organization_by_id,
    pending_invitations,
)
from kanton.organizations.rights import ACCOUNTING
from kanton.organizations.shell import logo_address

router = Router("Accounts")
users_router = Router("Users")
invitations_router = Router("Invitations")

# Our roles and kinds → the words of the interface. "external" is ours; the interface has no word for it.
ROLE_TYPES = {
    Role.OWNER: "owner",
    Role.ADMINISTRATOR: "admin",
    Role.COLLABORATOR: "normal",
    Role.EXTERNAL: "external",
}
ROLES = {word: role for role, word in ROLE_TYPES.items()}
ENTITY_TYPES = {
    Kind.PRIVATE: "individual",
    Kind.COMPANY: "company",
    Kind.ASSOCIATION: "restrict",
    Kind.PUBLIC: "public_body",
}
KINDS = {word: kind for kind, word in ENTITY_TYPES.items()}
RoleType = Literal["owner", "admin", "normal", "external"]
#: More single things than a person is told of in one answer; a search finds the others.
MOST_PLACES = 1000
HOLDERS = Lists(
    order={"id": "pk", "last_name": "person__last_name"},
    default="id",
    search=("person__first_name", "person__last_name", "person__email"),
)
EntityType = Literal["company", "individual", "public_body", "restrict"]
Locale = Literal["de_DE", "en_GB", "es_ES", "fr_FR", "it_IT"]

READ, WRITE, USERS_READ, USERS = ("accounts:read",), ("accounts",), ("users:read", "accounts"), ("users",)
WITHS = ("addresses", "phone", "language", "vat_number", "type", "billing", "nb_users", "nb_invitations",
         "count_owners", "no_access", "is_blocked", "tags", "order", "logo", "logo_square")  # fmt: skip


class AddressOut(TypedDict):
    """The postal address."""

    id: int
    street: str
    street2: str
    zip: str
    city: str
    type: str
    created_at: Timestamp
    country: CountryOut
    for_invoice: bool


class AccountOut(TypedDict):
    """An organization."""

    id: int
    name: str
    legal_entity_type: EntityType
    created_at: Timestamp
    locale: str
    language_id: int
    beta: bool
    support_level: int
    has_2fa_required: bool
    is_customer: bool
    is_sso: bool
    slug: str
    currency: str
    role_type: RoleType | None
    addresses: NotRequired[list[AddressOut]]
    phone: NotRequired[str]
    language: NotRequired[str]
    vat_number: NotRequired[str]
    type: NotRequired[str]
    billing: NotRequired[bool]
    nb_users: NotRequired[int]
    nb_invitations: NotRequired[int]
    count_owners: NotRequired[int]
    no_access: NotRequired[bool]
    is_blocked: NotRequired[bool]
    tags: NotRequired[list[dict[str, Any]]]
    order: NotRequired[dict[str, Any]]
    logo: NotRequired[str | None]
    logo_square: NotRequired[str | None]


class AccountIn(Body):
    """The details of an organization; with PATCH, what is left out stays."""

    name: Annotated[str | None, Field(min_length=1, max_length=120)] = None
    legal_entity_type: EntityType | None = None
    street: Annotated[str | None, Field(max_length=120)] = None
    zip: Annotated[str | None, Field(max_length=16)] = None
    city: Annotated[str | None, Field(max_length=80)] = None
    country_id: int | None = None
    phone: Annotated[str | None, Field(max_length=30)] = None
    vat_number: Annotated[str | None, Field(max_length=20)] = None
    locale: Locale | None = None

    def details(self) -> dict[str, str]:
        """The details in our words."""
        found: dict[str, str | None] = {
            "name": self.name,
            "kind": KINDS[self.legal_entity_type] if self.legal_entity_type else None,
            "street": self.street,
            "postal_code": self.zip,
            "city": self.city,
            "phone": self.phone,
            "vat_number": self.vat_number,
            "language": self.locale[:2] if self.locale else None,
        }
        if self.country_id is not None:
            found["country"] = reference.country_code(self.country_id)
            if found["country"] is None:
                raise invalid("country_id", "There is no country with this number.")
        return {name: value for name, value in found.items() if value is not None}


def account_out(
    request: ApiRequest, organization: Organization, role: str | None, *, is_sso: bool | None = None
) -> AccountOut:
    """An organization as the API tells it. Lists know `is_sso` of all at once."""
    language = reference.language_called(organization.language)
    found: AccountOut = {
        "id": organization.pk,
        "name": organization.name,
        "legal_entity_type": ENTITY_TYPES[Kind(organization.kind)],  # type: ignore[typeddict-item]
        "created_at": int(organization.created_at.timestamp()),
        "locale": language["locale"],
        "language_id": language["id"],
        "beta": False,
        "support_level": 0,
        "has_2fa_required": organization.demands_second_factor,
        "is_customer": True,
        "is_sso": has_sso(organization) if is_sso is None else is_sso,
        "slug": organization.slug,
        "currency": organization.currency,
        "role_type": ROLE_TYPES[Role(role)] if role else None,  # type: ignore[typeddict-item]
    }
    makers: dict[str, Any] = {
        "addresses": lambda: [_address_out(organization)],
        "phone": lambda: organization.phone,
        "language": lambda: language["short_name"],
        "vat_number": lambda: organization.vat_number,
        "type": lambda: "client",
        "billing": lambda: request.actor.has_right(ACCOUNTING, organization),
        "nb_users": lambda: organization.memberships.count(),
        "nb_invitations": lambda: organization.invitations.filter(accepted_at=None, revoked_at=None).count(),
        "count_owners": lambda: organization.memberships.filter(role=Role.OWNER).count(),
        "no_access": lambda: False,
        "is_blocked": lambda: False,
        "tags": list,
        "order": dict,
        "logo": lambda: _logo(organization.wide_logo_key),
        "logo_square": lambda: _logo(organization.logo_key),
    }
    for name in request.withs:
        found[name] = makers[name]()  # type: ignore[literal-required]
    return found


def _logo(key: str) -> str | None:
    return config.web.address + logo_address(key) if key else None


def _address_out(organization: Organization) -> AddressOut:
    return {
        "id": organization.pk,
        "street": organization.street,
        "street2": "",
        "zip": organization.postal_code,
        "city": organization.city,
        "type": "main",
        "created_at": int(organization.created_at.timestamp()),
        "country": reference.countries()[reference.country_number(organization.country)],
        "for_invoice": True,
    }


def _role_in(request: ApiRequest, organization: Organization) -> str | None:
    roles = organization.memberships.filter(person_id=request.actor.person_id or 0, suspended_at=None)
    return roles.values_list("role", flat=True).first()


@router.get("/1/account", scopes=READ, withs=WITHS)
@router.get(
    "/1/accounts",
    scopes=READ,
    withs=WITHS,
    lists=Lists(
        order={"id": "id", "name": "name", "created_at": "created_at"},
        default="name",
        search=("name", "slug"),
    ),
)
@exposes(memberships_of)
def list_accounts(request: ApiRequest) -> Rows[AccountOut]:
    """List the organizations of the token's person."""
    return Rows(
        [
            account_out(request, each.organization, each.role, is_sso=each.has_sso)  # type: ignore[attr-defined]
            for each in memberships_of(request.actor)
        ]
    )


@router.get("/1/account/{account_id}", scopes=READ, withs=WITHS)
@router.get("/1/accounts/{account_id}", scopes=READ, withs=WITHS)
@exposes(organization_by_id)
def read_account(request: ApiRequest, account_id: int) -> AccountOut:
    """Read one organization."""
    organization = organization_by_id(request.actor, account_id)
    return account_out(request, organization, _role_in(request, organization))


@router.post(
    "/1/accounts",
    scopes=("profile_update",),
    status=201,
    errors=(NameMissing, UnknownChoice),
    example={"name": "Acme AG", "legal_entity_type": "company", "country_id": 308},
)
@exposes(create_organization)
def create_account(request: ApiRequest, data: AccountIn) -> AccountOut:
    """Open a further organization; the token's person becomes its owner. Its country decides the currency."""
    person = person_of(request.actor)
    details = data.details()
    made = create_organization(
        request.actor,
        person,
        name=details.pop("name", ""),
        kind=details.pop("kind", Kind.PRIVATE),
        country=details.pop("country", ""),
        details=details,
    )
    return account_out(request, made, Role.OWNER)


@router.patch("/1/accounts/{account_id}", scopes=WRITE, withs=WITHS, example={"city": "Thun", "zip": "3600"})
@exposes(edit_details)
def change_account(request: ApiRequest, account_id: int, data: AccountIn) -> AccountOut:
    """Change the details. Only an owner may; all owners get a mail with old and new values."""
    organization = organization_by_id(request.actor, account_id)
    changed = edit_details(request.actor, organization, details=data.details())
    return account_out(request, changed, _role_in(request, changed))


@router.get("/1/accounts/{account_id}/activity", scopes=WRITE, lists=ACTIVITY_LISTS)
@exposes(activity_of_organization)
def list_activity(request: ApiRequest, account_id: int, query: ActivityQuery) -> Rows[ActivityOut]:
    """List what happened in the organization, newest first."""
    organization = organization_by_id(request.actor, account_id)
    return Rows(narrowed_activity(activity_of_organization(request.actor, organization), query), activity_out)


class CheckOut(TypedDict):
    """How whole the log is."""

    entries: int
    checked_at: Timestamp | None
    checked_entries: int
    problem: str | None


@router.post("/1/accounts/{account_id}/activity/check", scopes=WRITE)
@exposes(check_activity)
def start_check(request: ApiRequest, account_id: int) -> CheckOut:
    """Have the seals of the log checked now; the answer tells the latest result so far."""
    organization = organization_by_id(request.actor, account_id)
    check_activity(request.actor, organization)
    head = chain_state(organization.pk)
    return {
        "entries": head.length,
        "checked_at": clock.timestamp(head.verified_at),
        "checked_entries": head.verified_length,
        "problem": head.verified_problem or None,
    }


# --- people ------------------------------------------------------------------------------------------------


TOLD = [
    f"person__{name}"
    for name in ("email", "first_name", "last_name", "language", "last_login", "picture_key", "password")
]


class ShortTeamOut(TypedDict):
    """A team in the list of somebody's teams."""

    id: int
    name: str
    color_id: int
    created_at: Timestamp
    updated_at: Timestamp


class UserOut(TypedDict):
    """Somebody of an organization, or somebody invited."""

    user_id: int | None
    invitation_id: int | None
    first_name: str
    last_name: str
    display_name: str
    email: str
    avatar: str | None
    role_type: RoleType
    state_in_account: Literal["valid", "pending"]
    is_correspondent: bool | None
    is_correspondent_billing: bool | None
    is_workspace_only: bool | None
    has_no_manager_access: bool | None
    has_billing_access: bool | None
    is_sso: bool
    language_id: int | None
    unique_key: str
    last_login_at: int
    has_otp: bool
    last_active_at: Timestamp | None
    partnership_id: int | None
    is_suspended: bool
    teams: NotRequired[list[ShortTeamOut]]


class UserFilter(Query):
    """Narrows the list."""

    role_type: RoleType | None = None
    state_in_account: Literal["valid", "pending"] | None = None
    has_otp: bool | None = None
    is_suspended: bool | None = None
    user_ids: list[Id] = []
    team_ids: list[Id] = []


class UsersQuery(Query):
    """The filter of the list."""

    filter: UserFilter = UserFilter()


class RoleIn(Body):
    """A new role."""

    role_type: RoleType


class GrantIn(Body):
    """One right: for a whole product, for one service, or for one part of it such as "mailbox:17"."""

    right: Annotated[str, Field(max_length=60)]
    service_id: Id | None = None
    resource: Annotated[str, Field(max_length=60)] = ""


class PermissionsIn(Body):
    """Everything that the person may use from now on."""

    permissions: Annotated[list[GrantIn], Field(max_length=2000)]


class PermissionOut(TypedDict):
    """A right on a thing: yes or no, and why."""

    right: str
    label: str
    on: str
    product: str
    service_id: int | None
    resource: str
    allowed: bool
    because: list[str]
    forbidden_by: str


def user_out(membership: Membership, *, billing: bool) -> UserOut:
    """A member as the API tells it. Needs the annotations of `members_of`."""
    person, key = membership.person, membership.person.picture_key
    return {
        "user_id": person.pk,
        "invitation_id": None,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "display_name": person.display_name,
        "email": person.email,
        "avatar": config.web.address + address_of(key) if key else None,
        "role_type": ROLE_TYPES[Role(membership.role)],  # type: ignore[typeddict-item]
        "state_in_account": "valid",
        "is_correspondent": None,
        "is_correspondent_billing": None,
        "is_workspace_only": False,
        "has_no_manager_access": False,
        "has_billing_access": billing,
        "is_sso": not person.has_usable_password(),
        "language_id": reference.language_called(person.language)["id"],
        "unique_key": f"user-{person.pk}",
        "last_login_at": clock.timestamp(person.last_login) or 0,
        "has_otp": membership.has_second_factor,  # type: ignore[attr-defined]
        "last_active_at": clock.timestamp(membership.last_active_at),  # type: ignore[attr-defined]
        "partnership_id": None,
        "is_suspended": membership.suspended_at is not None,
    }


def invited_out(invitation: Invitation) -> UserOut:
    """Somebody invited as the API tells it."""
    return {
        "user_id": None,
        "invitation_id": invitation.pk,
        "first_name": invitation.first_name,
        "last_name": invitation.last_name,
        "display_name": invitation.name or invitation.email,
        "email": invitation.email,
        "avatar": None,
        "role_type": ROLE_TYPES[Role(invitation.role)],  # type: ignore[typeddict-item]
        "state_in_account": "pending",
        "is_correspondent": None,
        "is_correspondent_billing": None,
        "is_workspace_only": None,
        "has_no_manager_access": None,
        "has_billing_access": any(grant["right"] == ACCOUNTING.code for grant in invitation.grants),
        "is_sso": False,
        "language_id": None,
        "unique_key": f"invitation-{invitation.pk}",
        "last_login_at": 0,
        "has_otp": False,
        "last_active_at": None,
        "partnership_id": None,
        "is_suspended": False,
    }


class Listed(TypedDict):
    """What the list of people is ordered and searched by. Of ten thousand people no more is read; the rest of their
    rows, and what is counted for each, only of one page."""

    user_id: int | None
    invitation_id: int | None
    display_name: str
    first_name: str
    last_name: str
    email: str
    role_type: RoleType


def _listed(members: QuerySet[Membership], invitations: QuerySet[Invitation]) -> list[Listed]:
    """Members first, then whoever is invited."""
    found: list[Listed] = []
    rows = members.order_by("pk").values_list(
        "person_id", "person__first_name", "person__last_name", "person__email", "role"
    )
    for number, first_name, last_name, email, role in rows:
        name = (
            f"{first_name} {last_name}".strip() or email
        )  # as `Person.display_name`, without ten thousand objects
        found.append(_listed_one(number, None, name, first_name, last_name, email, role))
    for one in invitations:
        name = one.name or one.email
        found.append(_listed_one(None, one.pk, name, one.first_name, one.last_name, one.email, one.role))
    return found


def _listed_one(user: int | None, invitation: int | None, *texts: str) -> Listed:
    name, first_name, last_name, email, role = texts
    return {
        "user_id": user,
        "invitation_id": invitation,
        "display_name": name,
        "first_name": first_name,
        "last_name": last_name,
        "email": email,
        "role_type": ROLE_TYPES[Role(role)],  # type: ignore[typeddict-item]
    }


def _chosen(
    request: ApiRequest, organization: Organization, chosen: UserFilter
) -> tuple[QuerySet[Membership], QuerySet[Invitation]]:
    """The members and the invitations that the filter lets through."""
    members = members_of(request.actor, organization)
    invitations = pending_invitations(request.actor, organization)
    if chosen.role_type is not None:
        members = members.filter(role=ROLES[chosen.role_type])
        invitations = invitations.filter(role=ROLES[chosen.role_type])
    if chosen.has_otp is not None:
        members = members.filter(Q(has_second_factor=chosen.has_otp))
    if chosen.is_suspended is not None:
        members = members.filter(suspended_at__isnull=not chosen.is_suspended)
    if chosen.user_ids:
        members = members.filter(person_id__in=chosen.user_ids)
    if chosen.team_ids:
        inside = TeamMember.objects.filter(team__organization=organization, team__in=chosen.team_ids)
        members = members.filter(pk__in=inside.values("membership_id"))
        wanted = set(chosen.team_ids)
        invited = [one.pk for one in invitations if wanted.intersection(one.teams)]
        invitations = invitations.filter(pk__in=invited)
    if chosen.state_in_account == "pending":
        members = members.none()
    if chosen.state_in_account == "valid" or chosen.has_otp or chosen.is_suspended or chosen.user_ids:
        invitations = invitations.none()
    return members, invitations


def _users_told(request: ApiRequest, organization: Organization, listed: list[Listed]) -> list[UserOut]:
    """One page of the list. The same few queries, whatever its length."""
    users = [one["user_id"] for one in listed if one["user_id"] is not None]
    members = members_of(request.actor, organization).select_related(None).select_related("person")
    members = members.only("role", "suspended_at", "person_id", *TOLD)
    if len(users) <= 1000:  # else it is the whole list, and a database takes only so many numbers at once
        members = members.filter(person_id__in=users)
    by_number = {one.person_id: one for one in members}
    given = organization.grants.filter(right=ACCOUNTING.code)
    allowed = {*given.values_list("membership_id", flat=True), *given.values_list("team__members", flat=True)}
    waiting = {one.pk: one for one in pending_invitations(request.actor, organization)}
    told: list[UserOut] = []
    for each in listed:
        if (member := by_number.get(each["user_id"] or 0)) is not None:
            billing = Role(member.role) in ACCOUNTING.roles or member.pk in allowed
            told.append(user_out(member, billing=billing))
        elif (invitation := waiting.get(each["invitation_id"] or 0)) is not None:
            told.append(invited_out(invitation))
    if "teams" in request.withs:
        teams = _teams_of_users(organization)
        for one in told:
            one["teams"] = teams.get(one["unique_key"], [])
    return told


def _teams_of_users(organization: Organization) -> dict[str, list[ShortTeamOut]]:
    """The teams of members and of those invited, by `unique_key`; two queries."""
    teams = {team.pk: team for team in organization.teams.all()}
    found: dict[str, list[ShortTeamOut]] = {}

    def add(key: str, number: int) -> None:
        if number in teams:
            found.setdefault(key, []).append(short_team(teams[number]))

    inside = TeamMember.objects.filter(team__organization=organization).order_by("team__name_key")
    for person_id, number in inside.values_list("membership__person_id", "team_id"):
        add(f"user-{person_id}", number)
    for invitation in organization.invitations.filter(accepted_at=None, revoked_at=None):
        for number in invitation.teams:
            add(f"invitation-{invitation.pk}", number)
    return found


@users_router.get(
    "/2/accounts/{account}/users",
    scopes=USERS_READ,
    lists=Lists(
        order={
            name: name
            for name in ("user_id", "display_name", "first_name", "last_name", "email", "role_type")
        },
        search=("display_name", "email"),
    ),
    withs=("teams",),
)
@exposes(members_of, pending_invitations)
def list_users(request: ApiRequest, account: int, query: UsersQuery) -> Rows[UserOut]:
    """List the people of an organization, and those invited."""
    organization = organization_by_id(request.actor, account)
    members, invitations = _chosen(request, organization, query.filter)
    return Rows(_listed(members, invitations), late=lambda listed: _users_told(request, organization, listed))


def _membership(request: ApiRequest, account: int, user: int) -> Membership:
    organization = organization_by_id(request.actor, account)
    return get_or_not_found(members_of(request.actor, organization), person_id=user)


@users_router.patch(
    "/2/accounts/{account}/users/{user}",
    scopes=USERS,
    errors=(OwnersOnly, LastOwner),
    example={"role_type": "normal"},
)
@exposes(change_role)
def change_user(request: ApiRequest, account: int, user: int, data: RoleIn) -> UserOut:
    """Give somebody another role. A new "normal" or "external" user starts without product access."""
    membership = _membership(request, account, user)
    change_role(request.actor, membership, role=ROLES[data.role_type])
    changed = _membership(request, account, user)
    return user_out(changed, billing=Role(changed.role) in ACCOUNTING.roles)


@users_router.post(
    "/2/accounts/{account}/users/{user}/unlock", scopes=USERS, errors=(NotLocked, OnlyInternal)
)
@exposes(unlock_member)
def unlock_user(request: ApiRequest, account: int, user: int) -> bool:
    """Unlock the account of an internal member that locked after wrong passwords; they are mailed who did it."""
    unlock_member(request.actor, _membership(request, account, user))
    return True


def _permissions(membership: Membership, search: str = "") -> list[PermissionOut]:
    return [
        {
            "right": answer.right.code,
            "label": str(answer.right.label),
            "on": f"{kind.label}: {place.label}" if kind.code else str(place.label),
            "product": place.product,
            "service_id": place.service_id,
            "resource": place.resource,
            "allowed": answer.decision.allowed,
            "because": [str(reason) for reason in answer.decision.because],
            "forbidden_by": str(answer.decision.forbidden_by),
        }
        for kind in what_they_can(membership, search=search, limit=MOST_PLACES)
        for place in kind.places
        for answer in place.answers
    ]


class PermissionsQuery(Query):
    """Which things to tell of."""

    search: str = ""


@users_router.get("/2/accounts/{account}/users/{user}/permissions", scopes=USERS_READ)
@exposes(what_they_can)
def list_permissions(
    request: ApiRequest, account: int, user: int, query: PermissionsQuery
) -> list[PermissionOut]:
    """List what somebody can do here: each right over the organization and over each kind of product, held or not, and
    those held on single things, each with where it comes from."""
    return _permissions(_membership(request, account, user), query.search)


@users_router.put(
    "/2/accounts/{account}/users/{user}/permissions",
    scopes=USERS,
    errors=(UnknownRight, AccessOfRole),
    example={"permissions": [{"right": "billing.accounting"}]},
)
@exposes(change_access)
def set_permissions(request: ApiRequest, account: int, user: int, data: PermissionsIn) -> list[PermissionOut]:
    """Replace what a "normal" or "external" user may use. What comes from teams stays."""
    membership = _membership(request, account, user)
    change_access(request.actor, membership, grants=[one.model_dump() for one in data.permissions])
    return _permissions(_membership(request, account, user))


class ChangeOut(TypedDict):
    """A right on a thing that would be gained or lost, or stays through another source."""

    change: Literal["gained", "lost", "stays"]
    right: str
    label: str
    on: str
    because: list[str]


@users_router.post(
    "/2/accounts/{account}/users/{user}/permissions/preview",
    scopes=USERS,
    errors=(UnknownRight, AccessOfRole),
    example={"permissions": [{"right": "billing.accounting"}]},
)
@exposes(what_would_change)
def preview_permissions(request: ApiRequest, account: int, user: int, data: PermissionsIn) -> list[ChangeOut]:
    """Tell what setting these permissions would give and take, and what stays through a team. Nothing is changed."""
    membership = _membership(request, account, user)
    grants = [one.model_dump() for one in data.permissions]
    dry_run(change_access, request.actor, membership, grants=grants)
    kept = [one | {"product": RIGHTS[one["right"]].product} for one in grants]
    return [
        {
            "change": told.change.value,
            "right": told.right.code,
            "label": str(told.right.label),
            "on": str(told.label),
            "because": [str(reason) for reason in told.because],
        }
        for told in what_would_change(membership, kept)
    ]


class HolderOut(TypedDict):
    """Somebody who has a right, and why."""

    user_id: int
    display_name: str
    role_type: RoleType
    allowed: bool
    because: list[str]
    forbidden_by: str


class HoldersQuery(Query):
    """Where: on a service, or a part of it; else on all of the right's kind of product."""

    service_id: Id | None = None
    resource: str = ""


@users_router.get("/2/accounts/{account}/rights/{right}/users", scopes=USERS_READ, lists=HOLDERS)
@exposes(who_can, why)
def list_holders(request: ApiRequest, account: int, right: str, query: HoldersQuery) -> Rows[HolderOut]:
    """List everybody who has this right there, each with the reason."""
    organization = organization_by_id(request.actor, account)
    asked = RIGHTS.get(right)
    if asked is None or asked.code in SPECIAL:
        raise NotFound(model="right")
    place = (asked.product, query.service_id if asked.product else None, query.resource)
    found = who_can(request.actor, organization, asked, place)
    if place[1] is not None and not things_at(organization, [place]):
        raise NotFound(model="product")

    remembered: dict[str, Any] = {}

    def out(membership: Membership) -> HolderOut:
        decision = why(membership, asked, place, remembered=remembered)
        return {
            "user_id": membership.person_id,
            "display_name": membership.person.display_name,
            "role_type": ROLE_TYPES[Role(membership.role)],  # type: ignore[typeddict-item]
            "allowed": decision.allowed,
            "because": [str(reason) for reason in decision.because],
            "forbidden_by": str(decision.forbidden_by),
        }

    return Rows(found, out)


# --- invitations -------------------------------------------------------------------------------------------


class InvitationOut(TypedDict):
    """An invitation. Its link is in the mail only."""

    id: int
    first_name: str
    last_name: str
    email: str
    strict: bool
    status: Literal["accepted", "cancelled", "pending", "rejected"]
    role_type: RoleType
    language_id: int
    locale: str
    account_id: int
    account_name: str
    has_ksuite: bool
    has_billing: bool
    has_billing_mailing: bool
    has_mailing: bool
    sent_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp
    expired_at: Timestamp | None
    url_accept: str
    teams: NotRequired[list[ShortTeamOut]]


class InvitationPermissions(Body):
    """What the invited person may do besides."""

    billing: bool = False


class InvitationIn(Body):
    """Whom to invite, to what, and in which language; without one in the organization's."""

    email: Annotated[str, Field(min_length=5, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    first_name: Annotated[str, Field(max_length=128)] = ""
    last_name: Annotated[str, Field(max_length=128)] = ""
    locale: Locale | None = None
    role_type: RoleType = "normal"
    permissions: InvitationPermissions = InvitationPermissions()
    grants: Annotated[list[GrantIn], Field(max_length=2000)] = []
    teams: Annotated[list[Id], Field(max_length=500)] = []


class InvitationChange(Body):
    """What an invitation gives; what is left out stays. `grants` names all rights, `has_billing` adds or takes one."""

    role_type: RoleType | None = None
    grants: Annotated[list[GrantIn], Field(max_length=2000)] | None = None
    has_billing: bool | None = None
    team_ids: Annotated[list[Id], Field(max_length=500)] | None = None
    language_id: int | None = None


def color_of(team: Team) -> int:
    """The interface shows teams in ten colours."""
    return team.pk % 10


def short_team(team: Team) -> ShortTeamOut:
    """A team as lists of people's teams tell it."""
    made = int(team.created_at.timestamp())
    return {
        "id": team.pk,
        "name": team.name,
        "color_id": color_of(team),
        "created_at": made,
        "updated_at": made,
    }


def teams_numbered(organization: Organization, numbers: Sequence[int]) -> list[Team]:
    """The teams of an organization with these numbers."""
    found = list(organization.teams.filter(pk__in=numbers))
    if len(found) != len(set(numbers)):
        raise invalid("teams", "One of the teams does not exist.")
    return found


def invitation_out(invitation: Invitation) -> InvitationOut:
    """An invitation as the API tells it."""
    language = reference.language_called(invitation.mail_language)
    sent = int(invitation.sent_at.timestamp())
    status: Literal["accepted", "cancelled", "pending"] = (
        "accepted" if invitation.accepted_at else "cancelled" if invitation.revoked_at else "pending"
    )
    return {
        "id": invitation.pk,
        "first_name": invitation.first_name,
        "last_name": invitation.last_name,
        "email": invitation.email,
        "strict": True,
        "status": status,
        "role_type": ROLE_TYPES[Role(invitation.role)],  # type: ignore[typeddict-item]
        "language_id": language["id"],
        "locale": language["locale"],
        "account_id": invitation.organization_id,
        "account_name": invitation.organization.name,
        "has_ksuite": False,
        "has_billing": any(grant["right"] == ACCOUNTING.code for grant in invitation.grants),
        "has_billing_mailing": False,
        "has_mailing": False,
        "sent_at": sent,
        "created_at": sent,
        "updated_at": sent,
        "expired_at": int((invitation.sent_at + INVITATION_LIFE).timestamp()),
        "url_accept": f"{config.web.address}/account/organizations",
    }


@invitations_router.get(
    "/1/accounts/{account}/invitations",
    scopes=USERS_READ,
    lists=Lists(order={"id": "pk"}, search=("email",)),
    withs=("teams",),
)
@exposes(pending_invitations)
def list_invitations(request: ApiRequest, account: int) -> Rows[InvitationOut]:
    """List the invitations that wait for an answer."""
    organization = organization_by_id(request.actor, account)
    teams = organization.teams.in_bulk() if "teams" in request.withs else {}

    def out(invitation: Invitation) -> InvitationOut:
        found = invitation_out(invitation)
        if "teams" in request.withs:
            found["teams"] = [short_team(teams[number]) for number in invitation.teams if number in teams]
        return found

    return Rows(pending_invitations(request.actor, organization), out)


@invitations_router.post(
    "/1/accounts/{account}/invitations",
    scopes=USERS,
    status=201,
    errors=(AlreadyMember, AlreadyInvited, OwnersOnly, UnknownRight, NotConfirmed, AccessOfRole, TooMany),
    example={"email": "lea@example.ch", "first_name": "Lea", "last_name": "Roth", "locale": "de_DE",
             "role_type": "normal"},
)  # fmt: skip
@exposes(invite_member)
def create_invitation(request: ApiRequest, account: int, data: InvitationIn) -> InvitationOut:
    """Invite somebody by mail. The link lives seven days and works for that address only."""
    role = ROLES[data.role_type]
    grants = [one.model_dump() for one in data.grants]
    if data.permissions.billing and role not in ACCOUNTING.roles:
        grants.append({"right": ACCOUNTING.code})
    organization = organization_by_id(request.actor, account)
    return invitation_out(
        invite_member(
            request.actor,
            organization,
            email=data.email,
            role=role,
            grants=grants,
            teams=teams_numbered(organization, data.teams),
            first_name=data.first_name,
            last_name=data.last_name,
            language=data.locale[:2] if data.locale else "",
        )
    )


def _invitation(request: ApiRequest, account: int, number: int) -> Invitation:
    return invitation_of(request.actor, organization_by_id(request.actor, account), number)


@invitations_router.get("/1/accounts/{account}/invitations/{invitation}", scopes=USERS_READ)
@exposes(invitation_of)
def read_invitation(request: ApiRequest, account: int, invitation: int) -> InvitationOut:
    """Read one invitation that waits."""
    return invitation_out(
        invitation_of(request.actor, organization_by_id(request.actor, account), invitation)
    )


@invitations_router.patch(
    "/1/accounts/{account}/invitations/{invitation}",
    scopes=USERS,
    errors=(InvitationGone, OwnersOnly, UnknownRight, AccessOfRole),
    example={"role_type": "normal", "has_billing": True},
)
@exposes(change_invitation)
def patch_invitation(
    request: ApiRequest, account: int, invitation: int, data: InvitationChange
) -> InvitationOut:
    """Change what an invitation that waits will give. The link in the mail stays good."""
    found = _invitation(request, account, invitation)
    role = ROLES[data.role_type] if data.role_type else None
    grants = None if data.grants is None else [one.model_dump() for one in data.grants]
    if data.has_billing is not None and (role or found.role) not in ACCOUNTING.roles:
        others = found.grants if grants is None else grants
        grants = [one for one in others if one["right"] != ACCOUNTING.code]
        grants += [{"right": ACCOUNTING.code}] if data.has_billing else []
    language = None
    if data.language_id is not None:
        if data.language_id not in reference.languages():
            raise not_among("language_id", reference.languages())
        language = reference.languages()[data.language_id]["short_name"]
    changed = change_invitation(
        request.actor,
        found,
        role=role,
        grants=grants,
        teams=None if data.team_ids is None else teams_numbered(found.organization, data.team_ids),
        language=language,
    )
    return invitation_out(changed)


@invitations_router.delete(
    "/1/accounts/{account}/invitations/{invitation}", scopes=USERS, errors=(InvitationGone,)
)
@exposes(revoke_invitation)
def delete_invitation(request: ApiRequest, account: int, invitation: int) -> bool:
    """Revoke an invitation; its link is dead."""
    revoke_invitation(request.actor, _invitation(request, account, invitation))
    return True


@invitations_router.post(
    "/1/accounts/{account}/invitations/{invitation}/send", scopes=USERS, errors=(InvitationGone, TooMany)
)
@exposes(resend_invitation)
def send_invitation(request: ApiRequest, account: int, invitation: int) -> InvitationOut:
    """Send an invitation again; the earlier link dies and the seven days begin anew."""
    return invitation_out(resend_invitation(request.actor, _invitation(request, account, invitation)))


class SecretIn(Body):
    """The last part of the link in the mail."""

    secret: Annotated[str, Field(min_length=1, max_length=100)]


@invitations_router.get("/2/profile/invitations", scopes=("user_info",))
@exposes(invitations_for)
def list_own_invitations(request: ApiRequest) -> list[InvitationOut]:
    """List what the token's person is invited to."""
    return [invitation_out(one) for one in invitations_for(person_of(request.actor))]


@invitations_router.post(
    "/2/profile/invitations/accept",
    scopes=("profile_update",),
    status=201,
    errors=(InvitationGone, InvitationForSomebodyElse),
    example={"secret": "the-last-part-of-the-link"},
)
@exposes(accept_invitation)
def accept_by_link(request: ApiRequest, data: SecretIn) -> AccountOut:
    """Join the organization of an invitation by its link."""
    joined = accept_invitation(request.actor, person_of(request.actor), secret=data.secret)
    return account_out(request, joined.organization, joined.role)


@invitations_router.post(
    "/2/profile/invitations/{invitation}/accept",
    scopes=("profile_update",),
    status=201,
    errors=(InvitationGone, NotConfirmed),
)
@exposes(accept_own_invitation)
def accept_from_list(request: ApiRequest, invitation: int) -> AccountOut:
    """Join the organization of an invitation from one's own list."""
    joined = accept_own_invitation(request.actor, person_of(request.actor), number=invitation)
    return account_out(request, joined.organization, joined.role)
