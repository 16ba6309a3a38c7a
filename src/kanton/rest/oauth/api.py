"""Applications by program: those of an organization, and what one has allowed oneself."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.errors import UnknownScope, WrongPassword
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Lists, Router, Rows, Timestamp
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id
from kanton.rest.oauth.actions import (
    Registered,
    delete_application,
    edit_application,
    register_application,
    rotate_secret,
    withdraw,
)
from kanton.rest.oauth.errors import BadRedirect, MachineNeedsSecret, NoSecret, RedirectMissing
from kanton.rest.oauth.models import Application, Consent
from kanton.rest.oauth.queries import application_of, applications_of, consent_of, consents_of

router = Router("Applications")
READ, WRITE = ("accounts",), ("accounts",)
ALL = "/2/accounts/{account}/applications"
ONE = f"{ALL}/{{application}}"


class ApplicationOut(TypedDict):
    """An application that may ask people for access. Its secret is told only when it is made."""

    id: int
    name: str
    client_id: str
    is_confidential: bool
    is_device: bool
    is_machine: bool
    acts_for: int | None
    secret_hint: str
    redirect_uris: list[str]
    scopes: list[str]
    created_at: Timestamp
    client_secret: NotRequired[str]


class ApplicationChange(Body):
    """What may be changed later. What is left out of the lists is taken away."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=50)]
    redirect_uris: Annotated[list[str], Field(max_length=50)] = []
    is_device: bool = False
    current_password: Annotated[str, Field(max_length=1000)] = ""


class ApplicationIn(ApplicationChange):
    """A new application."""

    is_confidential: bool = False
    is_machine: bool = False


class PasswordIn(Body):
    """The login password again."""

    current_password: Annotated[str, Field(max_length=1000)] = ""


class ConsentOut(TypedDict):
    """What an application may do in one's name."""

    id: int
    application: str
    client_id: str
    account_id: int
    scopes: list[str]
    granted_at: Timestamp
    last_used_at: Timestamp | None


def application_out(application: Application) -> ApplicationOut:
    """An application without its secret."""
    return {
        "id": application.pk,
        "name": application.name,
        "client_id": application.client_id,
        "is_confidential": application.is_confidential,
        "is_device": application.is_device,
        "is_machine": application.is_machine,
        "acts_for": application.acts_for_id,
        "secret_hint": application.secret_hint,
        "redirect_uris": application.redirect_uris,
        "scopes": application.scopes,
        "created_at": int(application.created_at.timestamp()),
    }


def registered_out(made: Registered) -> ApplicationOut:
    """An application with its secret, if it has one."""
    found = application_out(made.application)
    return {**found, "client_secret": made.secret} if made.secret else found


def consent_out(consent: Consent) -> ConsentOut:
    """A consent as the API tells it."""
    return {
        "id": consent.pk,
        "application": consent.application.name,
        "client_id": consent.application.client_id,
        "account_id": consent.application.organization_id,
        "scopes": consent.scopes,
        "granted_at": int(consent.granted_at.timestamp()),
        "last_used_at": clock.timestamp(consent.last_used_at),
    }


def _application(request: ApiRequest, account: int, number: int) -> Application:
    return application_of(request.actor, organization_by_id(request.actor, account), number)


@router.get(ALL, scopes=READ, lists=Lists(order={"name": "name", "id": "pk"}, search=("name",)))
@exposes(applications_of)
def list_applications(request: ApiRequest, account: int) -> Rows[ApplicationOut]:
    """List the applications of an organization."""
    organization = organization_by_id(request.actor, account)
    return Rows(applications_of(request.actor, organization), application_out)


@router.post(
    ALL,
    scopes=WRITE,
    status=201,
    errors=(WrongPassword, UnknownScope, BadRedirect, RedirectMissing, MachineNeedsSecret),
    example={
        "name": "Intranet",
        "scopes": ["openid", "profile", "email"],
        "redirect_uris": ["https://intranet.example.ch/callback"],
        "is_confidential": True,
        "current_password": "correct horse battery staple",
    },
)
@exposes(register_application)
def create_application(request: ApiRequest, account: int, data: ApplicationIn) -> ApplicationOut:
    """Register an application; its secret is in this answer only."""
    organization = organization_by_id(request.actor, account)
    return registered_out(register_application(request.actor, organization, **data.model_dump()))


@router.get(ONE, scopes=READ)
@exposes(application_of)
def read_application(request: ApiRequest, account: int, application: int) -> ApplicationOut:
    """Read one application."""
    return application_out(_application(request, account, application))


@router.put(ONE, scopes=WRITE, errors=(WrongPassword, UnknownScope, BadRedirect, RedirectMissing))
@exposes(edit_application)
def change_application(
    request: ApiRequest, account: int, application: int, data: ApplicationChange
) -> ApplicationOut:
    """Change an application; whoever allowed it is asked again."""
    found = _application(request, account, application)
    return application_out(edit_application(request.actor, found, **data.model_dump()))


@router.post(f"{ONE}/secret", scopes=WRITE, errors=(WrongPassword, NoSecret))
@exposes(rotate_secret)
def make_secret(request: ApiRequest, account: int, application: int, data: PasswordIn) -> ApplicationOut:
    """Make a new secret; the old one ends at once, and the new one is in this answer only."""
    found = _application(request, account, application)
    return registered_out(rotate_secret(request.actor, found, current_password=data.current_password))


@router.delete(ONE, scopes=WRITE)
@exposes(delete_application)
def remove_application(request: ApiRequest, account: int, application: int) -> bool:
    """Delete an application with all that it was allowed."""
    delete_application(request.actor, _application(request, account, application))
    return True


@router.get("/2/profile/applications", scopes=("user_info",), lists=Lists(order={"id": "pk"}, default="-id"))
@exposes(consents_of)
def list_consents(request: ApiRequest) -> Rows[ConsentOut]:
    """List the applications that may act in one's name."""
    return Rows(consents_of(request.actor), consent_out)


@router.get("/2/profile/applications/{consent}", scopes=("user_info",))
@exposes(consent_of)
def read_consent(request: ApiRequest, consent: int) -> ConsentOut:
    """Read what one application may do."""
    return consent_out(consent_of(request.actor, consent))


@router.delete("/2/profile/applications/{consent}", scopes=("profile_update",))
@exposes(withdraw)
def remove_consent(request: ApiRequest, consent: int) -> bool:
    """Take an application's access away, from its next request on."""
    withdraw(request.actor, consent_of(request.actor, consent))
    return True
