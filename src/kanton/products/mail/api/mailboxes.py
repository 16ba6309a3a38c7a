"""Mailboxes: listing, making, changing, removing, bringing back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kanton.accounts.errors import WrongPassword
from kanton.core import clock
from kanton.core.api import ApiRequest, Lists, Query, Rows
from kanton.core.parity import exposes
from kanton.products.mail import actions, queries
from kanton.products.mail.api.common import (
    ADDRESS_ERRORS,
    BOX,
    MH,
    READ,
    WRITE,
    mailbox_for,
    router,
    service_for,
    target_of,
    user_out,
)
from kanton.products.mail.errors import (
    AllAddressesUsed,
    BadTarget,
    BulkRefused,
    NameTakenMeanwhile,
    SomebodySignsIn,
    WeakPassword,
)
from kanton.products.mail.models import Address, Mailbox
from kanton.products.mail.rights import MAILBOX_SEND, MANAGE, PASSWORD, USE
from kanton.products.mail.schemas import (
    BulkRowIn,
    CreatedMailboxOut,
    DeletedMailboxOut,
    MailboxChange,
    MailboxesQuery,
    MailboxIn,
    MailboxOut,
    MailboxQuery,
    PasswordIn,
    as_states,
)
from kanton.products.mail.unification.actions import change_mailbox_password
from kanton.products.mail.unification.errors import CannotUnify

BOX_WITHS = (
    "aliases", "full_aliases", "redirection", "has_redirection", "created_at", "password_last_changed_at", "size",
    "size_checked_at", "operation_in_progress", "permissions", "sending",
)  # fmt: skip


def _mailbox_out(
    request: ApiRequest, box: Mailbox, users: list[queries.User], used: Callable[[Mailbox], Any]
) -> MailboxOut:
    withs = request.withs
    out: MailboxOut = {
        "users": [user_out(user) for user in users],
        "mailbox_name": box.local_part,
        "mailbox": box.address,
        "mailbox_idn": box.shown,
        "note": box.note or None,
        "type": None,
        "is_limited": False,
        "is_free_mail": False,
        "is_used_for_account": "",
        "private": {},
        "mailbox_id": box.pk,
        "name": box.name,
        "recovery_email": box.recovery_email or None,
        "state": as_states(box),
    }
    if "has_redirection" in withs:
        out["has_redirection"] = box.is_redirecting
    if "redirection" in withs:
        out["redirection"] = [target_of(one) for one in box.redirect_to]
    if "aliases" in withs:
        out["aliases"] = box.aliases
    if "full_aliases" in withs:
        domain = box.address.rpartition("@")[2]
        out["full_aliases"] = [f"{alias}@{domain}" for alias in box.aliases]
    if "created_at" in withs:
        out["created_at"] = clock.timestamp(box.created_at) or 0
    if "password_last_changed_at" in withs:
        out["password_last_changed_at"] = clock.timestamp(box.password_changed_at)
    if "size" in withs:
        out["size"] = box.storage_bytes
    if "size_checked_at" in withs:
        out["size_checked_at"] = clock.timestamp(box.storage_checked_at)
    if "operation_in_progress" in withs:
        out["operation_in_progress"] = not box.is_proved
    if "permissions" in withs:
        has = request.actor.has_right
        out["permissions"] = {
            "can_read": has(USE, box),
            "can_send": has(MAILBOX_SEND, box),
            "can_change_password": has(PASSWORD, box),
            "can_manage": has(MANAGE, box),
        }
    if "sending" in withs:
        allowance = used(box)
        out["sending"] = {"limit": allowance.limit, "used": allowance.used, "left": allowance.left}
    return out


@router.get(MH + "/mailboxes", scopes=READ, withs=BOX_WITHS,
            lists=Lists(order={"mailbox_name": "local_part", "created_at": "created_at", "mailbox_id": "pk"},
                        default="mailbox_name", search=("address", "name", "note")))  # fmt: skip
@exposes(queries.mailboxes_of, queries.allowance_of)
def list_mailboxes(request: ApiRequest, mail_hosting_id: int, query: MailboxesQuery) -> Rows[MailboxOut]:
    """List the mailboxes of a mail service."""
    mail = service_for(request, mail_hosting_id)
    found = queries.mailboxes_of(request.actor, mail)
    if query.filter.has_redirection is not None:
        found = found.filter(is_redirecting=query.filter.has_redirection)
    if query.filter.has_alias is not None:
        with_alias = Address.objects.filter(mail=mail, kind="alias").values("mailbox_id")
        found = (
            found.filter(pk__in=with_alias) if query.filter.has_alias else found.exclude(pk__in=with_alias)
        )
    may_manage = request.actor.has_right(MANAGE, mail.service)

    def rows(page: list[Mailbox]) -> list[MailboxOut]:
        users = queries.users_by_mailbox(page) if may_manage else {}
        return [_mailbox_out(request, box, users.get(box.pk, []), queries.allowance_of) for box in page]

    return Rows(found, many=rows)


@router.post(MH + "/mailboxes", scopes=WRITE, status=201, errors=ADDRESS_ERRORS,
             example={"mailbox_name": "info", "password": "Fjord-Kiesel-417-Wolke"})  # fmt: skip
@exposes(actions.create_mailbox)
def create_mailbox(request: ApiRequest, mail_hosting_id: int, data: MailboxIn) -> CreatedMailboxOut:
    """Create a mailbox. Without a password a strong one is made and told in the answer, once."""
    new = actions.create_mailbox(
        request.actor,
        service_for(request, mail_hosting_id),
        local_part=data.mailbox_name.partition("@")[0],
        password=data.password or "",
        note=data.note or "",
        name=data.name or "",
        recovery_email=data.recovery_email or "",
        link_to_me=data.link_to_current_user,
    )
    return _created(new)


def _created(new: actions.NewMailbox) -> CreatedMailboxOut:
    return {
        "mailbox": new.mailbox.address,
        "quota": 0,
        "used": 0,
        "total": 0,
        "existing_user_email": False,
        "password": new.password or None,
        "state": as_states(new.mailbox),
    }


@router.post(MH + "/mailboxes/bulk", scopes=WRITE, status=201, errors=(*ADDRESS_ERRORS, BulkRefused),
             example=[{"mailbox_name": "anna"}, {"mailbox_name": "bob", "name": "Bob"}])  # fmt: skip
@exposes(actions.create_mailboxes)
def create_many_mailboxes(
    request: ApiRequest, mail_hosting_id: int, data: list[BulkRowIn]
) -> list[CreatedMailboxOut]:
    """Create many mailboxes, all or none. Wrong lines are told by their number."""
    rows = [
        {
            "local_part": row.mailbox_name.partition("@")[0],
            "name": row.name,
            "password": row.password,
            "recovery_email": row.recovery_email,
        }
        for row in data
    ]
    created = actions.create_mailboxes(request.actor, service_for(request, mail_hosting_id), rows=rows)
    return [_created(new) for new in created]


@router.get(
    MH + "/deleted_mailboxes",
    scopes=READ,
    lists=Lists(order={"deleted_at": "deleted_at"}, default="-deleted_at"),
)
@exposes(queries.deleted_mailboxes_of)
def list_deleted_mailboxes(request: ApiRequest, mail_hosting_id: int) -> Rows[DeletedMailboxOut]:
    """List deleted mailboxes that can be brought back."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    return Rows(
        queries.deleted_mailboxes_of(request.actor, mail),
        lambda box: {
            "mailbox_id": box.pk, "mailbox": box.address, "deleted_at": clock.timestamp(box.deleted_at) or 0,
        },
    )  # fmt: skip


