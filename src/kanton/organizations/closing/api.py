"""The end of an organization by program."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.errors import WrongPassword
from kanton.config import config
from kanton.core.api import ApiRequest, Body, Router
from kanton.core.parity import exposes
from kanton.organizations.closing.actions import delete_organization
from kanton.organizations.closing.errors import CannotDelete, NameDiffers
from kanton.organizations.closing.queries import obstacles_to_deletion
from kanton.organizations.queries import organization_by_id

router = Router("Accounts")


class UnmetOut(TypedDict):
    """What must be settled first, and where."""

    text: str
    url: str


class DeletionIn(Body):
    """The name of the organization and the login password of its owner; whether products that still run are stopped,
    and what is still asked for, such as "invoices": all paid ones by mail."""

    name: Annotated[str, Field(max_length=120)]
    current_password: Annotated[str, Field(max_length=1000)] = ""
    stop_products: bool = False
    partings: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)] = []


@router.get("/2/accounts/{account}/deletion", scopes=("accounts",))
@exposes(obstacles_to_deletion)
def read_deletion(request: ApiRequest, account: int) -> list[UnmetOut]:
    """List what must be settled before the organization can be deleted. Products that it can stop are not among it."""
    organization = organization_by_id(request.actor, account)
    return [
        {"text": str(one.text), "url": config.web.address + one.url}
        for one in obstacles_to_deletion(request.actor, organization)
    ]


@router.post(
    "/2/accounts/{account}/deletion",
    scopes=("accounts",),
    errors=(WrongPassword, NameDiffers, CannotDelete),
    needs_confirmation=True,
    example={"name": "Acme", "current_password": "correct horse battery staple"},
)
@exposes(delete_organization)
def make_deletion(request: ApiRequest, account: int, data: DeletionIn) -> bool:
    """Delete an organization in which everything is settled, for good."""
    organization = organization_by_id(request.actor, account)
    delete_organization(
        request.actor,
        organization,
        name=data.name,
        current_password=data.current_password,
        stop_products=data.stop_products,
        partings=data.partings,
    )
    return True
