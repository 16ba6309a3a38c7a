"""Who may use a mailbox, and by which programs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kanton.core.errors import NotFound
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Membership
from kanton.organizations.web import ConsoleRequest
from kanton.products.mail import actions, forms, queries
from kanton.products.mail.rights import MANAGE, PASSWORD
from kanton.products.mail.views.common import as_console, form_page, frame_of, mailbox_for, page_url
from kanton.ui.hx import finished, hx_render


@require_POST
def link(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Open an address in one's own webmail."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local)
    actions.link_mailbox(asked.actor, box)
    return finished(request, _("%(address)s is in your webmail.") % {"address": box}, to=f"/mail/{box.pk}/")


@require_POST
def unlink(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Take an address out of one's own webmail."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local)
    actions.unlink_mailbox(asked.actor, box)
    back = page_url(asked, "mailbox", service, box.local_part)
    return finished(request, _("%(address)s is not in your webmail any more.") % {"address": box}, to=back)


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Let somebody use one address (MAIL-24)."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local, MANAGE)
    back = page_url(asked, "mailbox", service, box.local_part)
    return form_page(
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
    asked = as_console(request)
    box = mailbox_for(asked, service, local, MANAGE)
    user = next((one for one in queries.users_of(box) if one.membership.pk == number), None)
    if user is None:
        raise NotFound(model="membership")
    back = page_url(asked, "mailbox", service, box.local_part)
    return form_page(
        asked, box.mail, forms.AccessForm(request.POST or None, initial=forms.initial_of(user)),
        actions.give_access, box, membership=user.membership,
        title=_("What %(person)s may do") % {"person": user.membership.person.display_name},
        submit=_("Save the permissions"),
        then=lambda _done: finished(request, _("Saved."), to=back), back=back,
    )  # fmt: skip


@require_POST
def withdraw(request: HttpRequest, service: int, local: str, number: int) -> HttpResponse:
    """End a member's use of an address."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local, MANAGE)
    member = _member(asked, number)
    actions.withdraw_access(asked.actor, box, membership=member)
    text = _("%(person)s cannot use %(address)s any more.") % {
        "person": member.person.display_name,
        "address": box,
    }
    return finished(request, text, to=page_url(asked, "mailbox", service, box.local_part))


@never_cache
@require_http_methods(["GET", "POST"])
def new_device(request: HttpRequest, service: int, local: str) -> HttpResponse:
    """Make a password for one device."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local, PASSWORD)
    back = page_url(asked, "mailbox", service, box.local_part)

    def made(new: actions.NewAppPassword) -> HttpResponse:
        context = frame_of(asked, box.mail) | {
            "new": new,
            "box": box,
            "back": back,
            "title": _("Device password"),
        }
        return hx_render(request, "mail/device.html", "mail/_device.html", context)

    return form_page(
        asked, box.mail, forms.AppPasswordForm(request.POST or None), actions.create_app_password, box,
        title=_("New device password"), submit=_("Make the password"), icon="device-mobile", then=made, back=back,
        panel=False, lead=_("It works for %(address)s in mail programs and can be revoked alone.") % {"address": box},
    )  # fmt: skip


@require_POST
def revoke_device(request: HttpRequest, service: int, local: str, number: int) -> HttpResponse:
    """Revoke a device's password."""
    asked = as_console(request)
    box = mailbox_for(asked, service, local, PASSWORD)
    actions.revoke_app_password(asked.actor, box, app_password_id=number)
    return finished(
        request, _("The device password was revoked."), to=page_url(asked, "mailbox", service, box.local_part)
    )
