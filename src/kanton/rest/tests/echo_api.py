"""Routes for tests of the front door: they say what they were given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.queries import person_of
from kanton.core.action import note_cost, note_irreversible, observed
from kanton.core.api import ANY, ApiRequest, Body, Lists, Query, Router, Rows
from kanton.core.money import Money
from kanton.organizations.actions import create_organization, edit_details
from kanton.organizations.models import Organization
from kanton.organizations.queries import organization_by_id

router = Router("Echo")


class EchoIn(Body):
    name: str
    size: Annotated[int, Field(ge=1)]
    colour: Literal["red", "green"] = "red"
    ratio: float = 1.0


class EchoOut(TypedDict):
    name: str
    size: int
    colour: str
    extra: NotRequired[str]


class RowOut(TypedDict):
    id: int
    name: str


class RowFilter(Query):
    sizes: list[int] = []
    name: str | None = None


class RowsQuery(Query):
    filter: RowFilter = RowFilter()
    kind: Literal["a", "b"] | None = None


def echo(request: ApiRequest, data: EchoIn) -> EchoOut:
    """Say what came in."""
    out: EchoOut = {"name": data.name, "size": data.size, "colour": data.colour}
    if request.wants("extra"):
        out["extra"] = "yes"
    return out


def delete_echo(request: ApiRequest, number: int) -> int:
    """Say which number came in."""
    return number


def broken(request: ApiRequest) -> str:
    """Break."""
    raise RuntimeError("secret detail")


def rows(request: ApiRequest, query: RowsQuery) -> Rows[RowOut]:
    """List sixty rows."""
    found: list[RowOut] = [{"id": number, "name": f"row {number % 7}"} for number in range(60)]
    if query.filter.sizes:
        found = [row for row in found if row["id"] in query.filter.sizes]
    return Rows(found)


def newer(request: ApiRequest) -> str:
    """Answer with a newer version."""
    return "newer"


class NameIn(Body):
    name: Annotated[str, Field(max_length=120)]


class OrganizationOut(TypedDict):
    id: int
    name: str
    city: NotRequired[str]


def organization_out(organization: Organization, request: ApiRequest) -> OrganizationOut:
    out: OrganizationOut = {"id": organization.pk, "name": organization.name}
    if request.wants("city"):
        out["city"] = organization.city
    return out


def read_organization(request: ApiRequest, number: int) -> OrganizationOut:
    """Read an organization."""
    return organization_out(organization_by_id(request.actor, number), request)


def rename_organization(request: ApiRequest, number: int, data: NameIn) -> OrganizationOut:
    """Rename an organization."""
    organization = organization_by_id(request.actor, number)
    return organization_out(edit_details(request.actor, organization, details={"name": data.name}), request)


def create_organization_(request: ApiRequest, data: NameIn) -> OrganizationOut:
    """Found an organization."""
    person = person_of(request.actor)
    return organization_out(create_organization(request.actor, person, name=data.name), request)


def remove_organization(request: ApiRequest, number: int) -> bool:
    """Rename it and say that this is final: a stand-in for what costs money and destroys data."""
    organization = organization_by_id(request.actor, number)
    with observed_or_running():
        edit_details(request.actor, organization, details={"name": "gone"})
        note_cost("Removal", Money(PRICE[0], "CHF"))
        note_irreversible("All of it is lost.")
    return True


PRICE = [500]


@contextmanager
def observed_or_running() -> Iterator[None]:
    """Notes need somebody who listens."""
    from kanton.core.action import _running

    if _running.get() is not None:
        yield
    else:
        with observed():
            yield


def register() -> None:
    """Make them known."""
    router.post("/9/echo", scopes=ANY, withs=("extra",))(echo)
    router.delete("/9/echo/{number}", scopes=ANY)(delete_echo)
    router.get("/9/ping", public=True)(newer)
    router.get("/9/organizations/{number}", scopes=ANY, withs=("city",))(read_organization)
    router.put("/9/organizations/{number}", scopes=ANY)(rename_organization)
    router.post("/9/organizations", scopes=ANY, status=201)(create_organization_)
    router.delete("/9/organizations/{number}", scopes=ANY, needs_confirmation=True)(remove_organization)
    router.get("/9/broken", scopes=ANY)(broken)
    router.get("/9/rows", scopes=ANY, lists=Lists(order={"id": "id", "name": "name"}, search=("name",)))(rows)
