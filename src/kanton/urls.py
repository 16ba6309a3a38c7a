"""Every address. A room's pages are in its own `urls.py`; its API in its `api.py`, gathered by `rest`."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from kanton.settings import ROOMS

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(f"{room}.urls")) for room in reversed(ROOMS) if find_spec(f"{room}.urls")
]

handler400 = "kanton.core.web.bad_request"
handler403 = "kanton.core.web.forbidden"
handler404 = "kanton.core.web.not_found"
handler500 = "kanton.core.web.server_error"
