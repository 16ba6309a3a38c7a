"""The app itself: a page that a phone installs, and what the phone needs for that. Nothing here knows a person."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from kanton.accounts.authenticator.texts import texts
from kanton.config import config
from kanton.ui import assets

ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("maskable-512.png", "512x512", "maskable"),
)
COLOR = "#0b686e"


def icon_url(name: str) -> str:
    """The address of an icon."""
    return static(f"kanton/authenticator/{name}")


@require_GET
def app(request: HttpRequest) -> HttpResponse:
    """The app's one page, the same for everybody, so that the phone can keep it."""
    context = {
        "texts": json.dumps(texts()),
        "provider": config.operator.name,
        "color": COLOR,
        "touch_icon": icon_url("touch-180.png"),
    }
    response = render(request, "authenticator/app.html", context)
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone shows and opens once the app is installed."""
    name = _("%(provider)s Authenticator") % {"provider": config.operator.name}
    return JsonResponse(
        {
            "id": reverse("authenticator:app"),
            "name": name,
            "short_name": "Authenticator",
            "description": _("Approves sign-ins and shows one-time codes."),
            "lang": get_language() or "en",
            "start_url": reverse("authenticator:app"),
            "scope": reverse("authenticator:app"),
            "display": "standalone",
            "background_color": "#f5f7f8",
            "theme_color": COLOR,
            "icons": [
                {"src": icon_url(file), "sizes": sizes, "type": "image/png", "purpose": purpose}
                for file, sizes, purpose in ICONS
            ],
        },
        content_type="application/manifest+json",
        headers={"Cache-Control": "no-cache"},
    )


@never_cache
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, with the list of what it keeps for times without network."""
    names = (
        "authenticator.css",
        "authenticator.js",
        "authenticator-reader.js",
        "favicon.svg",
        "inter-latin.woff2",
    )
    kept = [reverse("authenticator:app"), *(assets.asset_url(name) for name in names)]
    script = assets.DIST / assets.file_name("authenticator-worker.js")
    code = script.read_text() if script.exists() else "// The front end is not built."
    head = f"self.KEPT = {json.dumps(kept)};\nself.ICON = {json.dumps(icon_url('icon-192.png'))};\n"
    return HttpResponse(head + code, content_type="text/javascript; charset=utf-8")
