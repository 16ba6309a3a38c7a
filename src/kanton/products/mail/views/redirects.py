"""Addresses without a mailbox."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from kanton.core.parity import shows
from kanton.products.mail import actions, forms, queries
from kanton.products.mail.models import Address
from kanton.products.mail.rights import MANAGE
from kanton.products.mail.views.common import as_console, form_page, frame_of, page_url, service_for
from kanton.ui.hx import finished
from kanton.ui.tables import Column, Empty, RowAction, Table


class RedirectTable(Table[Address]):
    """Addresses without a mailbox."""

    address = Column(gettext_lazy("Address"), value=str, sort="local_part", main=True)
    targets = Column(gettext_lazy("Redirected to"), value=lambda row: ", ".join(row.targets))
    search = ("local_part",)
    default_sort = "local_part"
    file_name = "redirections"

    def row_actions(self, row: Address) -> tuple[RowAction, ...]:
        """Change or delete."""
        args = [row.mail.service.organization.slug, row.mail.service_id, row.pk]
        return (
            RowAction(_("Change"), reverse("mail:change_redirect", args=args), "pencil"),
            RowAction(_("Delete"), reverse("mail:delete_redirect", args=args), "trash", danger=True),
        )


@require_GET
@shows(queries.redirects_of)
def redirects(request: HttpRequest, service: int) -> HttpResponse:
    """Redirect-only addresses."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)
    table = RedirectTable(
        request, queries.redirects_of(asked.actor, mail).select_related("mail__service__organization")
    )
    table.empty = Empty(
        _("No redirections yet"),
        _("An address without a mailbox that sends everything on, such as team@ to five people."),
        _("Create a redirection"),
        page_url(asked, "new_redirect", service),
        "arrow-forward-up",
    )
    return table.response("mail/redirects.html", frame_of(asked, mail))


@require_http_methods(["GET", "POST"])
def new_redirect(request: HttpRequest, service: int) -> HttpResponse:
    """Create a redirect-only address."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)
    back = page_url(asked, "redirects", service)
    return form_page(
        asked, mail, forms.RedirectForm(request.POST or None), actions.create_redirect, mail,
        title=_("Create a redirection"), submit=_("Create the redirection"), icon="arrow-forward-up",
        then=lambda made: finished(request, _("%(address)s was created.") % {"address": made}, to=back), back=back,
        lead=_("The part after the @ is %(domain)s.") % {"domain": mail.main_domain},
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def change_redirect(request: HttpRequest, service: int, number: int) -> HttpResponse:
    """Change where a redirect-only address leads."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)
    address = queries.redirect_for(asked.actor, mail, number)
    back = page_url(asked, "redirects", service)
    return form_page(
        asked, mail,
        forms.RedirectTargetsForm(request.POST or None, initial={"targets": "\n".join(address.targets)}),
        actions.change_redirect, address,
        title=_("Redirection of %(address)s") % {"address": address}, submit=_("Save the redirection"),
        then=lambda _made: finished(request, _("The redirection is saved."), to=back), back=back,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def delete_redirect(request: HttpRequest, service: int, number: int) -> HttpResponse:
    """Delete a redirect-only address."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)
    address = queries.redirect_for(asked.actor, mail, number)
    back = page_url(asked, "redirects", service)
    form = forms.ConfirmForm(request.POST if request.method == "POST" else None)
    return form_page(
        asked, mail, form, actions.delete_redirect, address,
        title=_("Delete %(address)s") % {"address": address}, submit=_("Delete the redirection"), icon="trash",
        danger=True, then=lambda _none: finished(request, _("The redirection was deleted."), to=back), back=back,
    )  # fmt: skip
