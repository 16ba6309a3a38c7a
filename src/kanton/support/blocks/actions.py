"""Blocking somebody in a security incident, and opening again (ORG-87…91)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction

from kanton.accounts.actions import forget_ways_in
from kanton.accounts.apppasswords.actions import revoke_all
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor, System
from kanton.core.errors import DomainError
from kanton.core.rights import STAFF
from kanton.core.throttle import Rule, throttle_all
from kanton.organizations.actions import lock_owners
from kanton.organizations.models import Membership, Organization
from kanton.support.actions.codes import look_up_support_code
from kanton.support.actions.identity import open_identity_check
from kanton.support.blocks import emails, endings
from kanton.support.blocks.activity import Happened
from kanton.support.blocks.errors import (
    AlreadyBlocked,
    BlockEnded,
    IdentityNeeded,
    MayNotAsk,
    NobodyElse,
    NotMember,
    StaffStays,
    WrongCode,
)
from kanton.support.blocks.models import SecurityBlock
from kanton.support.blocks.queries import is_last_owner, may_ask
from kanton.support.models import IdentityCheck

REASON = "unblock"


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a request: the block, or why there is none. A wrong code is no exception, for its record must
    stay."""

    block: SecurityBlock | None = None
    problem: DomainError | None = None

    def done(self) -> SecurityBlock:
        """The block. Raises the problem."""
        if self.block is None:
            raise self.problem or WrongCode()
        return self.block


@action(right=STAFF)
def block_person(
    actor: Actor,
    person: Person,
    *,
    digits: str,
    reason: str,
    organization: Organization | None = None,
    is_last_owner_confirmed: bool = False,
) -> Asked:
    """Keep somebody out of one organization or, without one, of everything, on the request of whose support code it is.

    All sessions end; with the whole account its tokens, app passwords and allowed applications end too, for good. The
    owners and the person are told. Raises AlreadyBlocked, NotMember, NobodyElse and StaffStays.
    """
    if person.is_staff:
        raise StaffStays
    person = Person.objects.select_for_update().get(pk=person.pk)
    here = Organization.objects.filter(memberships__person=person).order_by("pk")
    # Before the person's own memberships, as everybody does it: of two blocks at once, the second sees the first.
    for place in here.filter(pk=organization.pk) if organization else here:
        lock_owners(place)
    places = list(
        Membership.objects.select_for_update(of=("self",))
        .filter(person=person, **({"organization": organization} if organization else {}))
        .select_related("organization", "person")
        .order_by("pk")
    )
    if organization is not None and not places:
        raise NotMember
    alone = [each.organization for each in places if is_last_owner(each)]
    if alone and not is_last_owner_confirmed:
        raise NobodyElse(organizations=", ".join(each.name for each in alone))
    if SecurityBlock.objects.filter(person=person, organization=organization, lifted_at=None).exists():
        raise AlreadyBlocked
    asking = look_up_support_code(actor, digits=digits)
    if asking is None:
        return Asked(problem=WrongCode())
    if not may_ask(asking, person, organization):
        record(actor, Happened.REFUSED, person, asked_by=asking.display_name)
        return Asked(problem=MayNotAsk(person=asking.display_name))
    block = SecurityBlock(
        person=person,
        organization=organization,
        reason=reason.strip()[:500],
        asked_by=asking,
        blocked_by_id=actor.person_id,
        needs_identity=bool(alone),
        was_suspended=organization is not None and places[0].suspended_at is not None,
    )
    try:
        with transaction.atomic():
            block.save()
    except IntegrityError as error:
        raise AlreadyBlocked from error
    facts = {"reason": block.reason, "asked_by": asking.display_name}
    if organization is None:
        person.is_active = False
        person.save(update_fields=["is_active"])
        person.api_tokens.filter(revoked_at=None).update(revoked_at=clock.now())
        revoke_all(actor, person)
        endings.end_all(actor, person)
        record(actor, Happened.BLOCKED, person, **facts)
    elif not block.was_suspended:
        places[0].suspended_at = block.blocked_at
        places[0].save(update_fields=["suspended_at"])
    for each in places:
        record(actor, Happened.BLOCKED_HERE, each, **facts)
    forget_ways_in(person)
    emails.blocked(block, places)
    return Asked(block)


@action(right=STAFF)
def lift_block(actor: Actor, block: SecurityBlock, *, reason: str) -> SecurityBlock:
    """Open again. Who was the last owner comes back by a proof of identity only: IdentityNeeded (ORG-91)."""
    block = _locked(block)
    if block.needs_identity and not actor.is_system:
        raise IdentityNeeded
    return _lift(actor, block, reason)


@action(right=STAFF)
def ask_for_identity(actor: Actor, block: SecurityBlock) -> IdentityCheck:
    """Have a blocked last owner prove who they are; the acceptance opens the block."""
    block = _locked(block)
    record(actor, Happened.IDENTITY_ASKED, block.person)
    return open_identity_check(
        System("support"), block.person, reason=REASON, about=f"block:{block.pk}", about_label=str(block)
    )


@action(right=STAFF)
def send_protection_guide(actor: Actor, person: Person) -> None:
    """Where nobody is to be blocked: the guide for securing an account (ORG-90). Three times a day at most."""
    throttle_all([Rule(f"protection-guide:{person.pk}", 3, timedelta(days=1))]).or_refuse()
    record(actor, Happened.GUIDE_SENT, person)
    emails.guide(person)


def lift_after_proof(actor: Actor, case: IdentityCheck) -> None:
    """What an accepted proof of identity does. Runs inside the action that decides."""
    number = case.about.removeprefix("block:")
    block = SecurityBlock.objects.filter(pk=int(number) if number.isdigit() else 0, lifted_at=None).first()
    if block is not None:
        _lift(actor, _locked(block), str(case))


def _locked(block: SecurityBlock) -> SecurityBlock:
    found = SecurityBlock.objects.select_for_update(of=("self",)).select_related("person", "organization")
    block = found.get(pk=block.pk)
    if not block.is_open:
        raise BlockEnded
    return block


def _lift(actor: Actor, block: SecurityBlock, reason: str) -> SecurityBlock:
    block.lifted_at, block.lifted_by_id, block.lift_reason = (
        clock.now(),
        actor.person_id,
        reason.strip()[:500],
    )
    block.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    places = Membership.objects.filter(person=block.person_id).select_related("organization", "person")
    if block.organization is None:
        Person.objects.filter(pk=block.person_id).update(is_active=True)
        record(actor, Happened.LIFTED, block.person, reason=block.lift_reason)
    else:
        places = places.filter(organization=block.organization_id)
        if not block.was_suspended:
            for each in places:
                each.suspended_at = None
                each.save(update_fields=["suspended_at"])
    for each in places.order_by("pk"):
        record(actor, Happened.LIFTED_HERE, each, reason=block.lift_reason)
    emails.lifted(block, list(places.order_by("pk")))
    return block
