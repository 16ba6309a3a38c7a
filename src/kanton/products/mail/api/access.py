"""Who may use a mailbox: members, invitations, and mailboxes in the webmail."""

from __future__ import annotations

from kanton.accounts.models import Person, address_key
from kanton.accounts.queries import person_of
from kanton.core import clock
from kanton.core.api import ApiRequest, Lists, Rows, invalid
from kanton.core.errors import NotFound
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.organizations.actions import resend_invitation, revoke_invitation
from kanton.organizations.errors import InvitationGone
from kanton.organizations.models import INVITATION_LIFE, Invitation, Membership
from kanton.products.mail import actions, queries
from kanton.products.mail.api.common import BOX, READ, WRITE, mailbox_for, router, short_mailbox, user_out
from kanton.products.mail.errors import InMaintenance
from kanton.products.mail.models import Mailbox
from kanton.products.mail.rights import MAILBOX_SEND, MANAGE, PASSWORD
from kanton.products.mail.schemas import (
    AccessChange,
    AccessIn,
    InvitationAgainIn,
    InvitationIn,
    InvitationOut,
    UsersOut,
    WebmailMailboxOut,
    WebmailUserOut,
)


def _member(request: ApiRequest, box: Mailbox, user_id: int) -> Membership:
    found = Membership.objects.filter(organization=box.organization_id).select_related("person")
    return get_or_not_found(found, person_id=user_id)


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
        "mailbox": short_mailbox(box),
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
    box = mailbox_for(request, mail_hosting_id, mailbox_name, MANAGE)
    return {
        "users": [user_out(user) for user in queries.users_of(box)],
        "invitations": [_invitation_out(one, box) for one in queries.invitations_to(box)],
    }


@router.post(BOX + "/accesses/webmail", scopes=WRITE, status=201, example={"user_id": 1})
@exposes(actions.give_access)
def give_access(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: AccessIn) -> bool:
    """Let a person of the organization use a mailbox."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name, MANAGE)
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
    box = mailbox_for(request, mail_hosting_id, mailbox_name, MANAGE)
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
    box = mailbox_for(request, mail_hosting_id, mailbox_name, MANAGE)
    actions.withdraw_access(request.actor, box, membership=_member(request, box, user_id))
    return True


@router.post(BOX + "/auth/invitations", scopes=WRITE, example={"email": "lea@example.net"})
@exposes(actions.invite_to_mailbox)
def invite(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: InvitationIn) -> InvitationOut:
    """Invite somebody by mail to use a mailbox; members are let in at once."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name, MANAGE)
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
        "mailbox": short_mailbox(box),
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
    box = mailbox_for(request, mail_hosting_id, mailbox_name, MANAGE)
    return [_invitation_out(one, box) for one in queries.invitations_to(box)]


@router.put(BOX + "/auth/invitations/send", scopes=WRITE, errors=(InvitationGone,), example={"key": "17"})
def send_invitation_again(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: InvitationAgainIn
) -> bool:
    """Send an invitation again with a fresh link; the old link dies."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name, MANAGE)
    if not (data.key or data.email):
        raise invalid("key", "Name the invitation by its key or its address.", code="attribute_required")
    resend_invitation(request.actor, _invitation(box, data.key, data.email))
    return True


@router.delete(BOX + "/invitations/{key}", scopes=WRITE, errors=(InvitationGone,))
def take_invitation_back(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, key: str) -> bool:
    """Take back an invitation. Its link stops working at once."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name, MANAGE)
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
    box = mailbox_for(request, mail_hosting_id, mailbox_name, MANAGE)
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
            "mailbox": [short_mailbox(box)],
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
    actions.link_mailbox(request.actor, mailbox_for(request, mail_hosting_id, mailbox_name))
    return True


@router.delete(BOX + "/accesses/webmail/me", scopes=WRITE)
@exposes(actions.unlink_mailbox)
def unlink_from_me(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> bool:
    """Take a mailbox out of your own web app."""
    actions.unlink_mailbox(request.actor, mailbox_for(request, mail_hosting_id, mailbox_name))
    return True
