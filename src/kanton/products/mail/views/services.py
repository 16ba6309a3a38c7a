"""The pages of mail services: their list, their mailboxes, maintenance, how programs are set up."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from kanton.config import config
from kanton.core.actor import Actor
from kanton.core.parity import shows
from kanton.core.wish import WishState
from kanton.organizations.rights import MEMBERS_VIEW, ORDER
from kanton.products.mail import actions, forms, queries
from kanton.products.mail.models import Mailbox, MailService
from kanton.products.mail.rights import MAINTAIN, MANAGE, PASSWORD, STATISTICS
from kanton.products.mail.views.common import as_console, form_page, frame_of, page_url, service_for
from kanton.products.queries import statistics_of
from kanton.ui.hx import finished, hx_render
from kanton.ui.pages import list_page
from kanton.ui.tables import (
    Column,
    DateColumn,
    Empty,
    Filter,
    NumberColumn,
    RowAction,
    SizeColumn,
    Table,
    WishColumn,
)


class ServiceTable(Table[MailService]):
    """The mail services of an organization."""

    name = Column(
        gettext_lazy("Domain"),
        value="service.name",
        sort="service__name",
        main=True,
        link=lambda row: reverse("mail:service", args=[row.organization.slug, row.service_id]),
    )
    state = WishColumn(gettext_lazy("State"), value=lambda row: row.service)
    addresses = NumberColumn(gettext_lazy("Addresses"), value="mailbox_count", sort="mailbox_count")
    search = ("service__name",)
    default_sort = "service__name"
    file_name = "mail-services"
    about_products = "mail"


@list_page
@shows(queries.mail_services_of)
def services(request: HttpRequest) -> HttpResponse:
    """All mail services; with only one, its page."""
    asked = as_console(request)
    found = queries.mail_services_of(asked.actor, asked.organization)
    if len(only := list(found[:2])) == 1 and "list" not in request.GET:
        return HttpResponseRedirect(page_url(asked, "service", only[0].service_id))
    table = ServiceTable(request, found)
    table.empty = Empty(
        _("No mail service yet"),
        _("A mail service gives your domain addresses, with webmail and every mail program."),
        _("Find a mail service in the shop"),
        f"/o/{asked.organization.slug}/shop",
        "mail",
        asked.actor.decide(ORDER, asked.organization),
    )
    return table.response("mail/services.html", {})


class MailboxTable(Table[Mailbox]):
    """The addresses of a service."""

    address = Column(
        gettext_lazy("Address"),
        value="shown",
        below=lambda row: row.name,
        sort="local_part",
        main=True,
        link=lambda row: reverse(
            "mail:mailbox", args=[row.mail.organization.slug, row.mail.service_id, row.local_part]
        ),
    )
    state = WishColumn(
        gettext_lazy("State"),
        refresh=lambda row: reverse(
            "mail:mailbox_state", args=[row.mail.organization.slug, row.mail.service_id, row.local_part]
        ),
    )
    aliases = Column(gettext_lazy("Aliases"), value=lambda row: ", ".join(row.aliases), wide=True)
    redirection = Column(
        gettext_lazy("Redirected to"),
        value=lambda row: ", ".join(row.redirect_to) if row.is_redirecting else "",
        wide=True,
    )
    used = SizeColumn(gettext_lazy("Storage"), value="storage_bytes", sort="storage_bytes", wide=True)
    search = ("address", "name", "note", "addresses__local_part")
    filters = (Filter("wish_state", gettext_lazy("State"), WishState.choices),)
    default_sort = "local_part"
    file_name = "addresses"

    def row_actions(self, row: Mailbox) -> tuple[RowAction, ...]:
        """What may be done to an address."""
        actor: Actor = self.context["actor"]
        manage = password = self.context["may_manage"]
        if not manage:
            # What was granted on single addresses.
            manage, password = actor.decide(MANAGE, row), actor.decide(PASSWORD, row)

        def to(name: str) -> str:
            return reverse(
                f"mail:{name}", args=[row.mail.organization.slug, row.mail.service_id, row.local_part]
            )

        return (
            RowAction(_("Set a new password"), to("password"), "key", decision=password),
            RowAction(_("Aliases"), to("aliases"), "at", decision=manage),
            RowAction(_("Redirection"), to("redirection"), "arrow-forward-up", decision=manage),
            RowAction(_("Invite somebody"), to("invite"), "user-plus", decision=manage),
            RowAction(_("Delete"), to("delete"), "trash", danger=True, decision=manage),
        )


class DeletedTable(Table[Mailbox]):
    """Deleted addresses that can come back."""

    address = Column(gettext_lazy("Deleted address"), value="shown", main=True)
    deleted_at = DateColumn(gettext_lazy("Deleted"))

    def row_actions(self, row: Mailbox) -> tuple[RowAction, ...]:
        """Bring it back."""
        url = reverse("mail:restore", args=[row.mail.organization.slug, row.mail.service_id, row.pk])
        return (RowAction(_("Bring back"), url, "arrow-back-up", post=True),)


@require_GET
@shows(queries.mailboxes_of, queries.deleted_mailboxes_of, statistics_of)
def service(request: HttpRequest, service: int) -> HttpResponse:
    """The addresses of a service."""
    asked = as_console(request)
    mail = service_for(asked, service)
    frame = frame_of(asked, mail)
    rows = queries.mailboxes_of(asked.actor, mail)
    table = MailboxTable(request, rows, actor=asked.actor, may_manage=frame["can"]["manage"])
    table.empty = Empty(
        _("No addresses yet"),
        _("Each address has its own mailbox, password and webmail."),
        _("Create an address"),
        page_url(asked, "new_mailbox", service),
        "mail-plus",
        frame["can"]["manage"],
    )
    deleted = DeletedTable(request, queries.deleted_mailboxes_of(asked.actor, mail), prefix="deleted")
    frame["can"]["see_people"] = asked.actor.decide(MEMBERS_VIEW, asked.organization)
    may_see_figures = asked.actor.has_right(STATISTICS, mail.service)
    readings = statistics_of(asked.actor, mail.service) if may_see_figures else []
    return table.response("mail/service.html", frame | {"deleted": deleted, "readings": readings})


@require_GET
def programs(request: HttpRequest, service: int) -> HttpResponse:
    """What mail programs need to know (MAIL-31, MAIL-34)."""
    asked = as_console(request)
    mail = service_for(asked, service)
    context = frame_of(asked, mail) | {
        "host": config.smtp.hostname,
        "local": config.smtp.host if config.smtp.host.startswith("127.") else "",
        "ports": config,
        "example": queries.mailboxes_of(asked.actor, mail).first(),
    }
    return hx_render(request, "mail/programs.html", "mail/programs.html", context)


@require_http_methods(["GET", "POST"])
def maintenance(request: HttpRequest, service: int) -> HttpResponse:
    """Start or end maintenance (MAIL-96, ORG-84)."""
    asked = as_console(request)
    mail = service_for(asked, service, MAINTAIN)
    back = page_url(asked, "service", service)
    form = forms.ConfirmForm(request.POST if request.method == "POST" else None)
    if mail.service.maintenance_since is not None:
        return form_page(
            asked, mail, form, actions.end_maintenance, mail,
            title=_("End the maintenance"), submit=_("End the maintenance"), icon="player-play",
            then=lambda _mail: finished(request, _("Reading and sending are possible again."), to=back), back=back,
        )  # fmt: skip
    return form_page(
        asked, mail, form, actions.start_maintenance, mail,
        title=_("Start maintenance"), submit=_("Start the maintenance"), icon="tool", danger=True,
        lead=_("Mail still arrives. Reading and sending are refused for everybody until you end the maintenance."),
        notes=(_("Mail programs are told to come back later; nobody is asked for another password."),
               _("Everybody else in the organization gets a mail.")),
        then=lambda _mail: finished(request, _("The mail service is in maintenance."), to=back), back=back,
    )  # fmt: skip
