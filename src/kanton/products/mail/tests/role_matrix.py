"""Who may do what with mail: every action, page and API route of this room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kanton.core.actor import Actor, System
from kanton.core.errors import Forbidden
from kanton.core.rights import Right, Role
from kanton.organizations.models import Membership
from kanton.products.mail import actions
from kanton.products.mail.models import Address, AppPassword, Mailbox, MailboxLink, MailDomain, MailService
from kanton.products.mail.rights import MANAGE, PASSWORD, STATISTICS, USE
from kanton.products.mail.tests.factories import PASSWORD as SECRET
from kanton.products.mail.tests.factories import make_mail, make_mailbox
from kanton.products.mail.tests.webmail_matrix import LINES as WEBMAIL
from kanton.testing import make_person
from kanton.testing_matrix import (
    ADMINISTRATORS,
    GRANTED,
    NOBODY,
    SIGNED_IN,
    STAFF_ONLY,
    Cast,
    Who,
    act,
    api,
    page,
)

MAY = ADMINISTRATORS | GRANTED
# Members who hold nothing do not even see the service.
HIDDEN: Mapping[Who, int] = {Who.COLLABORATOR: 404, Who.EXTERNAL: 404}
SYSTEM = System("mail")
COLLEAGUE = 900_001


def mail_of(cast: Cast) -> MailService:
    """Acme's mail service, made once."""
    found = MailService.objects.filter(organization=cast.acme).first()
    return found or make_mail(cast.acme, "mail-matrix.example")


def box_of(cast: Cast) -> Mailbox:
    """Acme's address info@."""
    found = Mailbox.objects.alive().filter(mail=mail_of(cast), local_part="info").first()
    return found or make_mailbox(cast.owner, mail_of(cast))


def gone_box(cast: Cast) -> Mailbox:
    """A deleted address."""
    return actions.delete_mailbox(cast.owner, make_mailbox(cast.owner, mail_of(cast), "gone"))


def redirect_of(cast: Cast) -> Address:
    """A redirect-only address."""
    return actions.create_redirect(cast.owner, mail_of(cast), local_part="all", targets=["x@example.net"])


def domain_of(cast: Cast) -> MailDomain:
    """An additional domain."""
    return actions.link_domain(cast.owner, mail_of(cast), name="more-matrix.example")


def device_of(cast: Cast) -> AppPassword:
    """A device password."""
    return actions.create_app_password(cast.owner, box_of(cast), label="Phone").app_password


def granted_box(cast: Cast) -> Mailbox:
    """info@, which the external user may use."""
    box = box_of(cast)
    actions.give_access(cast.owner, box, membership=cast.memberships[Who.EXTERNAL])
    return box


Make = Callable[[Cast], Any]


def changing(name: str, call: Callable[[Actor, Cast], object], right: Right = MANAGE, **options: Any) -> Any:
    """An action for those who manage mail."""
    return act(f"mail.{name}", call, allowed=MAY, right=right, **options)


def clockwork(name: str, call: Callable[[Actor, Cast], object]) -> Any:
    """An action for nobody but Kanton itself."""
    return act(f"mail.{name}", call, allowed=NOBODY)


