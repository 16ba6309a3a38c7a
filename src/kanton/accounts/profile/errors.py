"""What can go wrong with a profile, in the words of its owner."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from kanton.accounts.ending import Obstacle
from kanton.core.errors import DomainError


class NotABirthDate(DomainError):
    """A day on which nobody who is alive was born."""

    code, status, field = "accounts.not_a_birth_date", 422, "born_on"
    message = _("This cannot be a date of birth. Leave the field empty if you do not want to tell it.")


class ExportUnderWay(DomainError):
    """A file is being made already."""

    code, status = "accounts.export_under_way", 409
    message = _("A file is being made already. A mail tells when it is ready.")


class AccountCannotEnd(DomainError):
    """Something must be settled before the account can be deleted (ACC-69, ACC-70)."""

    code, status = "accounts.cannot_end", 409
    message = "%(reasons)s"

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(reasons=" ".join(str(obstacle.text) for obstacle in obstacles))
