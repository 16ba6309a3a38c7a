"""How people go and come back: removed by others, leaving by themselves, brought back within thirty days."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.action import action, after_commit, is_dry_run, record, undoable
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.query import get_or_not_found
from kanton.core.rights import SELF, SYSTEM, Role
from kanton.organizations.actions import lock_owners, may_touch_owners, require_anew
from kanton.organizations.activity import Happened as OfOrganization
from kanton.organizations.departure import emails, leaving, snapshot
from kanton.organizations.departure.activity import Happened
from kanton.organizations.departure.contract import (
    STAYING,
    Case,
    Choice,
    Holding,
    Offer,
    source_called,
    sources,
)
from kanton.organizations.departure.errors import (
    CannotLeave,
    HeirGone,
    HeirNeeded,
    NoSuchHolding,
    NotAnHeir,
    NothingToAnswer,
    NotOffered,
    StillMember,
    Unanswered,
    UndoOver,
)
from kanton.organizations.departure.models import CHOICES, Departure, Settlement, Settling, State, Way
from kanton.organizations.departure.queries import Held, draft_of, heirs_for, holdings_of
from kanton.organizations.emails import member_removed
from kanton.organizations.errors import LastOwner
from kanton.organizations.models import Membership
from kanton.organizations.rights import MEMBERS_MANAGE


@dataclass(frozen=True, slots=True)
class Answer:
    """What shall become of one holding. `heir` is the number of the account that gets it."""

    holding: str
    choice: str
    heir: int | None = None


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def keep_answers(actor: Actor, membership: Membership, *, answers: Iterable[Answer]) -> Departure:
    """Keep what was answered so far, for this wizard can be interrupted. Nothing else changes (ORG-53)."""
    may_touch_owners(actor, membership.organization, Role(membership.role))
    return _answered(actor, membership, answers)


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def discard_answers(actor: Actor, membership: Membership) -> None:
    """Forget what was answered so far."""
    Departure.objects.filter(
        organization=membership.organization, person=membership.person, state=State.DRAFT
    ).delete()


@action(right=MEMBERS_MANAGE)
def remove_member(actor: Actor, membership: Membership, *, answers: Iterable[Answer] = ()) -> Departure:
    """End a membership and every access that came with it, once it is said what becomes of everything the person
    holds here (ORG-48…54).

    The account and other organizations stay. A job then settles one thing after the other; for thirty days all of it
    can be undone. Raises Unanswered with what has no answer yet; then nothing has changed.
    """
    owners = lock_owners(membership.organization)
    require_anew(actor, MEMBERS_MANAGE, membership.organization)
    membership = _fresh(membership)
    may_touch_owners(actor, membership.organization, Role(membership.role))
    if membership.role == Role.OWNER and owners == [membership.pk]:
        raise LastOwner
    departure = _answered(actor, membership, answers)
    held = holdings_of(membership.person, membership.organization)
    if unanswered := [one for one in held if not one.is_answered]:
        raise Unanswered([(one.key, f"{one.holding.kind} {one.holding.label}") for one in unanswered])
    record(actor, OfOrganization.MEMBER_REMOVED, membership)
    member_removed(membership)
    return _begin(actor, departure, membership, held)


@action(right=SELF)
def leave_organization(actor: Actor, membership: Membership) -> Departure:
    """Leave an organization by oneself (ORG-22…26). Every access ends at once, the owners are mailed, and what the
    person held stays with the organization.

    Raises CannotLeave with every condition that is not met.
    """
    lock_owners(membership.organization)
    membership = _fresh(membership)
    if conditions := leaving.unmet(membership):
        raise CannotLeave(conditions)
    departure = _draft(actor, membership)
    departure.way = Way.LEFT
    departure.settlements.all().delete()
    held = []
    for one in holdings_of(membership.person, membership.organization):
        choice = next((choice for choice in STAYING if one.holding.offer(choice)), None)
        if choice is not None:
            answer = Settlement.objects.create(
                departure=departure,
                organization=membership.organization,
                source=one.source.code,
                resource=one.holding.resource,
                choice=choice,
            )
            held.append(Held(one.source, one.holding, answer))
    record(actor, Happened.LEFT, membership)
    emails.member_left(membership)
    return _begin(actor, departure, membership, held)


@action(right=MEMBERS_MANAGE)
def bring_back(actor: Actor, departure: Departure) -> Membership:
    """Undo a removal within thirty days: membership, role, grants and teams are what they were at once, and a job puts
    back what each product can. Raises UndoOver, StillMember."""
    departure = _locked(departure)
    person, organization = departure.person, departure.organization
    may_touch_owners(actor, organization, Role(departure.role))
    if not departure.can_be_undone or not person.is_active:
        raise UndoOver(person=person.display_name)
    kept = json.loads(departure.kept)
    try:
        with transaction.atomic():
            membership = snapshot.put_back(kept["membership"])
    except IntegrityError as error:
        raise StillMember(person=person.display_name) from error
    departure.state, departure.returned_at = State.RETURNING, clock.now()
    departure.returned_by = actor.label[:200]
    departure.save()
    departure.settlements.filter(state__in=(Settling.WAITING, Settling.FAILED)).update(state=Settling.DROPPED)
    for code, closed in kept["closed"].items():
        if (source := source_called(code)) is not None and closed:
            source.reopen(departure.on_behalf(), person, organization, closed)
    actor.loaded.clear()
    record(actor, Happened.BROUGHT_BACK, membership)
    _go_on(departure)
    return membership


@action(right=MEMBERS_MANAGE)
def answer_anew(actor: Actor, settlement: Settlement, *, choice: str, heir: int | None = None) -> Settlement:
    """Decide again about one thing that could not be settled as chosen, such as when the heir has gone too."""
    departure = _locked(settlement.departure)
    settlement = _locked_settlement(settlement)
    if settlement.state != Settling.FAILED or departure.state not in (State.RUNNING, State.DONE):
        raise NothingToAnswer
    holding = remembered(settlement)
    _set(settlement, holding, choice, heir, departure)
    settlement.state, settlement.problem = Settling.WAITING, ""
    settlement.save()
    departure.state = State.RUNNING
    departure.save(update_fields=["state"])
    record(actor, Happened.ANSWERED_ANEW, settlement, person=departure.person.display_name)
    _go_on(departure)
    return settlement


@internal("A step of the job behind remove_member.")
@action(right=SYSTEM, may_be_silent=True)
def settle_holding(actor: Actor, settlement: Settlement) -> None:
    """Carry out one choice. What it does and that it was done commit together, so it happens once."""
    departure = _locked(settlement.departure)
    settlement = _locked_settlement(settlement)
    if settlement.state != Settling.WAITING or departure.state != State.RUNNING:
        return
    source = source_called(settlement.source)
    if source is not None:
        case = _case(departure, settlement)
        if case.choice == Choice.HAND_OVER and case.heir is None:
            raise HeirGone
        settlement.kept = json.dumps(source.settle(actor, case))
    settlement.state, settlement.settled_at = Settling.SETTLED, clock.now()
    settlement.save()
    _tell(actor, departure, settlement)


@internal("A step of the job behind remove_member.")
@action(right=SYSTEM, may_be_silent=True)
def note_failure(actor: Actor, settlement: Settlement, *, reason: str, is_gone: bool) -> None:
    """Keep why a choice could not be carried out. What no longer exists needs no answer."""
    settlement = _locked_settlement(settlement)
    if settlement.state != Settling.WAITING:
        return
    settlement.state = Settling.DROPPED if is_gone else Settling.FAILED
    settlement.problem = reason
    settlement.save()
    if not is_gone:
        person = settlement.departure.person.display_name
        record(actor, Happened.STUCK, settlement, person=person, reason=reason)


@internal("A step of the job behind bring_back.")
@action(right=SYSTEM, may_be_silent=True)
def restore_holding(actor: Actor, settlement: Settlement) -> None:
    """Put back what was done with one thing."""
    departure = _locked(settlement.departure)
    settlement = _locked_settlement(settlement)
    if settlement.state != Settling.SETTLED or departure.state != State.RETURNING:
        return
    source = source_called(settlement.source)
    if source is not None:
        source.restore(actor, _case(departure, settlement), json.loads(settlement.kept))
    settlement.state = Settling.RESTORED
    settlement.save()
    record(actor, Happened.PUT_BACK, settlement, person=departure.person.display_name)


@internal("A step of the job behind bring_back.")
@action(right=SYSTEM, may_be_silent=True)
def note_not_restored(actor: Actor, settlement: Settlement, *, reason: str) -> None:
    """Keep why something could not be put back: it stays where it went."""
    Settlement.objects.filter(pk=settlement.pk, state=Settling.SETTLED).update(
        state=Settling.DROPPED, problem=reason
    )


@internal("The end of the job behind remove_member and bring_back.")
@action(right=SYSTEM, may_be_silent=True)
def finish(actor: Actor, departure: Departure) -> None:
    """Nothing waits any more."""
    departure = _locked(departure)
    waiting = {State.RUNNING: Settling.WAITING, State.RETURNING: Settling.SETTLED}.get(State(departure.state))
    if waiting is None or departure.settlements.filter(state=waiting).exists():
        return
    departure.state = State.DONE if departure.state == State.RUNNING else State.RETURNED
    departure.finished_at = clock.now()
    if departure.state == State.RETURNED:
        departure.kept = "{}"
        # Not before the login address is the person's again: the mail goes there.
        person = Person.objects.get(pk=departure.person_id)
        emails.brought_back(person, departure.organization, by=departure.returned_by)
    departure.save()


@internal("Done by the clock after thirty days.")
@action(right=SYSTEM)
def close_departure(actor: Actor, departure: Departure) -> None:
    """The time for an undo is over: what was kept for it goes."""
    record(actor, Happened.CLOSED, departure)
    departure.delete()


def _begin(actor: Actor, departure: Departure, membership: Membership, held: Iterable[Held]) -> Departure:
    """The moment in which the membership and all that comes with it ends; the rest is the job's."""
    person, organization = membership.person, membership.organization
    by = Departure(by_label=actor.label[:200], by_id=actor.person_id).on_behalf()
    kept = {"membership": snapshot.take(membership), "closed": {}}
    for source in sources():
        kept["closed"][source.code] = source.close(by, person, organization)
    wanted = set()
    for one in held:
        assert one.answer is not None
        wanted.add(one.answer.pk)
        one.answer.kind, one.answer.label = str(one.holding.kind)[:80], one.holding.label[:320]
        one.answer.data = json.dumps(
            {
                "data": one.holding.data,
                "offers": [(offer.choice, sorted(offer.roles)) for offer in one.holding.offers],
            }
        )
        one.answer.state = Settling.WAITING
        one.answer.save()
    departure.settlements.exclude(pk__in=wanted).delete()
    departure.role, departure.by_id, departure.by_label = membership.role, actor.person_id, actor.label[:200]
    departure.kept, departure.started_at, departure.state = json.dumps(kept), clock.now(), State.RUNNING
    departure.save()
    membership.delete()
    actor.loaded.clear()
    _go_on(departure)
    return departure


