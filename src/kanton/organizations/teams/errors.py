"""What can go wrong with teams."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class TeamNameMissing(DomainError):
    code, status, field = "teams.name_missing", 422, "name"
    message = _("A team needs a name.")


class TeamNameTaken(DomainError):
    code, status, field = "teams.name_taken", 409, "name"
    message = _("There is a team “%(name)s” already.")


class TooManyTeams(DomainError):
    code, status = "teams.too_many", 409
    message = _("An organization can have %(most)s teams. Delete one that nobody needs first.")
