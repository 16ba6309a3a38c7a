"""What all pages of mail share: how they find a service and a mailbox, their frame, their forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from kanton.core.rights import Right
from kanton.organizations.queries import require
from kanton.organizations.web import ConsoleRequest
from kanton.products.mail import queries
from kanton.products.mail.models import Mailbox, MailService
from kanton.products.mail.rights import MAINTAIN, MANAGE
from kanton.ui.forms import carry_out

FORM_PAGE, FORM_PARTIAL = "mail/form.html", "mail/_form.html"


def as_console(request: HttpRequest) -> ConsoleRequest:
    """The request as the middleware has filled it."""
    return cast("ConsoleRequest", request)


def page_url(request: ConsoleRequest, name: str, *args: Any) -> str:
    """The address of a page of mail in this organization."""
    return reverse(f"mail:{name}", args=[request.organization.slug, *args])


def service_for(request: ConsoleRequest, service: int, right: Right | None = None) -> MailService:
    """The service, or 404; without the right 403."""
    mail = queries.mail_service_for(request.actor, request.organization, service)
    if right is not None:
        require(request.actor, right, mail.service)
    return mail


def mailbox_for(request: ConsoleRequest, service: int, local: str, right: Right | None = None) -> Mailbox:
    """The mailbox of this name in a service, or NotFound; with `right`, Forbidden for who lacks it."""
    box = queries.mailbox_for(request.actor, service_for(request, service), local)
    if right is not None:
        require(request.actor, right, box)
    return box


def frame_of(request: ConsoleRequest, mail: MailService) -> dict[str, Any]:
    """What every page of a service shows around its content."""
    return {
        "mail": mail,
        "can": {
            "manage": request.actor.decide(MANAGE, mail.service),
            "maintain": request.actor.decide(MAINTAIN, mail.service),
        },
        "base": page_url(request, "service", mail.service_id),
    }


def form_page(
    request: ConsoleRequest,
    mail: MailService,
    form: Any,
    do: Callable[..., Any],
    *args: Any,
    title: Any,
    submit: Any,
    then: Callable[[Any], HttpResponse],
    back: str,
    lead: Any = "",
    icon: str = "check",
    danger: bool = False,
    panel: bool = True,
    notes: tuple[str, ...] = (),
    **more: Any,
) -> HttpResponse:
    """One form page, its dialog, its preview, its action."""
    context: Mapping[str, Any] = frame_of(request, mail) | {
        "title": title, "submit": submit, "back": back, "lead": lead, "icon": icon, "danger": danger, "panel": panel,
    }  # fmt: skip
    return carry_out(
        request,
        form,
        do,
        *args,
        page=FORM_PAGE,
        partial=FORM_PARTIAL,
        then=then,
        context=context,
        notes=notes,
        **more,
    )
