"""Every change of the look of an organization. Each can be undone once."""

from __future__ import annotations

import unicodedata
from typing import Any

from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.secrets import new_token
from kanton.organizations.branding.activity import Happened
from kanton.organizations.branding.errors import (
    BadColour,
    BadInitials,
    LogoMissing,
    NothingToUndo,
    WideLogoMissing,
)
from kanton.organizations.branding.logos import Drawn
from kanton.organizations.branding.models import Before, Logo, Shape
from kanton.organizations.models import Corner, Organization
from kanton.organizations.rights import BRANDING
from kanton.ui.brand import six_digits

LOOK = ("corner", "own_initials", "initials_colour", "logo_key", "wide_logo_key")
USUAL = dict.fromkeys(LOOK, "") | {"corner": Corner.INITIALS.value}
MOST_INITIALS = 3


@action(right=BRANDING)
def set_corner(
    actor: Actor,
    organization: Organization,
    *,
    corner: str,
    initials: str = "",
    colour: str = "",
    square_logo: Drawn | None = None,
) -> Organization:
    """Choose what stands in the top left corner of the Manager (ORG-93).

    Empty initials are those of the name, an empty colour is the usual one. Without a new square logo, the present
    one stays.
    """
    organization = _begin(organization)
    look = {
        "corner": Corner(corner).value,
        "own_initials": _initials(initials),
        "initials_colour": _colour(colour),
    }
    if square_logo is not None:
        look["logo_key"] = _keep(organization, Shape.SQUARE, square_logo)
    elif corner == Corner.LOGO and not organization.logo_key:
        raise LogoMissing
    if corner == Corner.INITIALS_WIDE and not organization.wide_logo_key:
        raise WideLogoMissing
    _dress(organization, look)
    record(actor, Happened.CORNER_CHANGED, organization, corner=look["corner"])
    return organization


@action(right=BRANDING)
def set_wide_logo(actor: Actor, organization: Organization, *, logo: Drawn) -> Organization:
    """Show this rectangular logo in the apps, and in the Manager where it is chosen there (ORG-94)."""
    organization = _begin(organization)
    _dress(organization, {"wide_logo_key": _keep(organization, Shape.WIDE, logo)})
    record(actor, Happened.LOGO_CHANGED, organization)
    return organization


@action(right=BRANDING)
def remove_wide_logo(actor: Actor, organization: Organization) -> Organization:
    """Show no rectangular logo any more; a corner that showed it has the name again (ORG-95)."""
    organization = _begin(organization)
    look = {"wide_logo_key": ""}
    if organization.corner == Corner.INITIALS_WIDE:
        look["corner"] = Corner.INITIALS.value
    _dress(organization, look)
    record(actor, Happened.LOGO_REMOVED, organization)
    return organization


@action(right=BRANDING)
def reset_branding(actor: Actor, organization: Organization) -> Organization:
    """Back to the usual look: initials of the name, no logo."""
    organization = _begin(organization)
    _dress(organization, USUAL)
    record(actor, Happened.RESET, organization)
    return organization


@action(right=BRANDING)
def undo_branding(actor: Actor, organization: Organization) -> Organization:
    """Bring back the look before the last change. Undoing again brings back the change."""
    organization = _begin(organization)
    before = Before.objects.filter(organization=organization).first()
    if before is None:
        raise NothingToUndo
    _dress(organization, before.look)
    record(actor, Happened.UNDONE, organization)
    return organization


def _begin(organization: Organization) -> Organization:
    """The row as it is now, locked: two changes at once must not lose a logo."""
    return Organization.objects.select_for_update().get(pk=organization.pk)


def _dress(organization: Organization, look: dict[str, Any]) -> None:
    """Take the new look, remember the old one, and forget the logos that neither of them shows."""
    before = {name: getattr(organization, name) for name in LOOK}
    for name, value in look.items():
        setattr(organization, name, value)
    organization.save(update_fields=list(look))
    Before.objects.update_or_create(
        organization=organization, defaults={"look": before, "changed_at": clock.now()}
    )
    shown = {
        before["logo_key"], before["wide_logo_key"], organization.logo_key, organization.wide_logo_key,
    }  # fmt: skip
    Logo.objects.filter(organization=organization).exclude(key__in=shown).delete()


def _keep(organization: Organization, shape: Shape, drawn: Drawn) -> str:
    """The key of the new logo."""
    logo = Logo.objects.create(
        organization=organization,
        shape=shape,
        key=new_token(),
        content=drawn.content,
        width=drawn.width,
        height=drawn.height,
    )
    return logo.key


def _initials(text: str) -> str:
    """One to three characters that can be seen, or none; a letter and its accents are one (ORG-96)."""
    text = unicodedata.normalize("NFC", text.strip())
    signs = [sign for sign in text if not unicodedata.combining(sign)]
    if text and (len(signs) > MOST_INITIALS or len(text) > 4 * MOST_INITIALS or not _are_visible(text)):
        raise BadInitials
    return text


def _are_visible(text: str) -> bool:
    # Letters, digits, accents, and what names are written with, such as & and +.
    kinds = [unicodedata.category(sign) for sign in text]
    return all(kind[0] in "LNMPS" for kind in kinds) and any(kind[0] in "LNS" for kind in kinds)


def _colour(text: str) -> str:
    """Six hex digits, or none. Any colour will do: the ink of the initials is chosen so that it reads (ui/brand.py)."""
    wanted = six_digits(text)
    if wanted is None:
        raise BadColour
    return wanted
