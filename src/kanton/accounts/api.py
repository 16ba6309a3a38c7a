"""One's own account by program: profile, addresses, tokens, activity."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired

from allauth.usersessions.models import UserSession
from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.actions import (
    NewToken,
    change_password,
    create_token,
    edit_profile,
    resend_confirmation,
    revoke_token,
)
from kanton.accounts.browsers import browser_of
from kanton.accounts.errors import (
    AlreadyConfirmed,
    NotConfirmed,
    UnknownChoice,
    UnknownScope,
    WeakPassword,
    WrongPassword,
)
from kanton.accounts.geo import place_of
from kanton.accounts.models import ApiToken, Person
from kanton.accounts.profile.pictures import picture_url
from kanton.accounts.queries import activity_of, is_protected, person_of, token_of, tokens_of
from kanton.activity.models import Activity
from kanton.config import config
from kanton.core import clock, reference
from kanton.core.api import ApiRequest, Body, Id, Lists, Query, Router, Rows, Timestamp, invalid
from kanton.core.api.errors import not_among
from kanton.core.parity import exposes
from kanton.core.reference import CountryOut, LanguageOut, TimezoneOut

router = Router("Profile")
tokens_router = Router("API tokens")

WITHS = ("emails", "phones", "preferences", "sessions")


class EmailOut(TypedDict):
    """An address of the account."""

    id: int
    email: str
    created_at: Timestamp
    reminder: bool
    checked: bool
    type: Literal["other", "personal", "professional"]


class PhoneOut(TypedDict):
    """A number of the account."""

    id: int
    phone: str
    created_at: Timestamp
    reminder: str
    checked: bool
    type: str


class SessionOut(TypedDict):
    """A browser in which the account is signed in."""

    browser: str
    last_accessed_at: Timestamp
    device: str
    location: str
    ip: str
    user_agent: str


class SecurityOut(TypedDict):
    """How the account is protected."""

    double_auth: bool
    last_login_at: Timestamp | None


class PreferencesOut(TypedDict):
    """Language and region."""

    security: SecurityOut
    language: LanguageOut
    country: CountryOut
    timezone: TimezoneOut


class ProfileOut(TypedDict):
    """The account behind the token."""

    id: int
    display_name: str
    first_name: str
    last_name: str
    email: str
    is_sso: bool
    avatar: str | None
    login: str
    is_confirmed: bool
    sessions: NotRequired[list[SessionOut]]
    preferences: NotRequired[PreferencesOut]
    phones: NotRequired[list[PhoneOut]]
    emails: NotRequired[list[EmailOut]]


class ProfileIn(Body):
    """What may be changed; what is left out stays. A new password needs the present one.

    `with_password` says what follows it: revoke the "app-passwords", give the "mailbox" of the address the same one.
    """

    firstname: Annotated[str | None, Field(max_length=80)] = None
    lastname: Annotated[str | None, Field(max_length=80)] = None
    email: Annotated[str | None, Field(max_length=254)] = None
    language_id: int | None = None
    locale: str | None = None
    country_id: int | None = None
    timezone: Annotated[str | None, Field(max_length=64)] = None
    timezone_id: int | None = None
    password: Annotated[str | None, Field(max_length=1000)] = None
    current_password: Annotated[str, Field(max_length=1000)] = ""
    with_password: list[Literal["app-passwords", "mailbox"]] = []


def emails_out(person: Person) -> list[EmailOut]:
    """The login address, then the recovery address if there is one."""
    since = clock.timestamp(person.created_at) or 0
    found: list[EmailOut] = [
        {"id": 1, "email": person.email, "created_at": since, "reminder": False, "checked": person.is_confirmed,
         "type": "personal"}
    ]  # fmt: skip
    if person.recovery_email:
        found.append(
            {"id": 2, "email": person.recovery_email, "created_at": since, "reminder": True, "checked": False,
             "type": "other"}
        )  # fmt: skip
    return found


def phones_out(person: Person) -> list[PhoneOut]:
    """The mobile number, if there is one."""
    if not person.phone:
        return []
    since = clock.timestamp(person.created_at) or 0
    return [
        {
            "id": 1,
            "phone": person.phone,
            "created_at": since,
            "reminder": "",
            "checked": False,
            "type": "mobile",
        }
    ]


def preferences_out(person: Person) -> PreferencesOut:
    """Language and region."""
    country = reference.countries()[reference.country_number(person.country)]
    protected = is_protected(person.pk)
    return {
        "security": {"double_auth": protected, "last_login_at": clock.timestamp(person.last_login)},
        "language": reference.language_called(person.language),
        "country": country,
        "timezone": reference.timezone_out(person.time_zone),
    }


def sessions_out(person: Person) -> list[SessionOut]:
    """The browsers that are signed in, the latest first."""
    sessions = UserSession.objects.filter(user=person).order_by("-last_seen_at")
    return [
        {"browser": browser.name, "last_accessed_at": int(one.last_seen_at.timestamp()),
         "device": browser.system, "location": place_of(one.ip), "ip": one.ip, "user_agent": one.user_agent}
        for one, browser in ((one, browser_of(one.user_agent)) for one in sessions)
    ]  # fmt: skip


def _absolute(url: str) -> str | None:
    return config.web.address + url if url else None


def profile_out(person: Person, withs: frozenset[str] = frozenset()) -> ProfileOut:
    """The account as the API tells it."""
    found: ProfileOut = {
        "id": person.pk,
        "display_name": person.display_name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "is_sso": not person.has_usable_password(),
        "avatar": _absolute(picture_url(person)),
        "login": person.email,
        "is_confirmed": person.is_confirmed,
    }
    if "sessions" in withs:
        found["sessions"] = sessions_out(person)
    if "preferences" in withs:
        found["preferences"] = preferences_out(person)
    if "phones" in withs:
        found["phones"] = phones_out(person)
    if "emails" in withs:
        found["emails"] = emails_out(person)
    return found


@router.get("/1/profile", scopes=("user_info",), withs=WITHS)
@router.get("/2/profile", scopes=("user_info",), withs=WITHS)
@exposes(person_of)
def read_profile(request: ApiRequest) -> ProfileOut:
    """Read the profile of the token's person."""
    return profile_out(person_of(request.actor), request.withs)


