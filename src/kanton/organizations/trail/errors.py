"""What can go wrong with the daily proof."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class NotAnOwner(DomainError):
    code, status, field = "trail.not_an_owner", 422, "readers"
    message = _("Only owners of the organization can get the daily proof.")


class UnknownFormat(DomainError):
    code, status, field = "trail.unknown_format", 422, "format"
    message = _("This file format is not offered.")
