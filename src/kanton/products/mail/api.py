"""The API of mail: services, mailboxes, aliases, redirections, people, devices, domains, journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from kanton.accounts.errors import WrongPassword
from kanton.accounts.models import Person, address_key
from kanton.accounts.queries import person_of
from kanton.core import clock
from kanton.core.api import ApiRequest, Lists, Query, Router, Rows, invalid
from kanton.core.errors import NotFound
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.core.rights import Right
from kanton.organizations.actions import resend_invitation, revoke_invitation
from kanton.organizations.errors import InvitationGone
from kanton.organizations.models import INVITATION_LIFE, Invitation, Membership
from kanton.organizations.queries import organization_by_id, require
from kanton.products.api import COLUMNS, LISTS, WITHS, ProductOut, product_out
from kanton.products.contract import product_called
from kanton.products.mail import actions, queries
from kanton.products.mail.addresses import BadAddress, domain_shown, parse_address
from kanton.products.mail.dns_records import check_domain_records, control_text
from kanton.products.mail.errors import (
    AllAddressesUsed,
    BadDomain,
    BadLocalPart,
    BadTarget,
    BulkRefused,
    DomainTaken,
    InMaintenance,
    LocalPartTaken,
    MainDomainStays,
    NameTakenMeanwhile,
    RedirectCircle,
    SomebodySignsIn,
    TooManyAppPasswords,
    WeakPassword,
)
from kanton.products.mail.models import Address, AppPassword, JournalEntry, Mailbox, MailDomain, MailService
from kanton.products.mail.rights import MAILBOX_SEND, MANAGE, PASSWORD, PRODUCT, USE
from kanton.products.mail.schemas import (
    AccessChange,
    AccessIn,
    AliasesIn,
    AliasesOut,
    AliasIn,
    BulkRowIn,
    CreatedMailboxOut,
    DeletedMailboxOut,
    DeviceIn,
    DeviceOut,
    ForwardIn,
    ForwardingIn,
    ForwardingOut,
    ForwardOut,
    GeneratedPasswordOut,
    HostingsQuery,
    InvitationAgainIn,
    InvitationIn,
    InvitationOut,
    JournalOut,
    MailboxChange,
    MailboxesQuery,
    MailboxIn,
    MailboxOut,
    MailboxQuery,
    MailboxUserOut,
    MailDomainIn,
    MailDomainOut,
    PasswordIn,
    RecordOut,
    RedirectIn,
    RedirectionTo,
    RedirectOut,
    RedirectTargetOut,
    ShortMailboxOut,
    TargetIn,
    TargetsIn,
    UsersOut,
    WebmailMailboxOut,
    WebmailUserOut,
    as_states,
)
from kanton.products.mail.unification.actions import change_mailbox_password
from kanton.products.mail.unification.errors import CannotUnify
from kanton.products.queries import services_of

router = Router("Mail")
READ, WRITE = ("mail:read",), ("mail",)
MH = "/1/mail_hostings/{mail_hosting_id}"
BOX = MH + "/mailboxes/{mailbox_name}"
BOX_WITHS = (
    "aliases", "full_aliases", "redirection", "has_redirection", "created_at", "password_last_changed_at", "size",
    "size_checked_at", "operation_in_progress", "permissions", "sending",
)  # fmt: skip
ADDRESS_ERRORS = (AllAddressesUsed, BadLocalPart, BadTarget, LocalPartTaken, WeakPassword)


def _mail(request: ApiRequest, number: int, right: Right | None = None) -> MailService:
    mail = queries.mail_service_by_id(request.actor, number)
    if right is not None:
        require(request.actor, right, mail.service)
    return mail


def _box(request: ApiRequest, number: int, name: str, right: Right | None = None) -> Mailbox:
    box = queries.mailbox_for(request.actor, _mail(request, number), name)
    if right is not None:
        require(request.actor, right, box)
    return box


# Services


@router.get("/1/mail_hostings", scopes=READ, withs=WITHS, lists=LISTS)
@exposes(queries.mail_services_of, queries.mail_services_visible_to)
def list_mail_hostings(request: ApiRequest, query: HostingsQuery) -> Rows[ProductOut]:
    """List the mail services that you may use."""
    organization = None if query.account_id is None else organization_by_id(request.actor, query.account_id)
    found = services_of(request.actor, organization, products=[product_called(PRODUCT)])
    withs = request.withs
    return Rows(found.values_list(*COLUMNS), lambda row: product_out(row, request.actor, withs))


@router.get(MH, scopes=READ, withs=WITHS)
@exposes(queries.mail_service_for)
def read_mail_hosting(request: ApiRequest, mail_hosting_id: int) -> ProductOut:
    """Read one mail service."""
    mail = _mail(request, mail_hosting_id)
    found = services_of(request.actor, mail.organization, products=[product_called(PRODUCT)])
    row = found.filter(pk=mail_hosting_id).values_list(*COLUMNS).first()
    if row is None:
        raise NotFound(model="mail_hosting")
    return product_out(row, request.actor, request.withs)


@router.put(MH + "/maintenance", scopes=WRITE)
@exposes(actions.start_maintenance)
def begin_maintenance(request: ApiRequest, mail_hosting_id: int) -> bool:
    """Start maintenance: mail still arrives, reading and sending are refused."""
    actions.start_maintenance(request.actor, _mail(request, mail_hosting_id))
    return True


@router.delete(MH + "/maintenance", scopes=WRITE)
@exposes(actions.end_maintenance)
def finish_maintenance(request: ApiRequest, mail_hosting_id: int) -> bool:
    """End maintenance."""
    actions.end_maintenance(request.actor, _mail(request, mail_hosting_id))
    return True


# Mailboxes


def _user_out(user: queries.User) -> MailboxUserOut:
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


def _mailbox_out(
    request: ApiRequest, box: Mailbox, users: list[queries.User], used: Callable[[Mailbox], Any]
) -> MailboxOut:
    withs = request.withs
    out: MailboxOut = {
        "users": [_user_out(user) for user in users],
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
        out["redirection"] = [_target(one) for one in box.redirect_to]
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


def _target(address: str) -> RedirectionTo:
    local, _at, domain = address.rpartition("@")
    return {"email": address, "email_idn": f"{local}@{domain_shown(domain)}"}


@router.get(MH + "/mailboxes", scopes=READ, withs=BOX_WITHS,
            lists=Lists(order={"mailbox_name": "local_part", "created_at": "created_at", "mailbox_id": "pk"},
                        default="mailbox_name", search=("address", "name", "note")))  # fmt: skip
@exposes(queries.mailboxes_of, queries.allowance_of)
def list_mailboxes(request: ApiRequest, mail_hosting_id: int, query: MailboxesQuery) -> Rows[MailboxOut]:
    """List the mailboxes of a mail service."""
    mail = _mail(request, mail_hosting_id)
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
        _mail(request, mail_hosting_id),
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
    created = actions.create_mailboxes(request.actor, _mail(request, mail_hosting_id), rows=rows)
    return [_created(new) for new in created]


@router.get(
    MH + "/deleted_mailboxes",
    scopes=READ,
    lists=Lists(order={"deleted_at": "deleted_at"}, default="-deleted_at"),
)
@exposes(queries.deleted_mailboxes_of)
def list_deleted_mailboxes(request: ApiRequest, mail_hosting_id: int) -> Rows[DeletedMailboxOut]:
    """List deleted mailboxes that can be brought back."""
    mail = _mail(request, mail_hosting_id, MANAGE)
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
    mail = _mail(request, mail_hosting_id, MANAGE)
    actions.restore_mailbox(request.actor, queries.deleted_mailbox_for(request.actor, mail, mailbox_id))
    return True


@router.get(BOX, scopes=READ, withs=BOX_WITHS)
@exposes(queries.mailbox_for)
def read_mailbox(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, query: MailboxQuery
) -> MailboxOut:
    """Read one mailbox."""
    box = _box(request, mail_hosting_id, mailbox_name)
    users = queries.users_of(box) if request.actor.has_right(MANAGE, box) else []
    return _mailbox_out(request, box, users, queries.allowance_of)


@router.patch(BOX, scopes=WRITE, errors=(BadTarget,), example={"name": "Front desk"})
@exposes(actions.edit_mailbox)
def change_mailbox(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: MailboxChange) -> bool:
    """Change the name, the note or the recovery address."""
    actions.edit_mailbox(request.actor, _box(request, mail_hosting_id, mailbox_name), **data.given())
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
        _box(request, mail_hosting_id, mailbox_name),
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
        _box(request, mail_hosting_id, mailbox_name),
        password=data.password,
        unify=data.unify,
        current_password=data.current_password,
    )
    return True


# Aliases


@router.get(BOX + "/aliases", scopes=READ)
def read_aliases(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> AliasesOut:
    """Read the aliases of a mailbox."""
    names = _box(request, mail_hosting_id, mailbox_name).aliases
    return {"enabled_alias": 1, "aliases": names}


@router.post(
    BOX + "/aliases", scopes=WRITE, errors=(BadLocalPart, LocalPartTaken), example={"alias": "sales"}
)
@exposes(actions.add_alias)
def add_alias(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: AliasIn) -> bool:
    """Add an alias."""
    box = _box(request, mail_hosting_id, mailbox_name)
    actions.add_alias(request.actor, box, alias=data.alias.partition("@")[0])
    return True


@router.put(
    BOX + "/aliases", scopes=WRITE, errors=(BadLocalPart, LocalPartTaken), example={"aliases": ["sales"]}
)
@exposes(actions.set_aliases)
def replace_aliases(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: AliasesIn) -> bool:
    """Replace all aliases."""
    box = _box(request, mail_hosting_id, mailbox_name)
    actions.set_aliases(request.actor, box, aliases=[one.partition("@")[0] for one in data.aliases])
    return True


@router.delete(BOX + "/aliases/{alias}", scopes=WRITE)
@exposes(actions.remove_alias)
def remove_alias(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, alias: str) -> bool:
    """Remove an alias."""
    box = _box(request, mail_hosting_id, mailbox_name)
    local = alias.partition("@")[0].lower()
    if local not in box.aliases and request.actor.has_right(MANAGE, box):
        raise NotFound(model="alias")
    actions.remove_alias(request.actor, box, alias=local)
    return True


# Redirection of a mailbox


@router.get(BOX + "/forwarding_addresses", scopes=READ)
def read_forwarding(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> ForwardingOut:
    """Read the redirection of a mailbox."""
    box = _box(request, mail_hosting_id, mailbox_name)
    return {
        "is_enabled": box.is_redirecting,
        "redirect_adresses": [_target(one) for one in box.redirect_to],
        "has_dont_deliver": not box.keeps_copy,
        "has_forward_spam": True,
    }


@router.put(BOX + "/forwarding_addresses", scopes=WRITE, errors=(BadTarget, RedirectCircle),
            example={"redirect_addresses": ["lea@example.net"], "has_dont_deliver": False})  # fmt: skip
@exposes(actions.set_redirection)
def replace_forwarding(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: ForwardingIn
) -> bool:
    """Replace the redirection of a mailbox."""
    box = _box(request, mail_hosting_id, mailbox_name)
    targets = box.redirect_to if data.redirect_addresses is None else data.redirect_addresses
    actions.set_redirection(
        request.actor, box, targets=targets, keeps_copy=not data.has_dont_deliver, is_enabled=data.is_enabled
    )
    return True


@router.post(BOX + "/forwarding_addresses", scopes=WRITE, status=201, errors=(BadTarget, RedirectCircle),
             example={"redirect_address": "lea@example.net"})  # fmt: skip
def add_forwarding(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: ForwardIn
) -> ForwardOut:
    """Add an address that the mailbox redirects to."""
    box = _box(request, mail_hosting_id, mailbox_name)
    if not data.redirect_address.strip():  # the action would pass over it
        raise BadTarget(address="")
    actions.set_redirection(
        request.actor, box, targets=[*box.redirect_to, data.redirect_address], keeps_copy=box.keeps_copy
    )
    added = str(parse_address(data.redirect_address))
    return {**_target(added), "has_dont_deliver": not box.keeps_copy}


@router.delete(BOX + "/forwarding_addresses", scopes=WRITE)
def end_forwarding(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> bool:
    """End the redirection of a mailbox."""
    actions.set_redirection(request.actor, _box(request, mail_hosting_id, mailbox_name), targets=[])
    return True


@router.delete(BOX + "/forwarding_addresses/{redirect_addresses}", scopes=WRITE)
def remove_forwarding(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, redirect_addresses: str
) -> bool:
    """Remove one address that the mailbox redirects to."""
    box = _box(request, mail_hosting_id, mailbox_name)
    try:
        gone = str(parse_address(redirect_addresses))
    except BadAddress:
        gone = ""
    if gone not in box.redirect_to and request.actor.has_right(MANAGE, box):
        raise NotFound(model="redirect_address")
    left = [one for one in box.redirect_to if one != gone]
    actions.set_redirection(request.actor, box, targets=left, keeps_copy=box.keeps_copy)
    return True


# Redirect-only addresses


def _targets_out(address: Address) -> list[RedirectTargetOut]:
    made, changed = clock.timestamp(address.created_at), clock.timestamp(address.updated_at)
    return [
        {
            "id": f"{address.pk}-{number}",
            "address": target,
            "optin_code": None,
            "optin_expires_at": None,
            "opted_in_at": made,
            "created_at": made,
            "updated_at": changed,
            "state": "active",
        }
        for number, target in enumerate(address.targets, start=1)
    ]


def _redirect_out(address: Address) -> RedirectOut:
    made, changed = clock.timestamp(address.created_at), clock.timestamp(address.updated_at)
    return {
        "id": str(address.pk),
        "name": address.local_part,
        "created_at": made,
        "updated_at": changed,
        "targets": _targets_out(address),
        "address": {
            "id": str(address.pk),
            "address": f"{address.local_part}@{address.mail.main_domain}",
            "created_at": made,
            "updated_at": changed,
            "state": "active",
        },
        "state": "active",
        "send_confirmation_requests_enabled": False,
        "send_confirmation_requests_state": "inactive",
    }


@router.get(MH + "/redirections", scopes=READ,
            lists=Lists(order={"id": "pk", "name": "local_part", "created_at": "created_at"}, default="name",
                        search=("local_part",)))  # fmt: skip
@exposes(queries.redirects_of)
def list_redirections(request: ApiRequest, mail_hosting_id: int) -> Rows[RedirectOut]:
    """List the redirect-only addresses of a mail service."""
    mail = _mail(request, mail_hosting_id, MANAGE)
    return Rows(queries.redirects_of(request.actor, mail), _redirect_out)


@router.post(MH + "/redirections", scopes=WRITE, status=201,
             errors=(BadLocalPart, BadTarget, LocalPartTaken, RedirectCircle),
             example={"name": "team", "targets": ["lea@example.net"]})  # fmt: skip
@exposes(actions.create_redirect)
def create_redirection(request: ApiRequest, mail_hosting_id: int, data: RedirectIn) -> str:
    """Create a redirect-only address. The answer is its id."""
    mail = _mail(request, mail_hosting_id)
    made = actions.create_redirect(
        request.actor, mail, local_part=data.name.partition("@")[0], targets=data.targets
    )
    return str(made.pk)


@router.get(MH + "/redirections/{redirection_id}", scopes=READ)
@exposes(queries.redirect_for)
def read_redirection(request: ApiRequest, mail_hosting_id: int, redirection_id: int) -> RedirectOut:
    """Read one redirect-only address."""
    mail = _mail(request, mail_hosting_id, MANAGE)
    return _redirect_out(queries.redirect_for(request.actor, mail, redirection_id))


@router.put(MH + "/redirections/{redirection_id}", scopes=WRITE, errors=(BadTarget, RedirectCircle),
            example={"targets": ["lea@example.net"]})  # fmt: skip
@exposes(actions.change_redirect)
def replace_redirection(
    request: ApiRequest, mail_hosting_id: int, redirection_id: int, data: TargetsIn
) -> RedirectOut:
    """Replace the targets of a redirect-only address."""
    mail = _mail(request, mail_hosting_id, MANAGE)
    address = queries.redirect_for(request.actor, mail, redirection_id)
    return _redirect_out(actions.change_redirect(request.actor, address, targets=data.targets))


@router.delete(MH + "/redirections/{redirection_id}", scopes=WRITE)
@exposes(actions.delete_redirect)
def delete_redirection(request: ApiRequest, mail_hosting_id: int, redirection_id: int) -> bool:
    """Delete a redirect-only address."""
    mail = _mail(request, mail_hosting_id, MANAGE)
    actions.delete_redirect(request.actor, queries.redirect_for(request.actor, mail, redirection_id))
    return True


@router.get(MH + "/redirections/{redirection_id}/targets", scopes=READ)
def list_targets(request: ApiRequest, mail_hosting_id: int, redirection_id: int) -> list[RedirectTargetOut]:
    """List the targets of a redirect-only address."""
    mail = _mail(request, mail_hosting_id, MANAGE)
    return _targets_out(queries.redirect_for(request.actor, mail, redirection_id))


@router.post(MH + "/redirections/{redirection_id}/targets", scopes=WRITE, status=201,
             errors=(BadTarget, RedirectCircle), example={"address": "lea@example.net"})  # fmt: skip
def add_target(request: ApiRequest, mail_hosting_id: int, redirection_id: int, data: TargetIn) -> str:
    """Add a target to a redirect-only address. The answer is its id."""
    mail = _mail(request, mail_hosting_id, MANAGE)
    address = queries.redirect_for(request.actor, mail, redirection_id)
    changed = actions.change_redirect(request.actor, address, targets=[*address.targets, data.address])
    return _targets_out(changed)[-1]["id"]


# People


def _member(request: ApiRequest, box: Mailbox, user_id: int) -> Membership:
    found = Membership.objects.filter(organization=box.organization_id).select_related("person")
    return get_or_not_found(found, person_id=user_id)


def _short(box: Mailbox) -> ShortMailboxOut:
    return {"mailbox_name": box.local_part, "mailbox": box.address, "mailbox_idn": box.shown}


def _invitation_out(invitation: Invitation, box: Mailbox) -> InvitationOut:
    rights = {grant.get("right") for grant in invitation.grants}
    return {
        "short_url": "",  # the link is a secret of the mail
        "key": str(invitation.pk),
        "sent_to": invitation.email,
        "expired_at": clock.timestamp(invitation.sent_at + INVITATION_LIFE),
        "is_valid": invitation.is_open,
        "is_used": invitation.accepted_at is not None,
        "signature_template_id": "",
        "mailbox": _short(box),
        "email": invitation.email,
        "is_member": False,
        "permissions": {
            "can_send": MAILBOX_SEND.code in rights,
            "can_change_password": PASSWORD.code in rights,
        },
    }


@router.get(BOX + "/users", scopes=READ)
@exposes(queries.users_of, queries.invitations_to)
def list_users(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> UsersOut:
    """List who may use a mailbox, and who is invited."""
    box = _box(request, mail_hosting_id, mailbox_name, MANAGE)
    return {
        "users": [_user_out(user) for user in queries.users_of(box)],
        "invitations": [_invitation_out(one, box) for one in queries.invitations_to(box)],
    }


@router.post(BOX + "/accesses/webmail", scopes=WRITE, status=201, example={"user_id": 1})
@exposes(actions.give_access)
def give_access(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: AccessIn) -> bool:
    """Let a person of the organization use a mailbox."""
    box = _box(request, mail_hosting_id, mailbox_name, MANAGE)
    actions.give_access(
        request.actor,
        box,
        membership=_member(request, box, data.user_id),
        may_send=data.permissions.can_send,
        may_change_password=data.permissions.can_change_password,
    )
    return True


@router.patch(BOX + "/accesses/webmail/users/{user_id}", scopes=WRITE,
              example={"permissions": {"can_send": False}})  # fmt: skip
@router.patch(BOX + "/users/{user_id}", scopes=WRITE, example={"permissions": {"can_send": False}})
def change_access(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, user_id: int, data: AccessChange
) -> bool:
    """Change what a person may do with a mailbox."""
    box = _box(request, mail_hosting_id, mailbox_name, MANAGE)
    member = next(
        (one.membership for one in queries.users_of(box) if one.membership.person_id == user_id), None
    )
    if member is None:
        raise NotFound(model="user")
    actions.give_access(
        request.actor,
        box,
        membership=member,
        may_send=data.permissions.can_send,
        may_change_password=data.permissions.can_change_password,
    )
    return True


@router.delete(BOX + "/accesses/webmail/users/{user_id}", scopes=WRITE)
@router.delete(BOX + "/users/{user_id}", scopes=WRITE)
@exposes(actions.withdraw_access)
def withdraw_access(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, user_id: int) -> bool:
    """End a person's use of a mailbox."""
    box = _box(request, mail_hosting_id, mailbox_name, MANAGE)
    actions.withdraw_access(request.actor, box, membership=_member(request, box, user_id))
    return True


