"""Account access: sessions, trusted browsers, security mails and the lock; and unlocking, signed out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts import second_factor
from kanton.accounts.access import actions, forms
from kanton.accounts.access.errors import UnlockGone
from kanton.accounts.access.models import Device, UnlockLink
from kanton.accounts.access.queries import (
    OpenSession,
    open_sessions,
    session_of,
    trusted_browser_of,
    trusted_browsers,
    watch_of,
)
from kanton.accounts.adapter import account_key
from kanton.accounts.browsers import browser_of
from kanton.accounts.geo import place_of
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.outbox import sms_is_available
from kanton.core.parity import shows
from kanton.core.secrets import token_hash
from kanton.core.throttle import Rule, throttle, throttle_all
from kanton.core.web import client_address
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished
from kanton.ui.tables import Column, DateColumn, RowAction, Table

HOUR = timedelta(hours=1)


def _where(address: str, place: str) -> str:
    return f"{place} ({address})" if place else address


class SessionTable(Table[OpenSession]):
    """The browsers that are signed in."""

    browser = Column(
        gettext_lazy("Browser"),
        main=True,
        below=lambda session: _("this browser") if session.is_present else "",
    )
    where = Column(gettext_lazy("Where"), value=lambda session: _where(session.address, session.place))
    last_seen_at = DateColumn(gettext_lazy("Last activity"))
    created_at = DateColumn(gettext_lazy("Signed in"), wide=True)
    file_name = "sessions"

    def row_actions(self, row: OpenSession) -> Sequence[RowAction]:
        """End it; one's own ends by signing out."""
        if row.is_present:
            return ()
        url = reverse("access:end", args=[row.number])
        return (RowAction(_("End this session"), url, "logout", post=True),)


class BrowserTable(Table[Device]):
    """The browsers that go without second factor."""

    browser = Column(gettext_lazy("Browser"), value=lambda row: str(browser_of(row.user_agent)), main=True)
    where = Column(gettext_lazy("Where"), value=lambda row: _where(row.address, place_of(row.address)))
    last_used_at = DateColumn(gettext_lazy("Last sign-in"))
    trusted_until = DateColumn(gettext_lazy("Trusted until"), wide=True)
    prefix = "trusted-"
    file_name = "trusted-browsers"

    def row_actions(self, row: Device) -> Sequence[RowAction]:
        """Ask it again."""
        url = reverse("access:end_trust", args=[row.pk])
        return (RowAction(_("Ask for the second factor again"), url, "shield-lock", post=True),)


@signed_in
@require_GET
@shows(open_sessions, trusted_browsers, watch_of)
def page(request: AccountRequest) -> HttpResponse:
    """Where the account is signed in, and what it is told (ACC-98, ACC-99, ACC-102, ACC-103)."""
    sessions = open_sessions(request.actor, request.session.session_key or "")
    browsers = trusted_browsers(request.actor)
    context = {
        "trusted": BrowserTable(request, browsers) if browsers else None,
        "others": len(sessions) > 1,
        "watch": watch_of(request.actor),
    }
    return SessionTable(request, sessions).response("access/page.html", context)


@signed_in
@require_POST
def end(request: AccountRequest, number: int) -> HttpResponse:
    """End one session."""
    session = session_of(request.actor, number)
    actions.end_session(request.actor, request.user, session)
    return finished(request, _("That session is ended."), to=reverse("access:page"))


@signed_in
@require_POST
def end_others(request: AccountRequest) -> HttpResponse:
    """End all sessions but this one."""
    actions.end_other_sessions(request.actor, request.user, keep=request.session.session_key or "")
    return finished(request, _("All other sessions are ended."), to=reverse("access:page"))


@signed_in
@require_POST
def end_trust(request: AccountRequest, number: int) -> HttpResponse:
    """Ask a browser for the second factor again."""
    actions.end_trust(request.actor, trusted_browser_of(request.actor, number))
    text = _("That browser is asked for the second factor at its next sign-in.")
    return finished(request, text, to=reverse("access:page"))


@signed_in
@require_http_methods(["GET", "POST"])
def wishes(request: AccountRequest) -> HttpResponse:
    """Which sign-ins raise a mail, and when the account locks."""
    watch = watch_of(request.actor)
    now = {name: getattr(watch, name) for name in forms.WatchForm.base_fields}
    return carry_out(
        request,
        forms.WatchForm(request.POST if request.method == "POST" else None, initial=now),
        actions.change_watch,
        request.user,
        page="access/wishes.html",
        partial="access/_wishes_form.html",
        then=lambda _watch: finished(request, _("Your choice is saved."), to=reverse("access:page")),
    )


@never_cache
@require_http_methods(["GET", "POST"])
def unlock(request: HttpRequest) -> HttpResponse:
    """Ask for what unlocks the account. The answer is the same for every address (ACC-106, ACC-107)."""
    form = forms.UnlockForm(request.POST or None, initial={"email": request.GET.get("email", "")})
    by_text = bool(request.POST.get("by_text")) and sms_is_available()
    if form.is_valid():
        email = form.cleaned_data["email"]
        with form.catching():
            rules = [
                Rule(f"unlock:{account_key(email)}", 5, HOUR),
                Rule(f"unlock:{client_address(request)}", 20, HOUR),
            ]
            throttle_all(rules).or_refuse()
            actions.ask_to_unlock(request.actor, email=email, by_text=by_text)  # type: ignore[attr-defined]
            if by_text:
                return _code_page(request, forms.UnlockCodeForm(initial={"email": email}))
            return render(request, "access/unlock_sent.html", {"email": email})
    context = {"form": form, "sms": sms_is_available(), "help_url": second_factor.help_url()}
    return render(request, "access/unlock.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_POST
def unlock_by_code(request: HttpRequest) -> HttpResponse:
    """The code of a text message."""
    form = forms.UnlockCodeForm(request.POST)
    if form.is_valid():
        with form.catching():
            throttle(f"unlock-code:{account_key(form.cleaned_data['email'])}", 10, HOUR).or_refuse()
            actions.unlock_by_code(request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
            return _unlocked(request)
    return _code_page(request, form, status=422)


@never_cache
@require_http_methods(["GET", "POST"])
def unlock_by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Unlock by the link of a mail. Mail scanners follow links, so a button does it."""
    if not UnlockLink.alive().filter(digest=token_hash(secret)).exists():
        return render(request, "access/unlock_gone.html", {"error": UnlockGone()}, status=410)
    if request.method == "GET":
        return render(request, "access/unlock_by_link.html")
    actions.unlock_by_link(request.actor, secret=secret)  # type: ignore[attr-defined]
    return _unlocked(request)


def _unlocked(request: HttpRequest) -> HttpResponse:
    return finished(request, _("Your account is unlocked. Sign in now."), to=settings.LOGIN_URL)


def _code_page(request: HttpRequest, form: Form, status: int = 200) -> HttpResponse:
    return render(request, "access/unlock_code.html", {"form": form}, status=status)
