"""The domains of a mail service."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.core.parity import shows
from kanton.products.mail import actions, forms, queries
from kanton.products.mail.dns_records import (
    check_domain_records,
    control_text,
    unchecked_records,
    zone_holding,
)
from kanton.products.mail.models import MailDomain
from kanton.products.mail.rights import MANAGE
from kanton.products.mail.views.common import as_console, form_page, frame_of, page_url, service_for
from kanton.ui import components
from kanton.ui.hx import finished, hx_render


@require_GET
@shows(queries.domains_of)
def domains(request: HttpRequest, service: int) -> HttpResponse:
    """The domains of a service with the records they need (MAIL-92); each is checked once the page stands."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)
    found = [
        {
            "domain": one,
            "records": unchecked_records(one),
            "is_ours": zone_holding(one.name) is not None,
            "control": "" if one.is_controlled else control_text(one),
            "state_url": page_url(asked, "domain_state", service, one.name),
            "records_url": page_url(asked, "domain_records", service, one.name),
        }
        for one in queries.domains_of(asked.actor, mail)
    ]
    return hx_render(
        request, "mail/domains.html", "mail/domains.html", frame_of(asked, mail) | {"domains": found}
    )


@require_GET
@shows(check_domain_records)
def domain_records(request: HttpRequest, service: int, name: str) -> HttpResponse:
    """The records of a domain, each checked live (DOM-61)."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)
    domain = queries.mail_domain_for(asked.actor, mail, name)
    context = frame_of(asked, mail) | {
        "domain": domain,
        "records": check_domain_records(domain),
        "is_checked": True,
    }
    return hx_render(request, "mail/records.html", "mail/_records.html", context)


@require_GET
def domain_state(request: HttpRequest, service: int, name: str) -> HttpResponse:
    """The state of a domain, asked for while it is pending."""
    asked = as_console(request)
    domain = queries.mail_domain_for(asked.actor, service_for(asked, service, MANAGE), name)
    return HttpResponse(
        components.wish(domain, refresh=page_url(asked, "domain_state", service, domain.name))
    )


@require_http_methods(["GET", "POST"])
def new_domain(request: HttpRequest, service: int) -> HttpResponse:
    """Link one more domain (MAIL-2, MAIL-4)."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)
    back = page_url(asked, "domains", service)

    def linked(domain: MailDomain) -> HttpResponse:
        return finished(request, _("%(domain)s is linked.") % {"domain": domain.shown}, to=back)

    return form_page(
        asked, mail, forms.DomainForm(request.POST or None), actions.link_domain, mail,
        title=_("Link a domain"), submit=_("Link the domain"), icon="link", then=linked, back=back,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def unlink_domain(request: HttpRequest, service: int, name: str) -> HttpResponse:
    """Unlink an additional domain."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)
    domain = queries.mail_domain_for(asked.actor, mail, name)
    back = page_url(asked, "domains", service)
    form = forms.ConfirmForm(request.POST if request.method == "POST" else None)
    return form_page(
        asked, mail, form, actions.unlink_domain, domain,
        title=_("Unlink %(domain)s") % {"domain": domain.shown}, submit=_("Unlink the domain"), icon="unlink",
        danger=True, then=lambda _none: finished(request, _("The domain was unlinked."), to=back), back=back,
    )  # fmt: skip


@require_POST
def check_domain(request: HttpRequest, service: int, name: str) -> HttpResponse:
    """Look again whether the domain is proved and works."""
    asked = as_console(request)
    domain = queries.mail_domain_for(asked.actor, service_for(asked, service, MANAGE), name)
    actions.check_domain(asked.actor, domain)
    return finished(
        request,
        _("We are checking %(domain)s.") % {"domain": domain.shown},
        to=page_url(asked, "domains", service),
    )