@router.post(BOX + "/auth/invitations", scopes=WRITE, example={"email": "lea@example.net"})
@exposes(actions.invite_to_mailbox)
def invite(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: InvitationIn) -> InvitationOut:
    """Invite somebody by mail to use a mailbox; members are let in at once."""
    box = _box(request, mail_hosting_id, mailbox_name, MANAGE)
    done = actions.invite_to_mailbox(
        request.actor,
        box,
        email=data.email,
        may_send=data.permissions.can_send,
        may_change_password=data.permissions.can_change_password,
    )
    if isinstance(done, Invitation):
        return _invitation_out(done, box)
    return {
        "short_url": "",
        "key": "",
        "sent_to": done.person.email,
        "expired_at": None,
        "is_valid": True,
        "is_used": True,
        "signature_template_id": "",
        "mailbox": _short(box),
        "email": done.person.email,
        "is_member": True,
        "permissions": {
            "can_send": data.permissions.can_send,
            "can_change_password": data.permissions.can_change_password,
        },
    }


def _invitation(box: Mailbox, key: str, email: str = "") -> Invitation:
    """The open invitation to this mailbox, by its key or its address; or NotFound."""
    wanted = address_key(email) if email else None
    found = next(
        (one for one in queries.invitations_to(box) if str(one.pk) == key or one.email_key == wanted), None
    )
    if found is None:
        raise NotFound(model="invitation")
    return found


