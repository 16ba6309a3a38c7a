"""What must hold before somebody may leave by themselves (ORG-23…25). Rooms above register what they know of:

leaving.register("mail", find)      # Membership -> Iterable[Condition]: each one that is not met
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from kanton.core.rights import ADMINISTRATORS, Role
from kanton.organizations.models import Membership


@dataclass(frozen=True, slots=True)
class Condition:
    """Why somebody cannot leave yet, who can help, and where."""

    code: str
    text: Any
    url: str = ""
    label: Any = ""


Find = Callable[[Membership], Iterable[Condition]]
_known: dict[str, Find] = {}


def register(key: str, find: Find) -> None:
    """Called when Django starts."""
    _known[key] = find


def unmet(membership: Membership) -> list[Condition]:
    """Every condition that is not met, each with who can help."""
    return [condition for _key, find in sorted(_known.items()) for condition in find(membership)]


def helpers(membership: Membership) -> str:
    """The names of up to three others who administer the organization."""
    others = membership.organization.memberships.filter(role__in=ADMINISTRATORS, suspended_at=None)
    others = others.exclude(pk=membership.pk).select_related("person").order_by("joined_at", "pk")
    return ", ".join(other.person.display_name for other in others[:3])


def not_alone(membership: Membership) -> Iterator[Condition]:
    """Neither the last owner (ORG-23) nor the last user (ORG-24) may leave."""
    organization = membership.organization
    others = organization.memberships.exclude(pk=membership.pk)
    if not others.exists():
        yield Condition(
            "last_user",
            _("You are the only one in %(name)s. Delete the organization instead.") % {"name": organization},
            reverse("closing:delete", args=[organization.slug]),
            _("Delete the organization"),
        )
    elif (
        membership.role == Role.OWNER
        and not others.filter(role=Role.OWNER, suspended_at=None, person__is_active=True).exists()
    ):
        yield Condition(
            "last_owner",
            _("You are the last owner of %(name)s. Make another member an owner first.")
            % {"name": organization},
            reverse("organizations:people", args=[organization.slug]),
            _("Choose an owner"),
        )
