"""The pages of domains: the list, and the overview of one with name servers, contacts, lock and check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.core.addresses import address
from kanton.core.errors import Forbidden
from kanton.core.parity import shows
from kanton.core.rights import Decision
from kanton.organizations.resolver import services_granted
from kanton.organizations.rights import MEMBERS_VIEW, ORDER
from kanton.organizations.web import ConsoleRequest, selected_numbers
from kanton.products.domains import defaults, names, queries
from kanton.products.domains.actions import change_contact, point_domain, set_transfer_lock
from kanton.products.domains.errors import NotActive
from kanton.products.domains.forms import ContactForm, NameserversForm
from kanton.products.domains.linking import Checked, CheckState, check_records
from kanton.products.domains.models import (
    GONE,
    ContactRole,
    Domain,
    DomainContact,
    DomainState,
    Zone,
    ZoneRecord,
)
from kanton.products.domains.rights import DNS_EDIT, MANAGE
from kanton.ui import components
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished
from kanton.ui.pages import list_page
from kanton.ui.tables import (
    Bulk,
    ChoiceColumn,
    Column,
    DateColumn,
    Empty,
    Filter,
    RowAction,
    Table,
    WishColumn,
)

STATE_KINDS = {
    DomainState.REGISTERING: "waiting",
    DomainState.ACTIVE: "done",
    DomainState.EXPIRING: "waiting",
    DomainState.REDEMPTION: "failed",
    DomainState.PENDING_RELEASE: "failed",
    DomainState.RELEASED: "failed",
    DomainState.TRANSFER_IN: "waiting",
    DomainState.TRANSFERRED_OUT: "note",
    DomainState.FAILED: "failed",
}


def other_form(name: str) -> str:
    """The A-label form of a name that is shown with other letters; empty when both are the same (DOM-14)."""
    return name if names.display_name(name) != name else ""


def _dns_label(domain: Domain) -> str:
    return _("with us") if queries.uses_own_nameservers(domain.nameservers) else _("elsewhere")


class DomainTable(Table[Domain]):
    """The domains of an organization."""

    name = Column(
        gettext_lazy("Domain"),
        value=lambda domain: domain.display_name,
        link=lambda domain: page_url(domain.organization.slug, "overview", domain.name),
        below=lambda domain: other_form(domain.name),
        sort="name",
    )
    state = ChoiceColumn(gettext_lazy("State"), choices=DomainState.choices, kinds=STATE_KINDS, sort="state")
    expires_on = DateColumn(gettext_lazy("Expires"), sort="expires_on")
    dns = Column(gettext_lazy("DNS"), value=_dns_label, wide=True)
    registry = WishColumn(
        gettext_lazy("Registry"),
        refresh=lambda domain: page_url(domain.organization.slug, "state", domain.name),
    )
    search = ("name",)
    filters = (Filter("state", gettext_lazy("State"), DomainState.choices),)
    bulk: Sequence[Bulk] = (Bulk(gettext_lazy("Lock against transfers"), "domains:lock_many", icon="lock"),)
    default_sort = "name"
    file_name = "domains"
    about_products = "domains"

    def row_actions(self, row: Domain) -> Sequence[RowAction]:
        """The two places people go to."""
        if row.state in GONE:
            return ()
        slug = row.organization.slug
        return (
            RowAction(_("DNS zone"), page_url(slug, "zone", row.name), "list-details"),
            RowAction(
                _("Name servers"), page_url(slug, "nameservers", row.name), "server", decision=self._may(row)
            ),
        )

    def _may(self, row: Domain) -> Decision:
        """Whether the reader manages this domain: as all of them, or by a grant on it."""
        everywhere: Decision = self.context["may_manage"]
        return everywhere or self.context["actor"].decide(MANAGE, row)


def page_url(slug: str, page: str, *args: Any) -> str:
    """The address of a page of domains in an organization."""
    return address(f"domains:{page}", slug, *args)


@list_page
@shows(queries.domains_of)
def domains(request: ConsoleRequest) -> HttpResponse:
    """The list of domains, those that the reader may see."""
    actor, organization = request.actor, request.organization
    may_manage, may_order = actor.decide(MANAGE, organization), actor.decide(ORDER, organization)
    rows = queries.domain_rows(actor, organization)
    table = DomainTable(request, rows, actor=actor, may_manage=may_manage)
    if not may_manage and not services_granted(actor, organization.pk, MANAGE)[1]:
        table.bulk = tuple(replace(bulk, decision=may_manage) for bulk in DomainTable.bulk)
    table.empty = Empty(
        gettext_lazy("No domains yet"),
        gettext_lazy(
            "A domain is your name on the internet: for your website and your mail. Its DNS zone comes with it."
        ),
        gettext_lazy("Find a name"),
        f"/o/{organization.slug}/shop",
        icon="world-www",
        decision=may_order,
    )
    return table.response(
        "domains/domains.html", {"shop_url": f"/o/{organization.slug}/shop", "may_order": may_order}
    )


@require_POST
def lock_many(request: ConsoleRequest) -> HttpResponse:
    """Lock the selected domains against transfers."""
    count = 0
    refused: Forbidden | None = None
    chosen = selected_numbers(request.POST)
    for domain in queries.domains_of(request.actor, request.organization).filter(pk__in=chosen):
        try:
            set_transfer_lock(request.actor, domain, locked=True)
        except NotActive:
            continue
        except Forbidden as error:
            refused = error
            continue
        count += 1
    text = ngettext("%(count)s domain is being locked.", "%(count)s domains are being locked.", count) % {
        "count": count
    }
    to = page_url(request.organization.slug, "list")
    if refused is None:
        return finished(request, text, to=to)
    if not count:
        raise refused
    return finished(request, f"{text} {refused.sentence}", to=to, kind="waiting")


def domain_context(request: ConsoleRequest, domain: Domain) -> dict[str, Any]:
    """What every page of a domain needs."""
    return {
        "domain": domain,
        "other_form": other_form(domain.name),
        "state_label": DomainState(domain.state).label,
        "state_kind": STATE_KINDS[DomainState(domain.state)],
        "is_ours": queries.uses_own_nameservers(domain.registry_nameservers or domain.nameservers),
        "may_manage": request.actor.decide(MANAGE, domain),
        "may_edit": request.actor.decide(DNS_EDIT, domain),
        "may_see_people": request.actor.decide(MEMBERS_VIEW, request.organization),
        "state_url": page_url(request.organization.slug, "state", domain.name),
        "zones": queries.zones_of(domain),
    }


@require_GET
@shows(queries.domain_for, queries.main_zone, queries.zones_of)
def overview(request: ConsoleRequest, name: str) -> HttpResponse:
    """One domain: its state, and who runs what (DOM-29, DOM-46)."""
    domain = queries.domain_for(request.actor, name, request.organization, gone_too=True)
    context = domain_context(request, domain) | {"is_gone": domain.state in GONE}
    zone = next((zone for zone in context["zones"] if zone.name == domain.name), None)
    context |= {"zone": zone, "layers": layers_of(domain, zone, is_ours=context["is_ours"])}
    return components_page(request, "domains/overview.html", context)


def components_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page without a form or a table."""
    return render(request, template, context)


