"""The pages of billing addresses and exports."""

from __future__ import annotations

from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.billing.papers.actions import (
    add_billing_address,
    address_invoice,
    ask_export,
    change_billing_address,
    remove_billing_address,
)
from kanton.billing.papers.errors import ExportNotReady
from kanton.billing.papers.forms import AddressForm, ExportForm, RemoveAddressForm
from kanton.billing.papers.models import ExportState
from kanton.billing.papers.queries import billing_address_of, billing_addresses_of, export_of
from kanton.billing.papers.tables import AddressTable
from kanton.billing.papers.tasks import path_of
from kanton.billing.queries import invoice_of
from kanton.core.errors import DomainError, Forbidden, NotFound
from kanton.core.parity import shows
from kanton.organizations.rights import ACCOUNTING
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui import forms as ui
from kanton.ui.hx import finished
from kanton.ui.tables import Empty


@require_GET
@shows(billing_addresses_of)
def addresses(request: ConsoleRequest) -> HttpResponse:
    """The additional billing addresses (BIL-113)."""
    table = AddressTable(request, billing_addresses_of(request.actor, request.organization))
    table.empty = Empty(
        _("No additional billing addresses"),
        _("Invoices go to the organization’s own address. Add others to have some of them go elsewhere."),
        _("Add a billing address"),
        reverse("papers:add_address", args=[request.organization.slug]),
        icon="address-book",
    )
    return table.response("papers/addresses.html")


@require_http_methods(["GET", "POST"])
@needs(ACCOUNTING)
def add_address(request: ConsoleRequest) -> HttpResponse:
    """Add a billing address."""
    return ui.carry_out(
        request, AddressForm(request.POST or None), add_billing_address, request.organization,
        page="papers/address.html", partial="papers/_address_form.html",
        then=lambda made: finished(request, _("The billing address is added."), to=_list(request)),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@shows(billing_address_of)
def change_address(request: ConsoleRequest, number: int) -> HttpResponse:
    """Change a billing address."""
    found = billing_address_of(request.actor, request.organization, number)
    fields = ("name", "attention", "street", "postal_code", "city", "country")
    initial = {name: getattr(found, name) for name in fields}
    return ui.carry_out(
        request, AddressForm(request.POST or None, initial=initial), change_billing_address, found,
        page="papers/address.html", partial="papers/_address_form.html", context={"address": found},
        then=lambda made: finished(request, _("The billing address is changed."), to=_list(request)),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@shows(billing_address_of)
def remove_address(request: ConsoleRequest, number: int) -> HttpResponse:
    """Remove a billing address, naming the one in its place where products use it (BIL-116)."""
    found = billing_address_of(request.actor, request.organization, number)
    others = list(billing_addresses_of(request.actor, request.organization).exclude(pk=found.pk))
    form = RemoveAddressForm(others, request.POST if request.method == "POST" else None)
    return ui.carry_out(
        request, form, remove_billing_address, found,
        page="papers/remove_address.html", partial="papers/_remove_form.html", context={"address": found},
        then=lambda gone: finished(request, _("The billing address is removed."), to=_list(request)),
    )  # fmt: skip


@require_POST
def address_of_invoice(request: ConsoleRequest, number: int) -> HttpResponse:
    """Choose to whom an open invoice is made out, on the page where it is paid (BIL-93)."""
    invoice = invoice_of(request.actor, request.organization, number)
    to = reverse("billing:pay", args=[request.organization.slug, invoice.pk])
    text = request.POST.get("address", "")
    chosen = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
    address = billing_address_of(request.actor, request.organization, chosen) if chosen else None
    try:
        address_invoice(request.actor, invoice, address=address)
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        return finished(request, error.sentence, to=to, kind="failed")
    said = _("The invoice is made out to %(address)s.") % {"address": address or request.organization.name}
    return finished(request, said, to=to)


@require_http_methods(["GET", "POST"])
@needs(ACCOUNTING)
def export(request: ConsoleRequest) -> HttpResponse:
    """Export a set of documents: kind, status, period, confirm (BIL-79)."""
    slug = request.organization.slug
    return ui.carry_out(
        request, ExportForm(request.POST or None), ask_export, request.organization,
        page="papers/export.html", partial="papers/_export_form.html",
        then=lambda asked: finished(
            request, _("The documents are being made."), to=reverse("papers:export", args=[slug, asked.key])
        ),
    )  # fmt: skip


@never_cache
@require_GET
@shows(export_of)
def one_export(request: ConsoleRequest, key: str) -> HttpResponse:
    """How far an export is; the page follows by itself."""
    found = export_of(request.actor, request.organization, key)
    template = "papers/_export.html" if request.GET.get("part") == "state" else "papers/one_export.html"
    return render(request, template, {"export": found})


@never_cache
@require_GET
@shows(export_of)
def export_file(request: ConsoleRequest, key: str) -> FileResponse:
    """The ZIP file."""
    found = export_of(request.actor, request.organization, key)
    path = path_of(found)
    if found.state != ExportState.DONE or not path.is_file():
        raise ExportNotReady
    name = f"{request.organization.slug}-documents.zip"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/zip")


def _list(request: ConsoleRequest) -> str:
    return reverse("papers:addresses", args=[request.organization.slug])
