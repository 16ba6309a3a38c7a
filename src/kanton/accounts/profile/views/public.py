"""Pages for everybody: the cookies we set, and what a browser needs."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kanton.accounts.profile import cookies as cookie_list
from kanton.accounts.profile.browsers import BROWSERS
from kanton.core.web import csrf_failure as usual_csrf_failure
from kanton.ui.hx import finished


@require_http_methods(["GET", "POST"])
def cookies(request: HttpRequest) -> HttpResponse:
    """Every cookie that we set, what it is for, and a button that forgets the choices (ACC-123)."""
    if request.method == "POST":
        answer = finished(
            request, _("The choices kept in cookies are forgotten."), to=reverse("profile:cookies")
        )
        for name in cookie_list.can_be_forgotten():
            answer.delete_cookie(name, samesite="Lax")
        return answer
    rows = [(cookie, cookie.name in request.COOKIES) for cookie in cookie_list.known()]
    return render(request, "profile/cookies.html", {"rows": rows})


@require_GET
def browser(request: HttpRequest) -> HttpResponse:
    """How to switch cookies and JavaScript on, browser by browser (ACC-124)."""
    return render(request, "profile/browser.html", {"browsers": BROWSERS})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its secret: an old page, or a browser that keeps no cookies, which is then told how (ACC-124)."""
    if settings.CSRF_COOKIE_NAME not in request.COOKIES:
        return render(request, "profile/no_cookies.html", {"browsers": BROWSERS}, status=403)
    return usual_csrf_failure(request, reason)  # type: ignore[return-value]