@router.get(BOX + "/invitations", scopes=READ)
@exposes(queries.invitations_to)
def list_invitations(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> list[InvitationOut]:
    """List the open invitations to a mailbox."""
    box = _box(request, mail_hosting_id, mailbox_name, MANAGE)
    return [_invitation_out(one, box) for one in queries.invitations_to(box)]


@router.put(BOX + "/auth/invitations/send", scopes=WRITE, errors=(InvitationGone,), example={"key": "17"})
def send_invitation_again(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: InvitationAgainIn
) -> bool:
    """Send an invitation again with a fresh link; the old link dies."""
    box = _box(request, mail_hosting_id, mailbox_name, MANAGE)
    if not (data.key or data.email):
        raise invalid("key", "Name the invitation by its key or its address.", code="attribute_required")
    resend_invitation(request.actor, _invitation(box, data.key, data.email))
    return True


@router.delete(BOX + "/invitations/{key}", scopes=WRITE, errors=(InvitationGone,))
def take_invitation_back(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, key: str) -> bool:
    """Take back an invitation. Its link stops working at once."""
    box = _box(request, mail_hosting_id, mailbox_name, MANAGE)
    revoke_invitation(request.actor, _invitation(box, key))
    return True


@router.delete("/1/mail_hostings/accesses/webmail/mailboxes/{mailbox_id}", scopes=WRITE)
def unlink_by_number(request: ApiRequest, mailbox_id: int) -> bool:
    """Take a mailbox out of your own web app."""
    box = get_or_not_found(Mailbox.objects.readable_by(request.actor), pk=mailbox_id)
    actions.unlink_mailbox(request.actor, box)
    return True


def _webmail_user(person: Person) -> WebmailUserOut:
    return {
        "id": person.pk,
        "display_name": person.display_name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "avatar": "",
        "is_sso": not person.has_usable_password(),
    }


@router.get(
    BOX + "/accesses/webmail/users",
    scopes=READ,
    lists=Lists(order={"email": "email", "display_name": "display_name"}, search=("email", "display_name")),
)
@exposes(queries.users_of)
def list_webmail_users(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> Rows[WebmailUserOut]:
    """List the people who may open a mailbox in the web app."""
    box = _box(request, mail_hosting_id, mailbox_name, MANAGE)
    return Rows([user.membership.person for user in queries.users_of(box)], _webmail_user)


@router.get("/1/mail_hostings/accesses/webmail", scopes=READ,
            lists=Lists(order={"mailbox": "address"}, default="mailbox", search=("address",)))  # fmt: skip
@exposes(queries.usable_mailboxes)
def list_webmail_accesses(request: ApiRequest) -> Rows[WebmailMailboxOut]:
    """List the mailboxes that you may open in the web app."""
    me = _webmail_user(person_of(request.actor))
    return Rows(
        Mailbox.objects.readable_by(request.actor),
        lambda box: {
            "id": box.pk,
            "user": me,
            "status": "healthy",
            "last_used_at": None,
            "is_primary": False,
            "created_at": clock.timestamp(box.created_at) or 0,
            "permissions_binary": 0,
            "permissions": [
                name
                for name, right in (("can_send", MAILBOX_SEND), ("can_change_password", PASSWORD))
                if request.actor.has_right(right, box)
            ],
            "mailbox": [_short(box)],
            "has_valid_password": True,
            "mailbox_id": box.pk,
            "service_id": box.mail.service_id,
            "account_id": box.organization_id,
        },
    )


@router.put(BOX + "/accesses/webmail/me", scopes=WRITE, errors=(InMaintenance,))
@exposes(actions.link_mailbox)
def link_to_me(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> bool:
    """Open a mailbox in your own web app."""
    actions.link_mailbox(request.actor, _box(request, mail_hosting_id, mailbox_name))
    return True


@router.delete(BOX + "/accesses/webmail/me", scopes=WRITE)
@exposes(actions.unlink_mailbox)
def unlink_from_me(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> bool:
    """Take a mailbox out of your own web app."""
    actions.unlink_mailbox(request.actor, _box(request, mail_hosting_id, mailbox_name))
    return True


# Devices


def _device_out(device: AppPassword) -> DeviceOut:
    return {
        "id": device.pk,
        "protocols": "imap",
        "last_connection": None,
        "created_at": clock.timestamp(device.created_at) or 0,
        "status": "healthy",
        "mailbox": _short(device.mailbox),
        "label": device.label,
    }


@router.get(
    BOX + "/accesses/devices", scopes=READ, lists=Lists(order={"id": "pk"}, default="id", search=("label",))
)
def list_devices(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> Rows[DeviceOut]:
    """List the device passwords of a mailbox."""
    box = _box(request, mail_hosting_id, mailbox_name, PASSWORD)
    return Rows(AppPassword.objects.filter(mailbox=box).select_related("mailbox"), _device_out)


@router.post(
    BOX + "/accesses/devices", scopes=WRITE, errors=(TooManyAppPasswords,), example={"label": "Lea’s phone"}
)
@exposes(actions.create_app_password)
def create_device(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: DeviceIn
) -> GeneratedPasswordOut:
    """Make a password for one device. It is told in this answer only."""
    box = _box(request, mail_hosting_id, mailbox_name)
    new = actions.create_app_password(request.actor, box, label=data.label)
    return {
        "id": new.app_password.pk,
        "label": new.app_password.label,
        "login": box.address,
        "password": new.password,
    }


@router.delete(BOX + "/accesses/devices", scopes=WRITE)
def revoke_devices(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> bool:
    """Revoke the passwords of all devices of a mailbox, or of none."""
    box = _box(request, mail_hosting_id, mailbox_name, PASSWORD)
    with transaction.atomic():
        for number in AppPassword.objects.filter(mailbox=box).values_list("pk", flat=True):
            actions.revoke_app_password(request.actor, box, app_password_id=number)
    return True


@router.delete(BOX + "/accesses/devices/{device_access}", scopes=WRITE)
@exposes(actions.revoke_app_password)
def revoke_device(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, device_access: int) -> bool:
    """Revoke the password of a device."""
    box = _box(request, mail_hosting_id, mailbox_name, PASSWORD)
    get_or_not_found(AppPassword.objects.filter(mailbox=box), pk=device_access)
    actions.revoke_app_password(request.actor, box, app_password_id=device_access)
    return True


# Domains and journal


def _domain_out(domain: MailDomain, withs: frozenset[str]) -> MailDomainOut:
    out: MailDomainOut = {
        "name": domain.name,
        "name_idn": domain.shown,
        "is_main": domain.is_main,
        "is_controlled": domain.is_controlled,
        "control_record": None if domain.is_controlled else control_text(domain),
        "state": as_states(domain),
    }
    if "records" in withs:
        records: list[RecordOut] = [
            {"name": one.name, "type": one.type, "target": one.target, "state": str(one.state)}
            for one in check_domain_records(domain)
        ]
        out["records"] = records
    return out


@router.get(
    MH + "/domains", scopes=READ, withs=("records",), lists=Lists(order={"name": "name"}, default="name")
)
@exposes(queries.domains_of, check_domain_records)
def list_domains(request: ApiRequest, mail_hosting_id: int) -> Rows[MailDomainOut]:
    """List the domains of a mail service; with `records` each is checked live."""
    mail = _mail(request, mail_hosting_id, MANAGE)
    withs = request.withs
    return Rows(queries.domains_of(request.actor, mail), lambda domain: _domain_out(domain, withs))


@router.post(
    MH + "/domains",
    scopes=WRITE,
    status=201,
    errors=(BadDomain, DomainTaken),
    example={"name": "acme-shop.ch"},
)
@exposes(actions.link_domain)
def link_domain(request: ApiRequest, mail_hosting_id: int, data: MailDomainIn) -> MailDomainOut:
    """Link one more domain."""
    mail = _mail(request, mail_hosting_id)
    domain = actions.link_domain(request.actor, mail, name=data.name, replace_records=data.replace_records)
    return _domain_out(domain, frozenset())


@router.delete(MH + "/domains/{name}", scopes=WRITE, errors=(MainDomainStays,))
@exposes(actions.unlink_domain, queries.mail_domain_for)
def unlink_domain(request: ApiRequest, mail_hosting_id: int, name: str) -> bool:
    """Unlink an additional domain."""
    mail = _mail(request, mail_hosting_id, MANAGE)
    actions.unlink_domain(request.actor, queries.mail_domain_for(request.actor, mail, name))
    return True


@router.post(MH + "/domains/{name}/check", scopes=WRITE)
@exposes(actions.check_domain)
def check_domain(request: ApiRequest, mail_hosting_id: int, name: str) -> MailDomainOut:
    """Look again whether a domain is proved and works."""
    mail = _mail(request, mail_hosting_id, MANAGE)
    domain = actions.check_domain(request.actor, queries.mail_domain_for(request.actor, mail, name))
    return _domain_out(domain, frozenset())


def _journal_out(entry: JournalEntry) -> JournalOut:
    return {
        "id": entry.pk,
        "at": clock.timestamp(entry.at) or 0,
        "way": entry.way,
        "sender": entry.sender,
        "recipient": entry.recipient,
        "mailbox": entry.mailbox.address if entry.mailbox else None,
        "size": entry.size,
        "result": entry.result,
        "words": entry.words or None,
    }


JOURNAL = Lists(
    order={"at": "at", "id": "pk"}, default="-at", search=("sender", "recipient", "words"), always_paged=True
)


@router.get(MH + "/journal", scopes=READ, lists=JOURNAL)
@exposes(queries.journal_of)
def list_journal(request: ApiRequest, mail_hosting_id: int) -> Rows[JournalOut]:
    """List incoming and outgoing messages of thirty days."""
    return Rows(queries.journal_of(request.actor, _mail(request, mail_hosting_id)), _journal_out)


@router.get(BOX + "/journal", scopes=READ, lists=JOURNAL)
@exposes(queries.journal_of_mailbox)
def list_mailbox_journal(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> Rows[JournalOut]:
    """List the messages of one mailbox."""
    box = _box(request, mail_hosting_id, mailbox_name)
    return Rows(queries.journal_of_mailbox(request.actor, box), _journal_out)
