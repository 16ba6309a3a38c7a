"""How long a sign-in lasts inside an organization that limits it; asked before its pages and its mailboxes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from kanton.accounts.reauthentication import SESSION_KEY
from kanton.accounts.sessions import UNTIL
from kanton.config import config
from kanton.core import clock
from kanton.organizations.models import Organization
from kanton.ui.hx import is_htmx, send_to

SEEN = "seen_in"
DAY = 24 * 3600


def is_limited(organization: Organization) -> bool:
    """Does a rule about sessions hold here by now? Costs no query."""
    day = organization.session_rule_from
    return day is not None and clock.today() >= day


def prove_again(request: HttpRequest, organization: Organization, *, home: str) -> HttpResponse | None:
    """The answer to somebody whose sign-in is over here: they prove themselves, and come back to the page they asked
    for, or `home` when it was no page. None for everybody else."""
    if not is_limited(organization) or not is_over(request, organization):
        return None
    is_page = request.method == "GET" and not is_htmx(request)
    back = request.get_full_path() if is_page else home
    return send_to(request, f"{reverse('accounts:again')}?{urlencode({'next': back})}")


def is_over(request: HttpRequest, organization: Organization) -> bool:
    """Whether this session must prove its person again before it goes on here.

    The age counts from the sign-in or from the last proof; disuse from the last page here, or from that proof. When
    something was seen last is written down once in a while only, so that pages cost no more than before.
    """
    now, proven = clock.now().timestamp(), _proven_at(request)
    if organization.session_hours and now - proven >= organization.session_hours * 3600:
        return True
    if not organization.session_idle_minutes:
        return False
    idle, seen = organization.session_idle_minutes * 60, request.session.get(SEEN) or {}
    last = max(proven, float(seen.get(str(organization.pk), 0)))
    if now - last >= idle:
        return True
    if now - last >= min(60, idle / 10):
        request.session[SEEN] = seen | {str(organization.pk): int(now)}
    return False


def _proven_at(request: HttpRequest) -> float:
    """When somebody last proved in this session that it is theirs."""
    until = float(request.session.get(UNTIL, 0))
    signed_in = until - config.sign_in.session_days * DAY if until else 0.0
    kept: Any = request.session.get(SESSION_KEY) or {}
    again = float(kept.get("at", 0)) if kept.get("person") == getattr(request.user, "pk", None) else 0.0
    return max(signed_in, again)
