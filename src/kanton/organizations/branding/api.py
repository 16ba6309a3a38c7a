"""The look of an organization by program."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.config import config
from kanton.core import pictures
from kanton.core.api import ApiRequest, Body, Router, from_base64
from kanton.core.parity import exposes
from kanton.organizations.branding import logos
from kanton.organizations.branding.actions import (
    remove_wide_logo,
    reset_branding,
    set_corner,
    set_wide_logo,
    undo_branding,
)
from kanton.organizations.branding.errors import (
    BadColour,
    BadInitials,
    LogoMissing,
    NothingToUndo,
    WideLogoMissing,
)
from kanton.organizations.branding.queries import look_of
from kanton.organizations.models import Organization
from kanton.organizations.queries import organization_by_id

router = Router("Accounts")
SCOPES = ("accounts",)
AT = "/2/accounts/{account}/branding"
EXAMPLE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class BrandingOut(TypedDict):
    """How an organization looks. Colours are six hex digits."""

    corner: Literal["initials", "initials_wide", "logo"]
    initials: str
    colour: str | None
    logo: str | None
    logo_square: str | None
    can_undo: bool


class CornerIn(Body):
    """What stands in the top left corner of the Manager. `logo_square` is a file in Base64; left out, the present one
    stays."""

    corner: Literal["initials", "initials_wide", "logo"]
    initials: Annotated[str, Field(max_length=12)] = ""
    colour: Annotated[str, Field(max_length=7)] = ""
    logo_square: Annotated[str | None, Field(min_length=1)] = None


class LogoIn(Body):
    """A PNG, JPEG or WebP in Base64."""

    logo: Annotated[str, Field(min_length=1)]


def _out(request: ApiRequest, organization: Organization) -> BrandingOut:
    look = look_of(request.actor, organization)
    base = config.web.address
    return {
        "corner": look.corner,  # type: ignore[typeddict-item]
        "initials": look.initials,
        "colour": look.colour or None,
        "logo": base + look.wide_url if look.wide_url else None,
        "logo_square": base + look.square_url if look.square_url else None,
        "can_undo": look.can_undo,
    }


@router.get(AT, scopes=SCOPES)
@exposes(look_of)
def read_branding(request: ApiRequest, account: int) -> BrandingOut:
    """Read the logos and initials of an organization."""
    return _out(request, organization_by_id(request.actor, account))


@router.put(
    f"{AT}/corner",
    scopes=SCOPES,
    errors=(*pictures.REFUSALS, BadColour, BadInitials, LogoMissing, WideLogoMissing),
    example={"corner": "initials", "initials": "AC", "colour": "#0b686e"},
)
@exposes(set_corner)
def put_corner(request: ApiRequest, account: int, data: CornerIn) -> BrandingOut:
    """Choose what stands in the top left corner of the Manager."""
    organization = organization_by_id(request.actor, account)
    sent = data.logo_square
    changed = set_corner(
        request.actor,
        organization,
        corner=data.corner,
        initials=data.initials,
        colour=data.colour,
        square_logo=logos.square(from_base64("logo_square", sent)) if sent else None,
    )
    return _out(request, changed)


@router.put(f"{AT}/logo", scopes=SCOPES, errors=pictures.REFUSALS, example={"logo": EXAMPLE})
@exposes(set_wide_logo)
def put_logo(request: ApiRequest, account: int, data: LogoIn) -> BrandingOut:
    """Set the rectangular logo of the apps. The body of a call is limited; the page takes larger files."""
    organization = organization_by_id(request.actor, account)
    drawn = logos.wide(from_base64("logo", data.logo))
    return _out(request, set_wide_logo(request.actor, organization, logo=drawn))


@router.delete(f"{AT}/logo", scopes=SCOPES)
@exposes(remove_wide_logo)
def delete_logo(request: ApiRequest, account: int) -> BrandingOut:
    """Remove the rectangular logo."""
    return _out(request, remove_wide_logo(request.actor, organization_by_id(request.actor, account)))


@router.delete(AT, scopes=SCOPES)
@exposes(reset_branding)
def delete_branding(request: ApiRequest, account: int) -> BrandingOut:
    """Go back to the usual look."""
    return _out(request, reset_branding(request.actor, organization_by_id(request.actor, account)))


@router.post(f"{AT}/undo", scopes=SCOPES, errors=(NothingToUndo,))
@exposes(undo_branding)
def undo(request: ApiRequest, account: int) -> BrandingOut:
    """Bring back the look before the last change."""
    return _out(request, undo_branding(request.actor, organization_by_id(request.actor, account)))