ACTIONS = [
    clockwork("set_up_mail_service", lambda a, c: actions.set_up_mail_service(a, mail_of(c).service)),
    clockwork("withdraw_mail_service", lambda a, c: actions.withdraw_mail_service(a, mail_of(c))),
    clockwork("purge_mailbox", lambda a, c: actions.purge_mailbox(a, gone_box(c))),
    clockwork("settle_mailbox", lambda a, c: actions.settle_mailbox(a, box_of(c), 1, proved=True)),
    clockwork("settle_domain", lambda a, c: actions.settle_domain(a, domain_of(c), 1, proved=True)),
    clockwork("add_key_record", lambda a, c: actions.add_key_record(a, domain_of(c))),
    clockwork("note_control", lambda a, c: actions.note_control(a, domain_of(c))),
    act("mail.change_sending_limit", lambda a, c: actions.change_sending_limit(a, box_of(c), limit=5, reason="letter"),
        allowed=STAFF_ONLY),
    act("mail.start_maintenance", lambda a, c: actions.start_maintenance(a, mail_of(c)),
        allowed=ADMINISTRATORS, right=MANAGE),
    act("mail.end_maintenance", lambda a, c: actions.end_maintenance(a, mail_of(c)),
        allowed=ADMINISTRATORS, right=MANAGE),
    changing("link_domain", lambda a, c: actions.link_domain(a, mail_of(c), name="more-matrix.example")),
    changing("unlink_domain", lambda a, c: actions.unlink_domain(a, domain_of(c))),
    changing("check_domain", lambda a, c: actions.check_domain(a, domain_of(c))),
    changing("create_mailbox", lambda a, c: actions.create_mailbox(a, mail_of(c), local_part="new", password=SECRET)),
    changing("create_mailboxes",
             lambda a, c: actions.create_mailboxes(a, mail_of(c), rows=[{"local_part": "new", "password": SECRET}])),
    changing("edit_mailbox", lambda a, c: actions.edit_mailbox(a, box_of(c), name="Desk")),
    changing("set_mailbox_password",
             lambda a, c: actions.set_mailbox_password(a, box_of(c), password=SECRET), PASSWORD),
    changing("create_app_password", lambda a, c: actions.create_app_password(a, box_of(c), label="Phone"), PASSWORD),
    changing("revoke_app_password",
             lambda a, c: actions.revoke_app_password(a, box_of(c), app_password_id=device_of(c).pk), PASSWORD),
    changing("delete_mailbox", lambda a, c: actions.delete_mailbox(a, box_of(c))),
    changing("restore_mailbox", lambda a, c: actions.restore_mailbox(a, gone_box(c))),
    changing("set_aliases", lambda a, c: actions.set_aliases(a, box_of(c), aliases=["sales"])),
    changing("add_alias", lambda a, c: actions.add_alias(a, box_of(c), alias="sales")),
    changing("remove_alias", lambda a, c: actions.remove_alias(a, box_of(c), alias="sales")),
    changing("set_redirection", lambda a, c: actions.set_redirection(a, box_of(c), targets=["x@example.net"])),
    changing("create_redirect",
             lambda a, c: actions.create_redirect(a, mail_of(c), local_part="all", targets=["x@example.net"])),
    changing("change_redirect", lambda a, c: actions.change_redirect(a, redirect_of(c), targets=["y@example.net"])),
    changing("delete_redirect", lambda a, c: actions.delete_redirect(a, redirect_of(c))),
    changing("give_access",
             lambda a, c: actions.give_access(a, box_of(c), membership=c.memberships[Who.EXTERNAL])),
    changing("withdraw_access",
             lambda a, c: actions.withdraw_access(a, granted_box(c), membership=c.memberships[Who.EXTERNAL]),),
    # Letting a stranger into the organization needs the right to manage its people as well.
    changing("invite_to_mailbox", lambda a, c: actions.invite_to_mailbox(a, box_of(c), email="lea@example.net"),
             but={Who.GRANTED: Forbidden}),
    changing("link_mailbox", lambda a, c: actions.link_mailbox(a, box_of(c)), USE),
    changing("unlink_mailbox", lambda a, c: actions.unlink_mailbox(a, box_of(c)), USE),
]  # fmt: skip

ROOT = "/o/<slug:organization>/mail"
ONE = f"{ROOT}/<int:service>"
BOX = f"{ONE}/addresses/<str:local>"
MH = "/1/mail_hostings/{mail_hosting_id}"
MBOX = f"{MH}/mailboxes/{{mailbox_name}}"


def service_place(cast: Cast) -> dict[str, Any]:
    """Where Acme's service is, for pages and for the API."""
    mail = mail_of(cast)
    return {"service": mail.service_id, "mail_hosting_id": mail.service_id}


def place(make: Make | None = None, **names: Callable[[Any], Any]) -> Callable[[Cast], dict[str, Any]]:
    """A `fill`: the service, and what `make` makes under the given names."""

    def fill(cast: Cast) -> dict[str, Any]:
        made = make(cast) if make else None
        return service_place(cast) | {name: value(made) for name, value in names.items()}

    return fill


of_box = place(box_of, local=lambda box: box.local_part, mailbox_name=lambda box: box.local_part)


def shown(
    route: str, fill: Callable[[Cast], dict[str, Any]] = of_box, right: Right = MANAGE, **options: Any
) -> Any:
    """A page for those who may; the others do not see the service."""
    return page(route, allowed=MAY, right=right, fill=fill, but=HIDDEN, **options)


def called(
    method: str,
    route: str,
    fill: Callable[[Cast], dict[str, Any]] = of_box,
    right: Right = MANAGE,
    **options: Any,
) -> Any:
    """An API route for those who may; the others do not see the service."""
    return api(
        method,
        route,
        allowed=MAY,
        right=right,
        fill=fill,
        but={**HIDDEN, **options.pop("but", {})},
        **options,
    )


of_redirect = place(redirect_of, number=lambda one: one.pk, redirection_id=lambda one: one.pk)
of_domain = place(domain_of, name=lambda one: one.name)
of_gone = place(gone_box, number=lambda box: box.pk, mailbox_id=lambda box: box.pk)


