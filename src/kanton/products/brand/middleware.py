"""What a host name of a customer opens: sign-in and the Manager of that one organization, and nothing else.

Whoever controls the name could point it to a server of their own and see the cookies of those who come. So a session
that began under a brand's name counts there only, and there only that organization is reached: account, webmail, other
organizations, staff and API authorization are at the provider's own address (docs/decisions/0060).
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from kanton.config import config
from kanton.core import hosts
from kanton.products.brand.known import brand_at
from kanton.products.brand.proofs import WELL_KNOWN

PAGES = frozenset(
    {
        "/login", "/login/second-step", "/login/second-step/other", "/login/code", "/login/sms", "/login/backup-code",
        "/login/authenticator", "/login/authenticator/waiting", "/login/authenticator/again", "/logout", "/ui/look",
        "/cookies", "/browser-settings",
    }
)  # fmt: skip
FOLDERS = ("/static/", "/logos/", "/pictures/", "/ui/brand/")


class BrandHostMiddleware:
    """Right behind the sessions, before anybody is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer under the names that are ours or a customer's, and refuse all others."""
        name = hosts.bare(request.get_host())
        if hosts.is_own(name) or request.path == WELL_KNOWN:
            return self.get_response(request)
        brand = brand_at(name)
        if brand is None:
            return self.get_response(request) if hosts.is_answered(name) else _refused()
        path = request.path
        home = f"/o/{brand.slug}/"
        if brand.redirects or not (path in ("/", *PAGES) or path.startswith((home, *FOLDERS))):
            return _to_provider(request)
        if path == "/":
            return HttpResponseRedirect(home)
        request.brand = brand  # type: ignore[attr-defined]
        request.session.host = brand.host  # type: ignore[attr-defined]
        return self.get_response(request)


def _to_provider(request: HttpRequest) -> HttpResponse:
    """The same page at the provider's own address; a form's fields stay behind."""
    return HttpResponseRedirect(
        config.web.address + request.get_full_path(), status=302 if request.method in ("GET", "HEAD") else 303
    )


def _refused() -> HttpResponse:
    text = _("Nothing is here under this name.")
    return HttpResponse(f"{text}\n", status=421, content_type="text/plain; charset=utf-8")
