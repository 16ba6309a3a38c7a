"""What the frame around every page asks about organizations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kanton.core.addresses import address
from kanton.core.rights import Right, Role
from kanton.organizations.models import Corner, Organization, initials_of
from kanton.organizations.queries import invitations_for, switchable
from kanton.ui.home import Attention
from kanton.ui.shell import ShellOrganization


def organization_of(request: HttpRequest) -> ShellOrganization | None:
    """The organization in the page's address (ORG-20)."""
    organization = getattr(request, "organization", None)
    return shown(organization) if organization is not None else None


def organizations_of(request: HttpRequest) -> Sequence[ShellOrganization]:
    """What the switcher lists, with the role in each (ORG-17). One query, made when the menu is drawn."""
    actor = getattr(request, "actor", None)
    if actor is None or not actor.is_signed_in:
        return ()
    language = get_language()
    return [
        ShellOrganization(
            name=one.name,
            slug=one.slug,
            initials=one.own_initials or initials_of(one.name),
            colour=one.initials_colour,
            logo_url=logo_address(one.logo_key) if one.corner == Corner.LOGO else "",
            role=_role(one.role, language),
        )
        for one in switchable(actor)
    ]


@lru_cache(maxsize=64)
def _role(role: str, _language: str | None) -> str:
    return str(Role(role).label)


def may(right: Right) -> Any:
    """For navigation entries: shown to those with the right in the organization of the page."""

    def shown(request: HttpRequest) -> bool:
        organization = getattr(request, "organization", None)
        return organization is not None and request.actor.has_right(right, organization)  # type: ignore[attr-defined]

    return shown


def waiting_invitations(request: HttpRequest) -> Iterator[Attention]:
    """For the start page: invitations to this person."""
    if request.user.is_authenticated:
        for invitation in invitations_for(request.user):
            text = _("You are invited to the organization %(name)s.") % {"name": invitation.organization.name}
            yield Attention(
                text, reverse("organizations:mine"), _("Look at the invitation"), kind="note", order=20
            )


def shown(organization: Organization, role: Any = "") -> ShellOrganization:
    """An organization as the frame and its lists show it."""
    corner = organization.corner
    return ShellOrganization(
        name=organization.name,
        slug=organization.slug,
        initials=organization.initials,
        colour=organization.initials_colour,
        logo_url=logo_address(organization.logo_key) if corner == Corner.LOGO else "",
        wide_logo_url=logo_address(organization.wide_logo_key) if corner == Corner.INITIALS_WIDE else "",
        role=role,
        accent=organization.accent,
    )


def logo_address(key: str) -> str:
    """Where the logo with this key is served; "" without one."""
    return address("branding:file", key) if key else ""
