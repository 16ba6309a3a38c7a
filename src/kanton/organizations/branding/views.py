"""The look of an organization: what stands in the corner, and the logo in the apps."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.core import pictures
from kanton.core.parity import shows
from kanton.organizations.branding.actions import (
    remove_wide_logo,
    reset_branding,
    set_corner,
    set_wide_logo,
    undo_branding,
)
from kanton.organizations.branding.forms import CornerForm, WideLogoForm
from kanton.organizations.branding.logos import Drawn
from kanton.organizations.branding.queries import logo_by_key, look_of
from kanton.organizations.models import Organization
from kanton.organizations.rights import BRANDING
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished


@require_GET
@needs(BRANDING)
@shows(look_of)
def branding(request: ConsoleRequest) -> HttpResponse:
    """Both parts as they look on light and on dark paper, each with its button (ORG-93, ORG-94)."""
    return render(request, "branding/branding.html", _context(request))


@require_http_methods(["GET", "POST"])
@needs(BRANDING)
@shows(look_of)
def corner(request: ConsoleRequest) -> HttpResponse:
    """Choose what stands in the corner."""
    look = look_of(request.actor, request.organization)
    initial = {
        "corner": look.corner,
        "initials": look.own_initials,
        "colour": f"#{look.colour}" if look.colour else "",
    }
    form = CornerForm(*_sent(request), initial=initial)
    return carry_out(
        request,
        form,
        set_corner,
        request.organization,
        page="branding/corner.html",
        partial="branding/_corner_form.html",
        then=lambda _organization: _saved(request, form.cleaned_data["square_logo"]),
        context={"look": look},
    )


@require_http_methods(["GET", "POST"])
@needs(BRANDING)
@shows(look_of)
def wide_logo(request: ConsoleRequest) -> HttpResponse:
    """Send the rectangular logo."""
    form = WideLogoForm(*_sent(request))
    return carry_out(
        request,
        form,
        set_wide_logo,
        request.organization,
        page="branding/wide_logo.html",
        partial="branding/_wide_logo_form.html",
        then=lambda _organization: _saved(request, form.cleaned_data["logo"]),
        context={"look": look_of(request.actor, request.organization)},
    )


@require_POST
def no_wide_logo(request: ConsoleRequest) -> HttpResponse:
    """Remove the rectangular logo."""
    return _changed(request, remove_wide_logo(request.actor, request.organization), _("The logo is removed."))


@require_POST
def default(request: ConsoleRequest) -> HttpResponse:
    """Back to the usual look."""
    return _changed(
        request, reset_branding(request.actor, request.organization), _("The usual look is back.")
    )


@require_POST
def undo(request: ConsoleRequest) -> HttpResponse:
    """Bring back the look before the last change."""
    return _changed(
        request, undo_branding(request.actor, request.organization), _("The earlier look is back.")
    )


@require_GET
def file(request: HttpRequest, key: str) -> HttpResponse:
    """The logo itself. Its address changes with every new one, so browsers and proxies may keep it."""
    return pictures.served(request, key[:16], lambda: bytes(logo_by_key(key).content), public=True)


def _sent(request: ConsoleRequest) -> tuple[Any, ...]:
    return (request.POST, request.FILES) if request.method == "POST" else ()


def _context(request: ConsoleRequest) -> dict[str, Any]:
    organization = request.organization
    return {
        "look": look_of(request.actor, organization),
        "api_path": f"/2/accounts/{organization.pk}/branding",
    }


def _page(organization: Organization) -> str:
    return reverse("branding:branding", args=[organization.slug])


def _changed(request: ConsoleRequest, organization: Organization, text: str) -> HttpResponse:
    undo_url = reverse("branding:undo", args=[organization.slug])
    return finished(request, text, to=_page(organization), undo_url=undo_url)


def _saved(request: ConsoleRequest, logo: Drawn | None) -> HttpResponse:
    if logo is not None and logo.is_small:
        text = _("The logo is saved, but it has few pixels and may look blurred.")
        return finished(request, text, to=_page(request.organization), kind="waiting")
    return _changed(request, request.organization, _("The new look is saved."))
