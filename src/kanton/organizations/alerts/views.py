"""The page on which an administrator has a security alert sent."""

from __future__ import annotations

from contextlib import suppress

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from kanton.core.errors import TooMany
from kanton.organizations.alerts.actions import send_security_alert
from kanton.organizations.queries import member_of, members_of
from kanton.organizations.rights import MEMBERS_MANAGE
from kanton.organizations.web import ConsoleRequest, needs, selected_numbers
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished


@require_POST
@needs(MEMBERS_MANAGE)
def send_many(request: ConsoleRequest) -> HttpResponse:
    """Send it to those who are selected in the list of people; who got three today already is passed over."""
    sent = 0
    chosen = members_of(request.actor, request.organization).filter(pk__in=selected_numbers(request.POST))
    for membership in chosen.order_by("pk"):
        with suppress(TooMany):
            send_security_alert(request.actor, membership)
            sent += 1
    text = ngettext(
        "%(count)s security alert is on its way.", "%(count)s security alerts are on their way.", sent
    )
    return finished(
        request,
        text % {"count": sent},
        to=reverse("organizations:people", args=[request.organization.slug]),
        kind="done" if sent else "note",
    )


@require_http_methods(["GET", "POST"])
@needs(MEMBERS_MANAGE)
def send(request: ConsoleRequest, number: int) -> HttpResponse:
    """Say what is sent, and send it."""
    membership = member_of(request.actor, request.organization, number)
    text = _("The security alert to %(person)s is on its way.") % {"person": membership.person.display_name}
    return carry_out(
        request,
        Form(request.POST if request.method == "POST" else None),
        lambda actor: send_security_alert(actor, membership),
        page="alerts/send.html",
        partial="alerts/_form.html",
        then=lambda _nothing: finished(
            request, text, to=reverse("organizations:people", args=[request.organization.slug])
        ),
        context={"person": membership.person},
    )
