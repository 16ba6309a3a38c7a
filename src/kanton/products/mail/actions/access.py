"""Every change of who may use a mailbox."""

from __future__ import annotations

from typing import Any

from kanton.accounts.models import Person, address_key
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.rights import Right
from kanton.organizations.actions import invite_member
from kanton.organizations.models import Grant, Invitation, Membership
from kanton.products.mail.activity import Happened
from kanton.products.mail.errors import InMaintenance, NotAMember
from kanton.products.mail.models import Mailbox, MailboxLink
from kanton.products.mail.rights import MAILBOX_SEND, MANAGE, PASSWORD, PRODUCT, USE


@action(right=MANAGE)
def give_access(
    actor: Actor,
    mailbox: Mailbox,
    *,
    membership: Membership,
    may_send: bool = True,
    may_change_password: bool = False,
) -> Membership:
    """Let a member read and send with one address, and nothing else of the service (MAIL-24, MAIL-25, MAIL-30)."""
    if membership.organization_id != mailbox.organization_id:
        raise NotAMember
    grants_of(mailbox, membership).delete()
    for right in _rights(may_send, may_change_password):
        Grant.objects.create(
            organization_id=mailbox.organization_id,
            membership=membership,
            right=right.code,
            product=PRODUCT,
            service_id=mailbox.service_id,
            resource=mailbox.resource,
        )
    record(actor, Happened.ACCESS_GIVEN, mailbox, person=membership.person.display_name)
    return membership


@action(right=MANAGE)
def withdraw_access(actor: Actor, mailbox: Mailbox, *, membership: Membership) -> None:
    """End a member's use of one address, from their next click on."""
    if membership.organization_id != mailbox.organization_id:
        raise NotAMember
    grants_of(mailbox, membership).delete()
    mailbox.links.filter(person_id=membership.person_id).delete()
    record(actor, Happened.ACCESS_WITHDRAWN, mailbox, person=membership.person.display_name)


@action(right=MANAGE)
def invite_to_mailbox(
    actor: Actor,
    mailbox: Mailbox,
    *,
    email: str,
    may_send: bool = True,
    may_change_password: bool = False,
) -> Invitation | Membership:
    """Invite somebody by their email address to use one address. Who belongs to the organization already is let in."""
    member = Membership.objects.filter(
        organization=mailbox.organization_id, person__email_key=address_key(email)
    ).first()
    if member is not None:
        return give_access(
            actor,
            mailbox,
            membership=member,
            may_send=may_send,
            may_change_password=may_change_password,
        )
    grants = [
        {"right": right.code, "service_id": mailbox.service_id, "resource": mailbox.resource}
        for right in _rights(may_send, may_change_password)
    ]
    invitation = invite_member(actor, mailbox.mail.organization, email=email, grants=grants)
    record(actor, Happened.ACCESS_OFFERED, mailbox, email=email)
    return invitation


def _rights(may_send: bool, may_change_password: bool) -> list[Right]:
    return [USE, *([MAILBOX_SEND] if may_send else []), *([PASSWORD] if may_change_password else [])]


@action(right=USE)
def link_mailbox(actor: Actor, mailbox: Mailbox) -> Mailbox:
    """Open an address in one's own webmail. The others see it in the activity."""
    if not mailbox.mail.is_readable:
        raise InMaintenance
    MailboxLink.objects.get_or_create(
        organization_id=mailbox.organization_id, mailbox=mailbox, person=_person(actor)
    )
    record(actor, Happened.MAILBOX_LINKED, mailbox)
    return mailbox


@action(right=USE)
def unlink_mailbox(actor: Actor, mailbox: Mailbox) -> None:
    """Take an address out of one's own webmail. Its mail stays."""
    mailbox.links.filter(person=_person(actor)).delete()
    record(actor, Happened.MAILBOX_UNLINKED, mailbox)


def _person(actor: Actor) -> Person:
    assert actor.person_id is not None
    return Person.objects.get(pk=actor.person_id)


def grants_of(mailbox: Mailbox, membership: Membership) -> Any:
    """What this member was given of a mailbox."""
    return Grant.objects.filter(
        membership=membership, product=PRODUCT, service_id=mailbox.service_id, resource=mailbox.resource
    )
