"""The pages of one mailbox."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.models import Person
from kanton.core.parity import shows
from kanton.organizations.web import ConsoleRequest
from kanton.products.mail import actions, forms, logins, queries
from kanton.products.mail.models import Mailbox, MailService
from kanton.products.mail.rights import MANAGE, PASSWORD
from kanton.products.mail.unification.actions import change_mailbox_password
from kanton.products.mail.views.common import (
    as_console,
    form_page,
    frame_of,
    mailbox_for,
    page_url,
    service_for,
)
from kanton.ui import components
from kanton.ui.hx import finished, hx_render


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def new_mailbox(request: HttpRequest, service: int) -> HttpResponse:
    """Create an address."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)
    back = page_url(asked, "service", service)

    def created(new: actions.NewMailbox) -> HttpResponse:
        if not new.password:
            return finished(request, _("%(address)s was created.") % {"address": new.mailbox}, to=back)
        return _shown_once(asked, mail, [new])

    return form_page(
        asked, mail, forms.MailboxForm(request.POST or None), actions.create_mailbox, mail,
        title=_("Create an address"), submit=_("Create the address"), icon="mail-plus", then=created, back=back,
        lead=_("The part after the @ is %(domain)s.") % {"domain": mail.main_domain},
    )  # fmt: skip


def _shown_once(
    request: ConsoleRequest, mail: MailService, created: list[actions.NewMailbox]
) -> HttpResponse:
    context = frame_of(request, mail) | {"created": created, "title": _("Passwords of the new addresses")}
    return hx_render(request, "mail/created.html", "mail/_created.html", context)


@sensitive_post_parameters("table")
@never_cache
@require_http_methods(["GET", "POST"])
def bulk(request: HttpRequest, service: int) -> HttpResponse:
    """Create many addresses at once (MAIL-8)."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)

    def create(actor: Any, mail: MailService, *, table: list[dict[str, str]]) -> list[actions.NewMailbox]:
        return actions.create_mailboxes(actor, mail, rows=table)

    return form_page(
        asked, mail, forms.BulkForm(request.POST or None), create, mail,
        title=_("Create many addresses"), submit=_("Create the addresses"), icon="table-plus",
        then=lambda created: _shown_once(asked, mail, created), back=page_url(asked, "service", service),
        lead=_("The table is checked as a whole first: all addresses are created, or none."),
    )  # fmt: skip


@require_GET
@shows(queries.mailbox_for, queries.users_of, queries.invitations_to, queries.allowance_of)
def mailbox(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """One address: state, names, redirection, people, devices."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local)
    frame = frame_of(asked, box.mail)
    may_manage = asked.actor.decide(MANAGE, box)
    allowance = queries.allowance_of(box)
    context = frame | {
        "box": box,
        "here": page_url(asked, "mailbox", service, box.local_part),
        "state_url": page_url(asked, "mailbox_state", service, box.local_part),
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
    asked = as_console(request)
    box = mailbox_for(asked, service, local)
    return HttpResponse(
        components.wish(box, refresh=page_url(asked, "mailbox_state", service, box.local_part))
    )


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Set a new password of an address (MAIL-19)."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local, PASSWORD)
    back = page_url(asked, "mailbox", service, box.local_part)

    def then(_box: Mailbox) -> HttpResponse:
        person = Person.objects.get(pk=asked.user.pk)
        if person.password != asked.user.password:  # the login password changed with it; this session goes on
            update_session_auth_hash(request, person)
        text = _("The password of %(address)s was changed.") % {"address": box}
        return finished(request, text, to=back)

    return form_page(
        asked, box.mail, forms.PasswordForm(request.POST or None, actor=asked.actor, mailbox=box),
        change_mailbox_password, box, keep_session=request.session.session_key or "",
        title=_("New password for %(address)s") % {"address": box}, submit=_("Set the password"), icon="key",
        then=then, back=back, panel=False,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def details(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Name, note and recovery address."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local, MANAGE)
    back = page_url(asked, "mailbox", service, box.local_part)
    initial = {"name": box.name, "note": box.note, "recovery_email": box.recovery_email}
    return form_page(
        asked, box.mail, forms.DetailsForm(request.POST or None, initial=initial), actions.edit_mailbox, box,
        title=_("Details of %(address)s") % {"address": box}, submit=_("Save the details"),
        then=lambda _box: finished(request, _("Saved."), to=back), back=back, panel=False,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def aliases(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """The aliases of an address."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local, MANAGE)
    back = page_url(asked, "mailbox", service, box.local_part)
    return form_page(
        asked, box.mail, forms.AliasesForm(request.POST or None, initial={"aliases": "\n".join(box.aliases)}),
        actions.set_aliases, box,
        title=_("Aliases of %(address)s") % {"address": box}, submit=_("Save the aliases"),
        then=lambda _box: finished(request, _("The aliases are saved."), to=back), back=back,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def redirection(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Redirect the mail of an address."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local, MANAGE)
    back = page_url(asked, "mailbox", service, box.local_part)
    initial = {"targets": "\n".join(box.redirect_to), "keeps_copy": box.keeps_copy}
    return form_page(
        asked, box.mail, forms.RedirectionForm(request.POST or None, initial=initial), actions.set_redirection, box,
        title=_("Redirection of %(address)s") % {"address": box}, submit=_("Save the redirection"),
        then=lambda _box: finished(request, _("The redirection is saved."), to=back), back=back,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Delete an address; it can be brought back for a month."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local, MANAGE)
    back = page_url(asked, "service", service)
    people = logins.names_of(logins.people_signing_in_with(box))
    return form_page(
        asked, box.mail, forms.DeleteMailboxForm(request.POST or None, expected=box.address, people=people),
        actions.delete_mailbox, box,
        title=_("Delete %(address)s") % {"address": box}, submit=_("Delete the address"), icon="trash", danger=True,
        then=lambda _box: finished(
            request, _("%(address)s was deleted. You can bring it back for 30 days.") % {"address": box}, to=back,
            undo_url=page_url(asked, "restore", service, box.pk),
        ),
        back=page_url(asked, "mailbox", service, box.local_part),
    )  # fmt: skip


@require_POST
def restore(request: HttpRequest, service: int, number: int) -> HttpResponse:
    """Bring a deleted address back."""
    asked = as_console(request)
    mail = service_for(asked, service, MANAGE)
    box = actions.restore_mailbox(asked.actor, queries.deleted_mailbox_for(asked.actor, mail, number))
    return finished(
        request,
        _("%(address)s is back.") % {"address": box},
        to=page_url(asked, "mailbox", service, box.local_part),
    )
