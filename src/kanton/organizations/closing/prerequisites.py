"""What must be settled before an organization can be deleted (ORG-27). Rooms above register what they know of:

prerequisites.register("invoices", unpaid)      # Organization -> Iterable[Obstacle]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kanton.accounts.ending import Obstacle
from kanton.organizations.models import Organization

Unmet = Callable[[Organization], Iterable[Obstacle]]
_known: dict[str, Unmet] = {}


def register(key: str, unmet: Unmet) -> None:
    """Called when Django starts."""
    _known[key] = unmet


def unmet(organization: Organization) -> list[Obstacle]:
    """Everything that is not settled yet, each with the page where it is. Not what the deletion itself can stop
    (`steps.stoppable`, ORG-31)."""
    return [obstacle for _key, find in sorted(_known.items()) for obstacle in find(organization)]


def still_running(organization: Organization, number: int) -> Obstacle:
    """Products that have not ended."""
    return Obstacle(
        ngettext(
            "%(number)s product still runs. Cancel it first.",
            "%(number)s products still run. Cancel them first.",
            number,
        )
        % {"number": number},
        f"/o/{organization.slug}/",
        _("Open the products"),
    )


def other_people(organization: Organization) -> Iterator[Obstacle]:
    """All other users must be removed first."""
    number = organization.memberships.count() - 1
    if number > 0:
        yield Obstacle(
            ngettext(
                "%(number)s other person belongs to it. Remove them first.",
                "%(number)s other people belong to it. Remove them first.",
                number,
            )
            % {"number": number},
            reverse("organizations:people", args=[organization.slug]),
            _("Open People"),
        )