@dataclass(frozen=True, slots=True)
class Layer:
    """One of the layers that people mix up: what it is, where it is, and what that means."""

    label: str
    where: str
    kind: str
    meaning: str


def layers_of(domain: Domain, zone: Zone | None, *, is_ours: bool) -> list[Layer]:
    """Domain, name servers, zone, website and mail, each with who runs it now."""
    if domain.state in GONE:
        return [
            Layer(
                _("Domain"), str(DomainState(domain.state).label), "failed", _("This name is not yours here.")
            )
        ]
    found = [
        Layer(_("Domain"), _("with us"), "done", _("The name is reserved here.")),
        Layer(
            _("Name servers"),
            _("with us") if is_ours else _("elsewhere"),
            "done" if is_ours else "note",
            ", ".join(domain.registry_nameservers or domain.nameservers),
        ),
    ]
    if not is_ours:
        found.append(
            Layer(
                _("DNS zone"),
                _("elsewhere"),
                "note",
                _(
                    "Records are entered at the provider of these name servers. "
                    "The zone here has no effect until they change."
                ),
            )
        )
        return found
    here = [domain.name, f"www.{domain.name}"]
    rows = list(ZoneRecord.objects.filter(zone=zone, name__in=here)) if zone else []
    web = list(dict.fromkeys(row.target for row in rows if row.type in ("A", "AAAA", "CNAME")))
    mail = [row.pure.host or "" for row in rows if row.type == "MX" and row.name == domain.name]
    own_mail = {
        wanted.record.host for wanted in defaults.mail_records(domain.name, "k1", "") if wanted.record.host
    }
    found.append(Layer(_("DNS zone"), _("with us"), "done", _("Records entered here count on the internet.")))
    found.append(
        Layer(
            _("Website"),
            ", ".join(web) or _("nowhere"),
            "done" if web else "note",
            _("The A and AAAA records say where the website is.")
            if web
            else _("Add an A record with the address of your web server."),
        )
    )
    where = _("nowhere") if not mail else _("with us") if set(mail) & own_mail else _("elsewhere")
    meaning = ", ".join(mail) if mail else _("Add an MX record with the name of your mail server.")
    found.append(Layer(_("Mail"), where, "done" if mail else "note", meaning))
    return found