@router.post(MH + "/deleted_mailboxes/{mailbox_id}/restore", scopes=WRITE,
             errors=(AllAddressesUsed, NameTakenMeanwhile))  # fmt: skip
@exposes(actions.restore_mailbox, queries.deleted_mailbox_for)
def bring_mailbox_back(request: ApiRequest, mail_hosting_id: int, mailbox_id: int) -> bool:
    """Bring a deleted mailbox back with its mail."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    actions.restore_mailbox(request.actor, queries.deleted_mailbox_for(request.actor, mail, mailbox_id))
    return True


@router.get(BOX, scopes=READ, withs=BOX_WITHS)
@exposes(queries.mailbox_for)
def read_mailbox(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, query: MailboxQuery
) -> MailboxOut:
    """Read one mailbox."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name)
    users = queries.users_of(box) if request.actor.has_right(MANAGE, box) else []
    return _mailbox_out(request, box, users, queries.allowance_of)


@router.patch(BOX, scopes=WRITE, errors=(BadTarget,), example={"name": "Front desk"})
@exposes(actions.edit_mailbox)
def change_mailbox(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: MailboxChange) -> bool:
    """Change the name, the note or the recovery address."""
    actions.edit_mailbox(request.actor, mailbox_for(request, mail_hosting_id, mailbox_name), **data.given())
    return True


class DeletionQuery(Query):
    """What must be said when somebody signs in with the address."""

    confirm_logins: bool = False


@router.delete(BOX, scopes=WRITE, errors=(SomebodySignsIn,))
@exposes(actions.delete_mailbox)
def delete_mailbox(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, query: DeletionQuery
) -> bool:
    """Delete a mailbox. For thirty days it can be brought back.

    If accounts sign in with the address, they go on under substitute user names; say `confirm_logins=true` then.
    """
    actions.delete_mailbox(
        request.actor,
        mailbox_for(request, mail_hosting_id, mailbox_name),
        are_logins_confirmed=query.confirm_logins,
    )
    return True


@router.put(
    BOX + "/password",
    scopes=WRITE,
    errors=(WeakPassword, CannotUnify, WrongPassword),
    example={"password": "Fjord-Kiesel-417-Wolke"},
)
@exposes(change_mailbox_password)
def set_password(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: PasswordIn) -> bool:
    """Set a new password of the address.

    With `unify`, or when it is unified with the login password already, it becomes the login password too; then
    `current_password` is the present login password.
    """
    change_mailbox_password(
        request.actor,
        mailbox_for(request, mail_hosting_id, mailbox_name),
        password=data.password,
        unify=data.unify,
        current_password=data.current_password,
    )
    return True