def _go_on(departure: Departure) -> None:
    """Have the job continue; in a dry run do its steps here, so that the whole effect is seen (ORG-53)."""
    from kanton.organizations.departure.tasks import carry_on, step

    if is_dry_run():
        with undoable():
            for settlement in departure.settlements.select_related("departure").order_by("pk"):
                step(departure, settlement)
            finish(departure.on_behalf(), departure)
        return
    after_commit(carry_on, departure.pk, unique_key=f"departure:{departure.pk}")


def _draft(actor: Actor, membership: Membership) -> Departure:
    draft = draft_of(membership.person, membership.organization)
    if draft is None:
        try:
            with transaction.atomic():
                draft = Departure.objects.create(
                    organization=membership.organization,
                    person=membership.person,
                    role=membership.role,
                    by_id=actor.person_id,
                    by_label=actor.label[:200],
                )
        except IntegrityError:  # two people began at once: one draft
            draft = Departure.objects.get(
                organization=membership.organization, person=membership.person, state=State.DRAFT
            )
    return draft


def _answered(actor: Actor, membership: Membership, answers: Iterable[Answer]) -> Departure:
    draft = _draft(actor, membership)
    known = {one.key: one for one in holdings_of(membership.person, membership.organization)}
    for answer in answers:
        held = known.get(answer.holding)
        if held is None:
            raise NoSuchHolding(holding=answer.holding[:100])
        settlement = held.answer or Settlement(
            departure=draft,
            organization=membership.organization,
            source=held.source.code,
            resource=held.holding.resource,
        )
        settlement.label = held.holding.label[:320]
        _set(settlement, held.holding, answer.choice, answer.heir, draft)
        settlement.save()
    return draft