def of_member(cast: Cast) -> dict[str, Any]:
    """info@ and the collaborator without rights, who may use it... as somebody else's membership."""
    box = box_of(cast)
    other = cast.memberships[Who.ADMINISTRATOR]
    MailboxLink.objects.get_or_create(organization_id=box.organization_id, mailbox=box, person=other.person)
    return of_box(cast) | {"number": other.pk, "user_id": other.person_id}


def of_colleague(cast: Cast) -> dict[str, Any]:
    """info@, and a member whose number is known."""
    person = make_person("colleague@acme.example", "Cleo", "Roth", pk=COLLEAGUE)
    Membership.objects.create(organization=cast.acme, person=person, role=Role.COLLABORATOR)
    return of_box(cast)


def of_invitation(cast: Cast) -> dict[str, Any]:
    """info@ and an invitation to it."""
    invitation = actions.invite_to_mailbox(cast.owner, box_of(cast), email="lea@example.net")
    return of_box(cast) | {"key": invitation.pk}


def of_device(cast: Cast) -> dict[str, Any]:
    """info@ and a device password."""
    device = device_of(cast)
    return of_box(cast) | {"number": device.pk, "device_access": device.pk}


PAGES = [
    # A member without any mail service gets the empty list; strangers do not see the organization.
    page(ROOT, allowed=SIGNED_IN - {Who.STRANGER, Who.STAFF}, right=USE, status=200),
    shown(ONE, right=USE),
    shown(f"{ONE}/new"),
    shown(f"{ONE}/many"),
    shown(f"{ONE}/deleted/<int:number>/restore", of_gone, post={}),
    shown(BOX, right=USE),
    shown(f"{BOX}/state", right=USE),
    shown(f"{BOX}/password", right=PASSWORD),
    shown(f"{BOX}/details"),
    shown(f"{BOX}/aliases"),
    shown(f"{BOX}/redirection"),
    shown(f"{BOX}/delete"),
    shown(f"{BOX}/link", right=USE, post={}),
    shown(f"{BOX}/unlink", right=USE, post={}),
    shown(f"{BOX}/invite"),
    shown(f"{BOX}/people/<int:number>", of_member),
    shown(f"{BOX}/people/<int:number>/withdraw", of_member, post={}),
    shown(f"{BOX}/devices/new", right=PASSWORD),
    shown(f"{BOX}/devices/<int:number>/revoke", of_device, right=PASSWORD, post={}),
    shown(f"{ONE}/redirections"),
    shown(f"{ONE}/redirections/new"),
    shown(f"{ONE}/redirections/<int:number>", of_redirect),
    shown(f"{ONE}/redirections/<int:number>/delete", of_redirect),
    shown(f"{ONE}/domains"),
    shown(f"{ONE}/domains/new"),
    shown(f"{ONE}/domains/<str:name>/state", of_domain),
    shown(f"{ONE}/domains/<str:name>/records", of_domain),
    shown(f"{ONE}/domains/<str:name>/unlink", of_domain),
    shown(f"{ONE}/domains/<str:name>/check", of_domain, post={}),
    shown(f"{ONE}/journal", right=USE),
    shown(f"{ONE}/programs", right=USE),
    page(f"{ONE}/maintenance", allowed=ADMINISTRATORS, right=MANAGE, fill=of_box, but=HIDDEN),
]

FORWARD = f"{MBOX}/forwarding_addresses"


def of_alias(cast: Cast) -> dict[str, Any]:
    """info@ with an alias and a redirection."""
    box = box_of(cast)
    actions.set_aliases(cast.owner, box, aliases=["sales"])
    actions.set_redirection(cast.owner, box, targets=["x@example.net"])
    return of_box(cast) | {"alias": "sales", "redirect_addresses": "x@example.net"}


