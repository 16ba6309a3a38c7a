"""What can go wrong when an organization is deleted."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from kanton.accounts.ending import Obstacle
from kanton.core.errors import DomainError


class CannotDelete(DomainError):
    """Something is not settled yet (ORG-27)."""

    code, status = "organizations.cannot_delete", 409
    message = "%(reasons)s"

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(reasons=" ".join(str(obstacle.text) for obstacle in obstacles))


class NameDiffers(DomainError):
    """The typed name is not that of the organization (ORG-34)."""

    code, status, field = "organizations.name_differs", 422, "name"
    message = _("This is not the name of the organization: “%(name)s”.")