def _set(
    settlement: Settlement, holding: Holding, choice: str, heir: int | None, departure: Departure
) -> None:
    """Write an answer down, if it is one."""
    offer = holding.offer(choice)
    if offer is None:
        raise NotOffered(choice=choice[:40], holding=holding.label)
    settlement.choice = offer.choice
    settlement.heir = None
    if offer.choice == Choice.HAND_OVER:
        if heir is None:
            raise HeirNeeded(holding=holding.label)
        member = heirs_for(departure.organization, departure.person).filter(person_id=heir).first()
        if member is None or member.role not in offer.roles:
            raise NotAnHeir(holding=holding.label)
        settlement.heir = member.person


def remembered(settlement: Settlement) -> Holding:
    """The holding as it was when the membership ended; nobody holds it any more."""
    kept = json.loads(settlement.data)
    offers = [
        Offer(Choice(choice), CHOICES[Choice(choice)], roles=frozenset(Role(role) for role in roles))
        for choice, roles in kept["offers"]
    ]
    return Holding(settlement.resource, settlement.kind, settlement.label, offers, data=kept["data"])


def _case(departure: Departure, settlement: Settlement) -> Case:
    heir = None
    if settlement.heir_id is not None:
        heir = (
            heirs_for(departure.organization, departure.person).filter(person_id=settlement.heir_id).first()
        )
    return Case(
        departure.person,
        departure.organization,
        settlement.resource,
        Choice(settlement.choice),
        heir,
        json.loads(settlement.data).get("data", {}),
    )


def _tell(actor: Actor, departure: Departure, settlement: Settlement) -> None:
    person = departure.person.display_name
    if settlement.choice == Choice.HAND_OVER:
        heir = str(settlement.heir or "")
        record(actor, Happened.HANDED_OVER, settlement, person=person, heir=heir)
    elif settlement.choice == Choice.DELETE:
        record(actor, Happened.DELETED, settlement, person=person)
    else:
        record(actor, Happened.STAYED, settlement, person=person)


def _fresh(membership: Membership) -> Membership:
    """As it is now; whoever comes second finds nothing."""
    rows = Membership.objects.select_for_update(of=("self",)).select_related("person", "organization")
    return get_or_not_found(rows, pk=membership.pk)


def _locked(departure: Departure) -> Departure:
    rows = Departure.objects.select_for_update(of=("self",)).select_related("person", "organization")
    return get_or_not_found(rows, pk=departure.pk)


def _locked_settlement(settlement: Settlement) -> Settlement:
    rows = Settlement.objects.select_for_update(of=("self",)).select_related(
        "departure__person", "departure__organization"
    )
    return get_or_not_found(rows, pk=settlement.pk)