@router.patch(
    "/2/profile",
    scopes=("profile_update",),
    withs=WITHS,
    errors=(UnknownChoice, WrongPassword, WeakPassword),
    example={"firstname": "Lea", "lastname": "Roth", "locale": "de_DE", "timezone": "Europe/Zurich"},
)
@exposes(edit_profile, change_password)
def change_profile(request: ApiRequest, data: ProfileIn) -> ProfileOut:
    """Change name, language, country, time zone or password.

    The login e-mail is changed in the console, because the new address must be confirmed first; sending the present
    one is no change.
    """
    person = person_of(request.actor)
    if data.email is not None and data.email != person.email:
        raise invalid(
            "email", "The login e-mail is changed in the console: the new address must be confirmed."
        )
    changes = _profile_changes(data)
    if data.password is not None:
        person = change_password(
            request.actor,
            person,
            current_password=data.current_password,
            new_password=data.password,
            taken=data.with_password,
        )
    if changes:
        person = edit_profile(request.actor, person, **changes)
    return profile_out(person, request.withs)


def _profile_changes(data: ProfileIn) -> dict[str, str]:
    """The arguments of the action, numbers turned into codes."""
    changes: dict[str, str | None] = {"first_name": data.firstname, "last_name": data.lastname}
    if data.language_id is not None:
        if data.language_id not in reference.languages():
            raise not_among("language_id", reference.languages())
        changes["language"] = reference.languages()[data.language_id]["short_name"]
    elif data.locale is not None:
        changes["language"] = data.locale.partition("_")[0]
    if data.country_id is not None:
        code = reference.country_code(data.country_id)
        if code is None:
            raise invalid("country_id", "There is no country with this number.")
        changes["country"] = code
    if data.timezone_id is not None:
        zone = reference.timezone_name(data.timezone_id)
        if zone is None:
            raise invalid("timezone_id", "There is no time zone with this number.")
        changes["time_zone"] = zone
    elif data.timezone is not None:
        changes["time_zone"] = data.timezone
    return {name: value for name, value in changes.items() if value is not None}


@router.get("/2/profile/emails", scopes=("user_email",))
@exposes(person_of)
def list_emails(request: ApiRequest) -> list[EmailOut]:
    """List the addresses of the account: login and recovery."""
    return emails_out(person_of(request.actor))


@router.get("/2/profile/phones", scopes=("user_info",))
@exposes(person_of)
def list_phones(request: ApiRequest) -> list[PhoneOut]:
    """List the numbers of the account."""
    return phones_out(person_of(request.actor))


@router.post("/2/profile/confirmation", scopes=("profile_update",), errors=(AlreadyConfirmed,))
@exposes(resend_confirmation)
def send_confirmation(request: ApiRequest) -> bool:
    """Send the link that confirms the login e-mail again; the earlier link dies."""
    resend_confirmation(request.actor, person_of(request.actor))
    return True