API = [
    api("GET", "/1/mail_hostings", allowed=SIGNED_IN, right=USE),
    api("GET", "/1/mail_hostings/accesses/webmail", allowed=SIGNED_IN, right=USE),
    called("GET", MH, right=USE),
    api(
        "GET",
        "/1/accounts/{account_id}/products/{product_id}/statistics",
        allowed=MAY,
        right=STATISTICS,
        but={**HIDDEN, Who.STRANGER: 404, Who.STAFF: 404},
        fill=lambda cast: {"account_id": cast.acme.pk, "product_id": mail_of(cast).service_id},
    ),
    *(
        api(method, f"{MH}/maintenance", allowed=ADMINISTRATORS, right=MANAGE, fill=of_box, but=HIDDEN)
        for method in ("PUT", "DELETE")
    ),
    called("GET", f"{MH}/mailboxes", right=USE),
    called("POST", f"{MH}/mailboxes", data={"mailbox_name": "new"}, status=201),
    called("POST", f"{MH}/mailboxes/bulk", data=[{"mailbox_name": "new"}], status=201),
    called("GET", f"{MH}/deleted_mailboxes"),
    called("POST", f"{MH}/deleted_mailboxes/{{mailbox_id}}/restore", of_gone),
    called("GET", MBOX, right=USE),
    called("PATCH", MBOX, data={"name": "Desk"}),
    called("DELETE", MBOX),
    called("PUT", f"{MBOX}/password", right=PASSWORD, data={"password": SECRET}),
    called("GET", f"{MBOX}/aliases", right=USE),
    called("POST", f"{MBOX}/aliases", data={"alias": "sales"}),
    called("PUT", f"{MBOX}/aliases", data={"aliases": ["sales"]}),
    called("DELETE", f"{MBOX}/aliases/{{alias}}", of_alias),
    called("GET", FORWARD, right=USE),
    called("PUT", FORWARD, data={"redirect_addresses": ["x@example.net"]}),
    called("POST", FORWARD, data={"redirect_address": "x@example.net"}, status=201),
    called("DELETE", FORWARD),
    called("DELETE", f"{FORWARD}/{{redirect_addresses}}", of_alias),
    called("GET", f"{MH}/redirections"),
    called("POST", f"{MH}/redirections", data={"name": "all", "targets": ["x@example.net"]}, status=201),
    called("GET", f"{MH}/redirections/{{redirection_id}}", of_redirect),
    called("PUT", f"{MH}/redirections/{{redirection_id}}", of_redirect, data={"targets": ["y@example.net"]}),
    called("DELETE", f"{MH}/redirections/{{redirection_id}}", of_redirect),
    called("GET", f"{MH}/redirections/{{redirection_id}}/targets", of_redirect),
    called(
        "POST",
        f"{MH}/redirections/{{redirection_id}}/targets",
        of_redirect,
        data={"address": "z@example.net"},
        status=201,
    ),
    called("GET", f"{MBOX}/users"),
    called("GET", f"{MBOX}/accesses/webmail/users"),
    called(
        "PATCH",
        f"{MBOX}/accesses/webmail/users/{{user_id}}",
        of_member,
        data={"permissions": {"can_send": False}},
    ),
    called("DELETE", f"{MBOX}/accesses/webmail/users/{{user_id}}", of_member),
    called("GET", f"{MBOX}/invitations"),
    # Whose mailbox it is may look; inviting into the organization needs the right to manage its people as well.
    called("DELETE", f"{MBOX}/invitations/{{key}}", of_invitation, but={Who.GRANTED: 403}),
    called(
        "PUT",
        f"{MBOX}/auth/invitations/send",
        of_invitation,
        data={"email": "lea@example.net"},
        but={Who.GRANTED: 403},
    ),
    called("DELETE", f"{MBOX}/accesses/devices", right=PASSWORD),
    # Everybody takes out what they have themselves; nobody in the matrix has it yet.
    api(
        "DELETE",
        "/1/mail_hostings/accesses/webmail/mailboxes/{mailbox_id}",
        allowed=NOBODY,
        fill=lambda cast: {"mailbox_id": box_of(cast).pk},
        but=dict.fromkeys(SIGNED_IN, 404),
    ),
    called("POST", f"{MBOX}/accesses/webmail", of_colleague, data={"user_id": COLLEAGUE}, status=201),
    called("PATCH", f"{MBOX}/users/{{user_id}}", of_member, data={"permissions": {"can_send": False}}),
    called("DELETE", f"{MBOX}/users/{{user_id}}", of_member),
    called("POST", f"{MBOX}/auth/invitations", data={"email": "lea@example.net"}, but={Who.GRANTED: 403}),
    called("PUT", f"{MBOX}/accesses/webmail/me", right=USE),
    called("DELETE", f"{MBOX}/accesses/webmail/me", right=USE),
    called("GET", f"{MBOX}/accesses/devices", right=PASSWORD),
    called("POST", f"{MBOX}/accesses/devices", right=PASSWORD, data={"label": "Phone"}),
    called("DELETE", f"{MBOX}/accesses/devices/{{device_access}}", of_device, right=PASSWORD),
    called("GET", f"{MH}/domains"),
    called("POST", f"{MH}/domains", data={"name": "more-matrix.example"}, status=201),
    called("DELETE", f"{MH}/domains/{{name}}", of_domain),
    called("POST", f"{MH}/domains/{{name}}/check", of_domain),
    called("GET", f"{MH}/journal", right=USE),
    called("GET", f"{MBOX}/journal", right=USE),
]
LINES = [*ACTIONS, *PAGES, *API, *WEBMAIL]
