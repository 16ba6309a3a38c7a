"""Custom Brands by program."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Router, Timestamp, WishOut
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id
from kanton.products.brand.actions import check_brand, set_look
from kanton.products.brand.errors import BadAccent, NotRunning, UnreadableAccent
from kanton.products.brand.models import Brand
from kanton.products.brand.queries import brand_of, brands_of

router = Router("Accounts")
READ, WRITE = ("accounts:read", "accounts"), ("accounts",)
AT = "/2/accounts/{account}/brands"


class RecordOut(TypedDict):
    """The DNS record that proves control of the name."""

    name: str
    type: str
    value: str


class BrandOut(TypedDict):
    """A Custom Brand. The colour is six hex digits."""

    id: int
    host: str
    state: WishOut
    record: RecordOut
    proven_at: Timestamp | None
    live_at: Timestamp | None
    accent: str | None
    greeting: str
    sender: str
    reply_to: str | None


class LookIn(Body):
    """The whole look; what is left out goes back to the usual."""

    accent: Annotated[str, Field(max_length=7)] = ""
    greeting: Annotated[str, Field(max_length=160)] = ""
    sender: Annotated[str, Field(max_length=60)] = ""
    reply_to: Annotated[str, Field(max_length=254, pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$")] = ""


def brand_out(brand: Brand) -> BrandOut:
    """A brand as the API tells it."""
    return {
        "id": brand.service_id,
        "host": brand.host,
        "state": brand.service.wish_as_json(),  # type: ignore[typeddict-item]
        "record": {"name": brand.challenge, "type": "TXT", "value": brand.challenge_text},
        "proven_at": clock.timestamp(brand.proven_at),
        "live_at": clock.timestamp(brand.live_at),
        "accent": brand.accent or None,
        "greeting": brand.greeting,
        "sender": brand.sender,
        "reply_to": brand.reply_to or None,
    }


@router.get(AT, scopes=READ)
@exposes(brands_of)
def list_brands(request: ApiRequest, account: int) -> list[BrandOut]:
    """List the Custom Brands of an organization that you may see."""
    organization = organization_by_id(request.actor, account)
    return [brand_out(each) for each in brands_of(request.actor, organization)]


@router.get(f"{AT}/{{brand}}", scopes=READ)
@exposes(brand_of)
def read_brand(request: ApiRequest, account: int, brand: int) -> BrandOut:
    """Read one Custom Brand: where its proofs stand, and how it looks."""
    return brand_out(brand_of(request.actor, organization_by_id(request.actor, account), brand))


@router.put(
    f"{AT}/{{brand}}/look",
    scopes=WRITE,
    errors=(BadAccent, UnreadableAccent),
    example={"accent": "#0b686e", "greeting": "Welcome to Acme", "sender": "Acme", "reply_to": "it@acme.ch"},
)
@exposes(set_look)
def put_look(request: ApiRequest, account: int, brand: int, data: LookIn) -> BrandOut:
    """Choose colour, greeting and sender."""
    found = brand_of(request.actor, organization_by_id(request.actor, account), brand)
    return brand_out(set_look(request.actor, found, **data.model_dump()))


@router.post(f"{AT}/{{brand}}/check", scopes=WRITE, errors=(NotRunning,))
@exposes(check_brand)
def start_check(request: ApiRequest, account: int, brand: int) -> BrandOut:
    """Have the TXT record and the certificate looked at again now."""
    found = brand_of(request.actor, organization_by_id(request.actor, account), brand)
    check_brand(request.actor, found)
    return brand_out(found)