class ActivityOut(TypedDict):
    """Something that happened."""

    id: int
    kind: str
    text: str
    actor: str
    user_id: int | None
    token: str | None
    account_id: int | None
    service_id: int | None
    product: str | None
    ip: str | None
    created_at: Timestamp


class ActivityFilter(Query):
    """Narrows the list."""

    kinds: list[str] = []
    products: list[str] = []
    user_ids: list[Id] = []


class ActivityQuery(Query):
    """`from` and `until` are instants; `until` is not included."""

    filter: ActivityFilter = ActivityFilter()
    since: int | None = Field(default=None, alias="from")
    until: int | None = None


ACTIVITY_LISTS = Lists(
    order={"created_at": "pk"}, default="-created_at", search=("search",), always_paged=True
)


def activity_out(row: Activity) -> ActivityOut:
    """A row of the log, its sentence in the language of the token's person."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "text": row.sentence,
        "actor": row.actor_label,
        "user_id": row.person_id,
        "token": row.token_name or None,
        "account_id": row.organization_id,
        "service_id": row.service_id,
        "product": row.product or None,
        "ip": row.address or None,
        "created_at": int(row.at.timestamp()),
    }


def narrowed_activity(rows: Any, query: ActivityQuery) -> Any:
    """The rows that the query asks for."""
    chosen = query.filter
    if chosen.kinds:
        rows = rows.filter(kind__in=chosen.kinds)
    if chosen.products:
        rows = rows.filter(product__in=chosen.products)
    if chosen.user_ids:
        rows = rows.filter(person_id__in=chosen.user_ids)
    if query.since is not None:
        rows = rows.filter(at__gte=_instant("from", query.since))
    if query.until is not None:
        rows = rows.filter(at__lt=_instant("until", query.until))
    return rows


def _instant(name: str, seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise invalid(name, "This is no instant in seconds since 1970.") from None


@router.get("/2/profile/activity", scopes=("user_info",), lists=ACTIVITY_LISTS)
@exposes(activity_of)
def list_own_activity(request: ApiRequest, query: ActivityQuery) -> Rows[ActivityOut]:
    """List what the account did and what was done to it, newest first."""
    return Rows(narrowed_activity(activity_of(request.actor), query), activity_out)


class TokenOut(TypedDict):
    """An API token. Its secret is told only when it is made."""

    id: int
    name: str
    hint: str
    scopes: list[str]
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None
    token: NotRequired[str]


class TokenIn(Body):
    """A new token."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=50)]
    current_password: Annotated[str, Field(max_length=1000)]
    expires_at: Annotated[int | None, Field(ge=0)] = None


def token_out(token: ApiToken) -> TokenOut:
    """A token without its secret."""
    return {
        "id": token.pk,
        "name": token.name,
        "hint": token.hint,
        "scopes": token.scopes,
        "created_at": int(token.created_at.timestamp()),
        "expires_at": clock.timestamp(token.expires_at),
        "last_used_at": clock.timestamp(token.last_used_at),
    }


@tokens_router.get(
    "/2/profile/tokens",
    scopes=("user_info",),
    lists=Lists(
        order={"id": "pk", "name": "name", "last_used_at": "last_used_at"}, default="-id", search=("name",)
    ),
)
@exposes(tokens_of)
def list_tokens(request: ApiRequest) -> Rows[TokenOut]:
    """List the API tokens that still open something."""
    return Rows(tokens_of(request.actor), token_out)


@tokens_router.post(
    "/2/profile/tokens",
    scopes=("profile_update",),
    status=201,
    errors=(WrongPassword, UnknownScope, NotConfirmed),
    example={"name": "DNS", "scopes": ["dns:write"], "current_password": "correct horse battery staple"},
)
@exposes(create_token)
def make_token(request: ApiRequest, data: TokenIn) -> TokenOut:
    """Make an API token; its secret is in this answer only.

    It never gets a scope that the asking token lacks.
    """
    until = None if data.expires_at is None else _instant("expires_at", data.expires_at)
    made: NewToken = create_token(
        request.actor,
        person_of(request.actor),
        name=data.name,
        scopes=data.scopes,
        current_password=data.current_password,
        expires_at=until,
    )
    return {**token_out(made.token), "token": made.secret}


@tokens_router.delete("/2/profile/tokens/{token_id}", scopes=("profile_update",))
@exposes(revoke_token)
def delete_token(request: ApiRequest, token_id: int) -> bool:
    """Revoke an API token; it is refused from its next use on."""
    revoke_token(request.actor, token_of(request.actor, token_id))
    return True
