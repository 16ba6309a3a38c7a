"""What all routes of mail share: where they are, and how they find a service and a mailbox."""

from __future__ import annotations

from kanton.core import clock
from kanton.core.api import ApiRequest, Router
from kanton.core.rights import Right
from kanton.organizations.queries import require
from kanton.products.mail import queries
from kanton.products.mail.addresses import domain_shown
from kanton.products.mail.errors import (
    AllAddressesUsed,
    BadLocalPart,
    BadTarget,
    LocalPartTaken,
    WeakPassword,
)
from kanton.products.mail.models import Mailbox, MailService
from kanton.products.mail.schemas import MailboxUserOut, RedirectionTo, ShortMailboxOut

router = Router("Mail")
READ, WRITE = ("mail:read",), ("mail",)
MH = "/1/mail_hostings/{mail_hosting_id}"
BOX = MH + "/mailboxes/{mailbox_name}"

ADDRESS_ERRORS = (AllAddressesUsed, BadLocalPart, BadTarget, LocalPartTaken, WeakPassword)


def service_for(request: ApiRequest, number: int, right: Right | None = None) -> MailService:
    """The mail service of this number, or NotFound; with `right`, Forbidden for who lacks it."""
    mail = queries.mail_service_by_id(request.actor, number)
    if right is not None:
        require(request.actor, right, mail.service)
    return mail


def mailbox_for(request: ApiRequest, number: int, name: str, right: Right | None = None) -> Mailbox:
    """The mailbox of this name in a service, or NotFound; with `right`, Forbidden for who lacks it."""
    box = queries.mailbox_for(request.actor, service_for(request, number), name)
    if right is not None:
        require(request.actor, right, box)
    return box


def user_out(user: queries.User) -> MailboxUserOut:
    """Somebody who may use a mailbox."""
    person = user.membership.person
    return {
        "id": person.pk,
        "email": person.email,
        "name": person.display_name,
        "is_deleted": False,
        "is_unified": False,
        "avatar": "",
        "has_double_auth": bool(getattr(user.membership, "has_second_factor", False)),
        "last_login_at": clock.timestamp(person.last_login),
        "last_access_at": None,
        "display_name": person.display_name,
        "permissions": {"can_send": user.may_send, "can_change_password": user.may_change_password},
    }


def target_of(address: str) -> RedirectionTo:
    """Where a redirection leads."""
    local, _at, domain = address.rpartition("@")
    return {"email": address, "email_idn": f"{local}@{domain_shown(domain)}"}


def short_mailbox(box: Mailbox) -> ShortMailboxOut:
    """A mailbox by its names alone."""
    return {"mailbox_name": box.local_part, "mailbox": box.address, "mailbox_idn": box.shown}
