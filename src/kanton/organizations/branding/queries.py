"""Reads of the look of an organization."""

from __future__ import annotations

from dataclasses import dataclass

from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.organizations.branding.models import Before, Logo
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.organizations.rights import BRANDING
from kanton.organizations.shell import logo_address


@dataclass(frozen=True)
class Look:
    """How an organization looks, and whether the last change can be undone."""

    corner: str
    initials: str
    own_initials: str
    colour: str
    square_url: str
    wide_url: str
    can_undo: bool

    @property
    def is_usual(self) -> bool:
        """Nothing was chosen yet."""
        return not (self.own_initials or self.colour or self.square_url or self.wide_url)


def look_of(actor: Actor, organization: Organization) -> Look:
    """The look, for those who may change it (ORG-92)."""
    require(actor, BRANDING, organization)
    return Look(
        corner=organization.corner,
        initials=organization.initials,
        own_initials=organization.own_initials,
        colour=organization.initials_colour,
        square_url=logo_address(organization.logo_key),
        wide_url=logo_address(organization.wide_logo_key),
        can_undo=Before.objects.filter(organization=organization).exists(),
    )


def logo_by_key(key: str) -> Logo:
    """The logo behind an address, or NotFound. Who knows the address may see it."""
    return get_or_not_found(Logo.objects.all(), key=key)
