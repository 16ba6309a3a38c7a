"""The console pages of mail services: addresses, redirections, domains, journal, programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.models import Person
from kanton.config import config
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.core.parity import shows
from kanton.core.query import get_or_not_found
from kanton.core.rights import Right
from kanton.core.wish import WishState
from kanton.organizations.models import Membership
from kanton.organizations.queries import require
from kanton.organizations.rights import MEMBERS_VIEW, ORDER
from kanton.organizations.web import ConsoleRequest
from kanton.products.mail import actions, forms, logins, queries
from kanton.products.mail.dns_records import (
    check_domain_records,
    control_text,
    unchecked_records,
    zone_holding,
)
from kanton.products.mail.engine.journal import Result, Way
from kanton.products.mail.models import Address, JournalEntry, Mailbox, MailDomain, MailService
from kanton.products.mail.rights import MAINTAIN, MANAGE, PASSWORD, STATISTICS
from kanton.products.mail.unification.actions import change_mailbox_password
from kanton.products.queries import statistics_of
from kanton.ui import components
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished, hx_render
from kanton.ui.pages import list_page
from kanton.ui.tables import (
    ChoiceColumn,
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

FORM_PAGE, FORM_PARTIAL = "mail/form.html", "mail/_form.html"


def _asked(request: HttpRequest) -> ConsoleRequest:
    return cast("ConsoleRequest", request)


def _url(request: ConsoleRequest, name: str, *args: Any) -> str:
    return reverse(f"mail:{name}", args=[request.organization.slug, *args])


def _mail(request: ConsoleRequest, service: int, right: Right | None = None) -> MailService:
    """The service, or 404; without the right 403."""
    mail = queries.mail_service_for(request.actor, request.organization, service)
    if right is not None:
        require(request.actor, right, mail.service)
    return mail


def _mailbox(request: ConsoleRequest, service: int, local: str, right: Right | None = None) -> Mailbox:
    box = queries.mailbox_for(request.actor, _mail(request, service), local)
    if right is not None:
        require(request.actor, right, box)
    return box


def _frame(request: ConsoleRequest, mail: MailService) -> dict[str, Any]:
    """What every page of a service shows around its content."""
    return {
        "mail": mail,
        "can": {
            "manage": request.actor.decide(MANAGE, mail.service),
            "maintain": request.actor.decide(MAINTAIN, mail.service),
        },
        "base": _url(request, "service", mail.service_id),
    }


def _form(
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
    context: Mapping[str, Any] = _frame(request, mail) | {
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


# Services


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
    asked = _asked(request)
    found = queries.mail_services_of(asked.actor, asked.organization)
    if len(only := list(found[:2])) == 1 and "list" not in request.GET:
        return HttpResponseRedirect(_url(asked, "service", only[0].service_id))
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


# Addresses


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
    asked = _asked(request)
    mail = _mail(asked, service)
    frame = _frame(asked, mail)
    rows = queries.mailboxes_of(asked.actor, mail)
    table = MailboxTable(request, rows, actor=asked.actor, may_manage=frame["can"]["manage"])
    table.empty = Empty(
        _("No addresses yet"),
        _("Each address has its own mailbox, password and webmail."),
        _("Create an address"),
        _url(asked, "new_mailbox", service),
        "mail-plus",
        frame["can"]["manage"],
    )
    deleted = DeletedTable(request, queries.deleted_mailboxes_of(asked.actor, mail), prefix="deleted")
    frame["can"]["see_people"] = asked.actor.decide(MEMBERS_VIEW, asked.organization)
    may_see_figures = asked.actor.has_right(STATISTICS, mail.service)
    readings = statistics_of(asked.actor, mail.service) if may_see_figures else []
    return table.response("mail/service.html", frame | {"deleted": deleted, "readings": readings})


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def new_mailbox(request: HttpRequest, service: int) -> HttpResponse:
    """Create an address."""
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)
    back = _url(asked, "service", service)

    def created(new: actions.NewMailbox) -> HttpResponse:
        if not new.password:
            return finished(request, _("%(address)s was created.") % {"address": new.mailbox}, to=back)
        return _shown_once(asked, mail, [new])

    return _form(
        asked, mail, forms.MailboxForm(request.POST or None), actions.create_mailbox, mail,
        title=_("Create an address"), submit=_("Create the address"), icon="mail-plus", then=created, back=back,
        lead=_("The part after the @ is %(domain)s.") % {"domain": mail.main_domain},
    )  # fmt: skip


def _shown_once(
    request: ConsoleRequest, mail: MailService, created: list[actions.NewMailbox]
) -> HttpResponse:
    context = _frame(request, mail) | {"created": created, "title": _("Passwords of the new addresses")}
    return hx_render(request, "mail/created.html", "mail/_created.html", context)


@sensitive_post_parameters("table")
@never_cache
@require_http_methods(["GET", "POST"])
def bulk(request: HttpRequest, service: int) -> HttpResponse:
    """Create many addresses at once (MAIL-8)."""
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)

    def create(actor: Any, mail: MailService, *, table: list[dict[str, str]]) -> list[actions.NewMailbox]:
        return actions.create_mailboxes(actor, mail, rows=table)

    return _form(
        asked, mail, forms.BulkForm(request.POST or None), create, mail,
        title=_("Create many addresses"), submit=_("Create the addresses"), icon="table-plus",
        then=lambda created: _shown_once(asked, mail, created), back=_url(asked, "service", service),
        lead=_("The table is checked as a whole first: all addresses are created, or none."),
    )  # fmt: skip


@require_GET
@shows(queries.mailbox_for, queries.users_of, queries.invitations_to, queries.allowance_of)
def mailbox(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """One address: state, names, redirection, people, devices."""
    asked = _asked(request)
    box = _mailbox(asked, service, local)
    frame = _frame(asked, box.mail)
    may_manage = asked.actor.decide(MANAGE, box)
    allowance = queries.allowance_of(box)
    context = frame | {
        "box": box,
        "here": _url(asked, "mailbox", service, box.local_part),
        "state_url": _url(asked, "mailbox_state", service, box.local_part),
        "can": {"manage": may_manage, "password": asked.actor.decide(PASSWORD, box)},
        "is_linked": queries.is_linked(asked.actor, box),
        "users": queries.users_of(box) if may_manage else [],
        "invitations": queries.invitations_to(box) if may_manage else [],
        "app_passwords": list(box.app_passwords.all()),
        "allowance": allowance,
        "facts": _facts(box),
        "storage_bytes": queries.storage_of(box),
    }
    return hx_render(request, "mail/mailbox.html", "mail/mailbox.html", context)


def _facts(box: Mailbox) -> list[tuple[str, str]]:
    """What there is to say of an address; nothing is said about what is empty."""
    domain = box.address.rpartition("@")[2]
    others = [f"{box.local_part}@{one.shown}" for one in box.mail.domains.all() if one.name != domain]
    facts = (
        (_("Login for mail programs"), box.address),
        (_("Aliases"), ", ".join(box.aliases)),
        (_("Also reached under"), ", ".join(others)),
        (_("Redirected to"), ", ".join(box.redirect_to) if box.is_redirecting else ""),
        (_("Recovery address"), box.recovery_email),
        (_("Note"), box.note),
    )
    return [(name, value) for name, value in facts if value]


@require_GET
def mailbox_state(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """The state of an address, asked for while it is pending."""
    asked = _asked(request)
    box = _mailbox(asked, service, local)
    return HttpResponse(components.wish(box, refresh=_url(asked, "mailbox_state", service, box.local_part)))


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Set a new password of an address (MAIL-19)."""
    asked = _asked(request)
    box = _mailbox(asked, service, local, PASSWORD)
    back = _url(asked, "mailbox", service, box.local_part)

    def then(_box: Mailbox) -> HttpResponse:
        person = Person.objects.get(pk=asked.user.pk)
        if person.password != asked.user.password:  # the login password changed with it; this session goes on
            update_session_auth_hash(request, person)
        text = _("The password of %(address)s was changed.") % {"address": box}
        return finished(request, text, to=back)

    return _form(
        asked, box.mail, forms.PasswordForm(request.POST or None, actor=asked.actor, mailbox=box),
        change_mailbox_password, box, keep_session=request.session.session_key or "",
        title=_("New password for %(address)s") % {"address": box}, submit=_("Set the password"), icon="key",
        then=then, back=back, panel=False,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def details(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Name, note and recovery address."""
    asked = _asked(request)
    box = _mailbox(asked, service, local, MANAGE)
    back = _url(asked, "mailbox", service, box.local_part)
    initial = {"name": box.name, "note": box.note, "recovery_email": box.recovery_email}
    return _form(
        asked, box.mail, forms.DetailsForm(request.POST or None, initial=initial), actions.edit_mailbox, box,
        title=_("Details of %(address)s") % {"address": box}, submit=_("Save the details"),
        then=lambda _box: finished(request, _("Saved."), to=back), back=back, panel=False,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def aliases(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """The aliases of an address."""
    asked = _asked(request)
    box = _mailbox(asked, service, local, MANAGE)
    back = _url(asked, "mailbox", service, box.local_part)
    return _form(
        asked, box.mail, forms.AliasesForm(request.POST or None, initial={"aliases": "\n".join(box.aliases)}),
        actions.set_aliases, box,
        title=_("Aliases of %(address)s") % {"address": box}, submit=_("Save the aliases"),
        then=lambda _box: finished(request, _("The aliases are saved."), to=back), back=back,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def redirection(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Redirect the mail of an address."""
    asked = _asked(request)
    box = _mailbox(asked, service, local, MANAGE)
    back = _url(asked, "mailbox", service, box.local_part)
    initial = {"targets": "\n".join(box.redirect_to), "keeps_copy": box.keeps_copy}
    return _form(
        asked, box.mail, forms.RedirectionForm(request.POST or None, initial=initial), actions.set_redirection, box,
        title=_("Redirection of %(address)s") % {"address": box}, submit=_("Save the redirection"),
        then=lambda _box: finished(request, _("The redirection is saved."), to=back), back=back,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Delete an address; it can be brought back for a month."""
    asked = _asked(request)
    box = _mailbox(asked, service, local, MANAGE)
    back = _url(asked, "service", service)
    people = logins.names_of(logins.people_signing_in_with(box))
    return _form(
        asked, box.mail, forms.DeleteMailboxForm(request.POST or None, expected=box.address, people=people),
        actions.delete_mailbox, box,
        title=_("Delete %(address)s") % {"address": box}, submit=_("Delete the address"), icon="trash", danger=True,
        then=lambda _box: finished(
            request, _("%(address)s was deleted. You can bring it back for 30 days.") % {"address": box}, to=back,
            undo_url=_url(asked, "restore", service, box.pk),
        ),
        back=_url(asked, "mailbox", service, box.local_part),
    )  # fmt: skip


@require_POST
def restore(request: HttpRequest, service: int, number: int) -> HttpResponse:
    """Bring a deleted address back."""
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)
    box = actions.restore_mailbox(asked.actor, queries.deleted_mailbox_for(asked.actor, mail, number))
    return finished(
        request,
        _("%(address)s is back.") % {"address": box},
        to=_url(asked, "mailbox", service, box.local_part),
    )


@require_POST
def link(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Open an address in one's own webmail."""
    asked = _asked(request)
    box = _mailbox(asked, service, local)
    actions.link_mailbox(asked.actor, box)
    return finished(request, _("%(address)s is in your webmail.") % {"address": box}, to=f"/mail/{box.pk}/")


@require_POST
def unlink(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Take an address out of one's own webmail."""
    asked = _asked(request)
    box = _mailbox(asked, service, local)
    actions.unlink_mailbox(asked.actor, box)
    back = _url(asked, "mailbox", service, box.local_part)
    return finished(request, _("%(address)s is not in your webmail any more.") % {"address": box}, to=back)


# People


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Let somebody use one address (MAIL-24)."""
    asked = _asked(request)
    box = _mailbox(asked, service, local, MANAGE)
    back = _url(asked, "mailbox", service, box.local_part)
    return _form(
        asked, box.mail, forms.InviteForm(request.POST or None), actions.invite_to_mailbox, box,
        title=_("Invite somebody to %(address)s") % {"address": box}, submit=_("Invite to the address"),
        icon="user-plus", then=lambda _done: finished(request, _("The invitation is on its way."), to=back), back=back,
        lead=_("They see this address and nothing else of the mail service."),
    )  # fmt: skip


def _member(request: ConsoleRequest, number: int) -> Membership:
    found = Membership.objects.filter(organization=request.organization).select_related("person")
    return get_or_not_found(found, pk=number)


@require_http_methods(["GET", "POST"])
def access(request: HttpRequest, service: int, local: str, number: int) -> HttpResponse:
    """Change what a member may do with an address (MAIL-25)."""
    asked = _asked(request)
    box = _mailbox(asked, service, local, MANAGE)
    user = next((one for one in queries.users_of(box) if one.membership.pk == number), None)
    if user is None:
        raise NotFound(model="membership")
    back = _url(asked, "mailbox", service, box.local_part)
    return _form(
        asked, box.mail, forms.AccessForm(request.POST or None, initial=forms.initial_of(user)),
        actions.give_access, box, membership=user.membership,
        title=_("What %(person)s may do") % {"person": user.membership.person.display_name},
        submit=_("Save the permissions"),
        then=lambda _done: finished(request, _("Saved."), to=back), back=back,
    )  # fmt: skip


@require_POST
def withdraw(request: HttpRequest, service: int, local: str, number: int) -> HttpResponse:
    """End a member's use of an address."""
    asked = _asked(request)
    box = _mailbox(asked, service, local, MANAGE)
    member = _member(asked, number)
    actions.withdraw_access(asked.actor, box, membership=member)
    text = _("%(person)s cannot use %(address)s any more.") % {
        "person": member.person.display_name,
        "address": box,
    }
    return finished(request, text, to=_url(asked, "mailbox", service, box.local_part))


# Devices


@never_cache
@require_http_methods(["GET", "POST"])
def new_device(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Make a password for one device."""
    asked = _asked(request)
    box = _mailbox(asked, service, local, PASSWORD)
    back = _url(asked, "mailbox", service, box.local_part)

    def made(new: actions.NewAppPassword) -> HttpResponse:
        context = _frame(asked, box.mail) | {
            "new": new,
            "box": box,
            "back": back,
            "title": _("Device password"),
        }
        return hx_render(request, "mail/device.html", "mail/_device.html", context)

    return _form(
        asked, box.mail, forms.AppPasswordForm(request.POST or None), actions.create_app_password, box,
        title=_("New device password"), submit=_("Make the password"), icon="device-mobile", then=made, back=back,
        panel=False, lead=_("It works for %(address)s in mail programs and can be revoked alone.") % {"address": box},
    )  # fmt: skip


@require_POST
def revoke_device(request: HttpRequest, service: int, local: str, number: int) -> HttpResponse:
    """Revoke a device's password."""
    asked = _asked(request)
    box = _mailbox(asked, service, local, PASSWORD)
    actions.revoke_app_password(asked.actor, box, app_password_id=number)
    return finished(
        request, _("The device password was revoked."), to=_url(asked, "mailbox", service, box.local_part)
    )


# Redirect-only addresses


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
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)
    table = RedirectTable(
        request, queries.redirects_of(asked.actor, mail).select_related("mail__service__organization")
    )
    table.empty = Empty(
        _("No redirections yet"),
        _("An address without a mailbox that sends everything on, such as team@ to five people."),
        _("Create a redirection"),
        _url(asked, "new_redirect", service),
        "arrow-forward-up",
    )
    return table.response("mail/redirects.html", _frame(asked, mail))


@require_http_methods(["GET", "POST"])
def new_redirect(request: HttpRequest, service: int) -> HttpResponse:
    """Create a redirect-only address."""
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)
    back = _url(asked, "redirects", service)
    return _form(
        asked, mail, forms.RedirectForm(request.POST or None), actions.create_redirect, mail,
        title=_("Create a redirection"), submit=_("Create the redirection"), icon="arrow-forward-up",
        then=lambda made: finished(request, _("%(address)s was created.") % {"address": made}, to=back), back=back,
        lead=_("The part after the @ is %(domain)s.") % {"domain": mail.main_domain},
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def change_redirect(request: HttpRequest, service: int, number: int) -> HttpResponse:
    """Change where a redirect-only address leads."""
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)
    address = queries.redirect_for(asked.actor, mail, number)
    back = _url(asked, "redirects", service)
    return _form(
        asked, mail,
        forms.RedirectTargetsForm(request.POST or None, initial={"targets": "\n".join(address.targets)}),
        actions.change_redirect, address,
        title=_("Redirection of %(address)s") % {"address": address}, submit=_("Save the redirection"),
        then=lambda _made: finished(request, _("The redirection is saved."), to=back), back=back,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def delete_redirect(request: HttpRequest, service: int, number: int) -> HttpResponse:
    """Delete a redirect-only address."""
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)
    address = queries.redirect_for(asked.actor, mail, number)
    back = _url(asked, "redirects", service)
    form = forms.ConfirmForm(request.POST if request.method == "POST" else None)
    return _form(
        asked, mail, form, actions.delete_redirect, address,
        title=_("Delete %(address)s") % {"address": address}, submit=_("Delete the redirection"), icon="trash",
        danger=True, then=lambda _none: finished(request, _("The redirection was deleted."), to=back), back=back,
    )  # fmt: skip


# Domains


@require_GET
@shows(queries.domains_of)
def domains(request: HttpRequest, service: int) -> HttpResponse:
    """The domains of a service with the records they need (MAIL-92); each is checked once the page stands."""
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)
    found = [
        {
            "domain": one,
            "records": unchecked_records(one),
            "is_ours": zone_holding(one.name) is not None,
            "control": "" if one.is_controlled else control_text(one),
            "state_url": _url(asked, "domain_state", service, one.name),
            "records_url": _url(asked, "domain_records", service, one.name),
        }
        for one in queries.domains_of(asked.actor, mail)
    ]
    return hx_render(
        request, "mail/domains.html", "mail/domains.html", _frame(asked, mail) | {"domains": found}
    )


@require_GET
@shows(check_domain_records)
def domain_records(request: HttpRequest, service: int, name: str) -> HttpResponse:
    """The records of a domain, each checked live (DOM-61)."""
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)
    domain = queries.mail_domain_for(asked.actor, mail, name)
    context = _frame(asked, mail) | {
        "domain": domain,
        "records": check_domain_records(domain),
        "is_checked": True,
    }
    return hx_render(request, "mail/records.html", "mail/_records.html", context)


@require_GET
def domain_state(request: HttpRequest, service: int, name: str) -> HttpResponse:
    """The state of a domain, asked for while it is pending."""
    asked = _asked(request)
    domain = queries.mail_domain_for(asked.actor, _mail(asked, service, MANAGE), name)
    return HttpResponse(components.wish(domain, refresh=_url(asked, "domain_state", service, domain.name)))


@require_http_methods(["GET", "POST"])
def new_domain(request: HttpRequest, service: int) -> HttpResponse:
    """Link one more domain (MAIL-2, MAIL-4)."""
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)
    back = _url(asked, "domains", service)

    def linked(domain: MailDomain) -> HttpResponse:
        return finished(request, _("%(domain)s is linked.") % {"domain": domain.shown}, to=back)

    return _form(
        asked, mail, forms.DomainForm(request.POST or None), actions.link_domain, mail,
        title=_("Link a domain"), submit=_("Link the domain"), icon="link", then=linked, back=back,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def unlink_domain(request: HttpRequest, service: int, name: str) -> HttpResponse:
    """Unlink an additional domain."""
    asked = _asked(request)
    mail = _mail(asked, service, MANAGE)
    domain = queries.mail_domain_for(asked.actor, mail, name)
    back = _url(asked, "domains", service)
    form = forms.ConfirmForm(request.POST if request.method == "POST" else None)
    return _form(
        asked, mail, form, actions.unlink_domain, domain,
        title=_("Unlink %(domain)s") % {"domain": domain.shown}, submit=_("Unlink the domain"), icon="unlink",
        danger=True, then=lambda _none: finished(request, _("The domain was unlinked."), to=back), back=back,
    )  # fmt: skip


@require_POST
def check_domain(request: HttpRequest, service: int, name: str) -> HttpResponse:
    """Look again whether the domain is proved and works."""
    asked = _asked(request)
    domain = queries.mail_domain_for(asked.actor, _mail(asked, service, MANAGE), name)
    actions.check_domain(asked.actor, domain)
    return finished(
        request,
        _("We are checking %(domain)s.") % {"domain": domain.shown},
        to=_url(asked, "domains", service),
    )


# Journal, programs, maintenance

WAYS = [(Way.IN.value, gettext_lazy("in")), (Way.OUT.value, gettext_lazy("out"))]
RESULTS = [
    (Result.DELIVERED.value, gettext_lazy("delivered")),
    (Result.QUEUED.value, gettext_lazy("on its way")),
    (Result.SENT.value, gettext_lazy("sent")),
    (Result.DEFERRED.value, gettext_lazy("tried again later")),
    (Result.REFUSED.value, gettext_lazy("refused")),
    (Result.BOUNCED.value, gettext_lazy("returned")),
    (Result.REDIRECTED.value, gettext_lazy("redirected")),
]
RESULT_KINDS = {
    "delivered": "done", "sent": "done", "queued": "waiting", "deferred": "waiting", "refused": "failed",
    "bounced": "failed", "redirected": "note",
}  # fmt: skip


class JournalTable(Table[JournalEntry]):
    """Messages of the last thirty days."""

    at = DateColumn(gettext_lazy("Time"), sort="at", relative=False)
    way = ChoiceColumn(gettext_lazy("Way"), choices=WAYS)
    sender = Column(pgettext_lazy("sender", "From"), main=True)
    recipient = Column(gettext_lazy("To"))
    result = ChoiceColumn(
        gettext_lazy("Result"), choices=RESULTS, kinds=RESULT_KINDS, below=lambda row: row.words
    )
    size = SizeColumn(gettext_lazy("Size"), sort="size", wide=True)
    search = ("sender", "recipient", "words")
    filters = (Filter("way", gettext_lazy("Way"), WAYS), Filter("result", gettext_lazy("Result"), RESULTS))
    default_sort = "-at"
    file_name = "mail-journal"
    empty = Empty(
        gettext_lazy("No messages yet"),
        gettext_lazy(
            "Every message that comes in or goes out is listed here for 30 days, never what it says."
        ),
        icon="list-details",
    )


@require_GET
@shows(queries.journal_of)
def journal(request: HttpRequest, service: int) -> HttpResponse:
    """Incoming and outgoing messages (MAIL-93, MAIL-100)."""
    asked = _asked(request)
    mail = _mail(asked, service)
    return JournalTable(request, queries.journal_of(asked.actor, mail)).response(
        "mail/journal.html", _frame(asked, mail)
    )


@require_GET
def programs(request: HttpRequest, service: int) -> HttpResponse:
    """What mail programs need to know (MAIL-31, MAIL-34)."""
    asked = _asked(request)
    mail = _mail(asked, service)
    context = _frame(asked, mail) | {
        "host": config.smtp.hostname,
        "local": config.smtp.host if config.smtp.host.startswith("127.") else "",
        "ports": config,
        "example": queries.mailboxes_of(asked.actor, mail).first(),
    }
    return hx_render(request, "mail/programs.html", "mail/programs.html", context)


@require_http_methods(["GET", "POST"])
def maintenance(request: HttpRequest, service: int) -> HttpResponse:
    """Start or end maintenance (MAIL-96, ORG-84)."""
    asked = _asked(request)
    mail = _mail(asked, service, MAINTAIN)
    back = _url(asked, "service", service)
    form = forms.ConfirmForm(request.POST if request.method == "POST" else None)
    if mail.service.maintenance_since is not None:
        return _form(
            asked, mail, form, actions.end_maintenance, mail,
            title=_("End the maintenance"), submit=_("End the maintenance"), icon="player-play",
            then=lambda _mail: finished(request, _("Reading and sending are possible again."), to=back), back=back,
        )  # fmt: skip
    return _form(
        asked, mail, form, actions.start_maintenance, mail,
        title=_("Start maintenance"), submit=_("Start the maintenance"), icon="tool", danger=True,
        lead=_("Mail still arrives. Reading and sending are refused for everybody until you end the maintenance."),
        notes=(_("Mail programs are told to come back later; nobody is asked for another password."),
               _("Everybody else in the organization gets a mail.")),
        then=lambda _mail: finished(request, _("The mail service is in maintenance."), to=back), back=back,
    )  # fmt: skip
