"""The choices of appearance, the colours of a brand, and the living style guide."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from kanton.config import config
from kanton.ui import guide
from kanton.ui.brand import Palette
from kanton.ui.shell import sources

YEAR = 365 * 24 * 3600


@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme, width of the menu or language in a cookie, and go back to where the choice was made."""
    back = request.POST.get("next") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back, status=303)
    for name, allowed in (("theme", {"auto", "light", "dark"}), ("rail", {"wide", "narrow"})):
        value = request.POST.get(name, "")
        if value in allowed:
            response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, samesite="Lax", secure=request.is_secure()
        )
        sources.language_chosen(request, language)
    return response


@require_GET
@cache_control(max_age=YEAR, public=True, immutable=True)
def brand(request: HttpRequest, accent: str) -> HttpResponse:
    """The style sheet of a Custom Brand's colour."""
    try:
        palette = Palette.of(accent)
    except ValueError as error:
        raise Http404 from error
    return HttpResponse(palette.css(), content_type="text/css; charset=utf-8")


@require_GET
def style_guide(request: HttpRequest) -> HttpResponse:
    """The page that shows every component. For people who build pages, so only in development and for staff."""
    _for_builders(request)
    return guide.page(request)


def _for_builders(request: HttpRequest) -> None:
    user = getattr(request, "user", None)
    if not (settings.DEBUG or config.demo or (user is not None and getattr(user, "is_staff", False))):
        raise Http404
