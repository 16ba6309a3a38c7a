"""What can go wrong with the look of an organization."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class LogoMissing(DomainError):
    """The corner is to show a square logo, and there is none."""

    code, status, field = "branding.logo_missing", 422, "square_logo"
    message = _("Send a square logo, or choose initials.")


class WideLogoMissing(DomainError):
    """The corner is to show the rectangular logo, and there is none (ORG-95)."""

    code, status, field = "branding.wide_logo_missing", 422, "corner"
    message = _("There is no rectangular logo yet. Send it under “Logo in the apps” first.")


class BadInitials(DomainError):
    """More than three characters, or some that cannot be seen (ORG-96)."""

    code, status, field = "branding.bad_initials", 422, "initials"
    message = _("Initials are one to three letters or digits.")


class BadColour(DomainError):
    """Not a colour."""

    code, status, field = "branding.bad_colour", 422, "colour"
    message = _("Write the colour as # and six digits from 0 to f, such as #0b686e.")


class NothingToUndo(DomainError):
    """There was no change, or it was undone already."""

    code, status = "branding.nothing_to_undo", 409
    message = _("There is nothing to undo.")