@require_GET
def state(request: ConsoleRequest, name: str) -> HttpResponse:
    """Whether the registry has confirmed what is wanted, asked again while it is pending."""
    domain = queries.domain_for(request.actor, name, request.organization)
    return HttpResponse(components.wish(domain, refresh=request.path))


@require_GET
def check(request: ConsoleRequest, name: str) -> HttpResponse:
    """Ask the name server for every record that mail with us needs (DOM-61)."""
    domain = queries.domain_for(request.actor, name, request.organization)
    zone = queries.main_zone(domain)
    found: list[Checked] = []
    if zone is not None:
        for key in queries.signing_keys(domain.name)[:1]:
            found = check_records(zone, defaults.mail_records(domain.name, key.selector, key.record))
    words = {
        CheckState.GOOD: (_("Found"), "done"),
        CheckState.MISSING: (_("Missing"), "failed"),
        CheckState.OTHER: (_("Something else is there"), "failed"),
        CheckState.SILENT: (_("No answer"), "waiting"),
        CheckState.ELSEWHERE: (_("To be entered at your DNS provider"), "note"),
    }
    lines = [(each, *words[each.state]) for each in found]
    context = domain_context(request, domain) | {"lines": lines, "zone": zone}
    return components_page(request, "domains/check.html", context)


@require_http_methods(["GET", "POST"])
def nameservers(request: ConsoleRequest, name: str) -> HttpResponse:
    """Change where the zone of a domain is (DOM-30, DOM-31)."""
    domain = queries.domain_for(request.actor, name, request.organization)
    is_ours = queries.uses_own_nameservers(domain.nameservers)
    initial = {
        "use_own": "yes" if is_ours else "no",
        "nameservers": "" if is_ours else "\n".join(domain.nameservers),
        "verify": True,
    }
    return carry_out(
        request,
        NameserversForm(request.POST or None, initial=initial),
        point_domain,
        domain,
        page="domains/nameservers.html",
        partial="domains/_nameservers_form.html",
        then=lambda _domain: finished(
            request,
            _("The registry is being told. It can take a day until everybody on the internet notices."),
            to=page_url(request.organization.slug, "overview", domain.name),
        ),
        context=domain_context(request, domain),
    )


@require_POST
def lock(request: ConsoleRequest, name: str) -> HttpResponse:
    """Lock a domain against transfers, or unlock it."""
    domain = queries.domain_for(request.actor, name, request.organization)
    locked = request.POST.get("locked") == "yes"
    set_transfer_lock(request.actor, domain, locked=locked)
    text = _("The domain is being locked.") if locked else _("The domain is being unlocked.")
    return finished(request, text, to=page_url(request.organization.slug, "overview", domain.name))


@require_GET
def contacts(request: ConsoleRequest, name: str) -> HttpResponse:
    """Whom the registry knows for a domain (DOM-23)."""
    domain = queries.domain_for(request.actor, name, request.organization)
    by_role = {contact.role: contact for contact in DomainContact.objects.filter(domain=domain)}
    shown = [(role, role.label, by_role.get(role.value)) for role in ContactRole]
    return components_page(
        request, "domains/contacts.html", domain_context(request, domain) | {"contacts": shown}
    )


@require_http_methods(["GET", "POST"])
def contact(request: ConsoleRequest, name: str, role: str) -> HttpResponse:
    """Change the contact details in one role."""
    if role not in ContactRole.values:
        raise Http404
    domain = queries.domain_for(request.actor, name, request.organization)
    known = DomainContact.objects.filter(domain=domain, role=role).first()
    return carry_out(
        request,
        ContactForm(request.POST or None, instance=known),
        change_contact,
        domain,
        role=role,
        page="domains/contact.html",
        partial="domains/_contact_form.html",
        then=lambda _contact: finished(
            request,
            _("Saved. The registry is being told."),
            to=page_url(request.organization.slug, "contacts", domain.name),
        ),
        context=domain_context(request, domain) | {"role": ContactRole(role)},
    )
