"""Departures by program."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.config import config
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Id, Lists, Router, Rows, Timestamp
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.organizations.api import READ, USERS, USERS_READ
from kanton.organizations.departure.actions import (
    Answer,
    answer_anew,
    bring_back,
    discard_answers,
    keep_answers,
    leave_organization,
    remove_member,
)
from kanton.organizations.departure.errors import (
    CannotLeave,
    HeirNeeded,
    NoSuchHolding,
    NotAnHeir,
    NothingToAnswer,
    NotOffered,
    StillMember,
    Unanswered,
    UndoOver,
)
from kanton.organizations.departure.models import Departure, Settlement
from kanton.organizations.departure.queries import (
    Held,
    conditions_for_leaving,
    departure_of,
    departure_plan,
    departures_of,
    facts_about,
    own_membership,
    settlement_of,
    settlements_of,
)
from kanton.organizations.errors import LastOwner, OwnersOnly
from kanton.organizations.models import Membership
from kanton.organizations.queries import members_of, organization_by_id

users_router = Router("Users")
profile_router = Router("Accounts")

ChoiceName = Literal["hand_over", "archive", "withdraw", "keep", "delete"]
ANSWERING = (NoSuchHolding, NotOffered, HeirNeeded, NotAnHeir)
USER = "/2/accounts/{account}/users/{user}"
DEPARTURES = "/2/accounts/{account}/departures"


class OfferOut(TypedDict):
    """What can become of a thing."""

    choice: str
    label: str
    effect: str


class AnswerOut(TypedDict):
    """What was answered so far."""

    choice: str
    heir_user_id: int | None


class HoldingOut(TypedDict):
    """Something the person holds that needs an answer."""

    holding: str
    source: str
    kind: str
    label: str
    size: str
    detail: str
    note: str
    choices: list[OfferOut]
    answer: AnswerOut | None


class PlanOut(TypedDict):
    """What must be answered before somebody can be removed, and what happens by itself."""

    holdings: list[HoldingOut]
    unanswered: list[str]
    facts: list[str]


class AnswerIn(Body):
    """What shall become of one thing; `heir_user_id` for "hand_over"."""

    holding: Annotated[str, Field(max_length=130)]
    choice: ChoiceName
    heir_user_id: Id | None = None

    def answer(self) -> Answer:
        """In our words."""
        return Answer(self.holding, self.choice, self.heir_user_id)


class AnswersIn(Body):
    """Answers, all or some."""

    answers: Annotated[list[AnswerIn], Field(max_length=2000)] = []


class AnewIn(Body):
    """Another answer."""

    choice: ChoiceName
    heir_user_id: Id | None = None


class SettlementOut(TypedDict):
    """What became of one thing."""

    id: int
    holding: str
    kind: str
    label: str
    choice: str
    heir_user_id: int | None
    state: str
    problem: str | None
    settled_at: Timestamp | None


class DepartureOut(TypedDict):
    """Somebody who went."""

    id: int
    user_id: int
    display_name: str
    way: str
    state: str
    by: str
    started_at: Timestamp | None
    can_be_undone: bool
    undo_until: Timestamp | None


class WholeDepartureOut(DepartureOut):
    """Somebody who went, with what became of everything they held."""

    settlements: list[SettlementOut]


class ConditionOut(TypedDict):
    """A condition for leaving that is not met."""

    code: str
    text: str
    url: str


def _holding_out(held: Held) -> HoldingOut:
    answer = held.answer
    return {
        "holding": held.key,
        "source": held.source.code,
        "kind": str(held.holding.kind),
        "label": held.holding.label,
        "size": held.holding.size,
        "detail": held.holding.detail,
        "note": str(held.holding.note),
        "choices": [
            {"choice": offer.choice.value, "label": str(offer.label), "effect": str(offer.effect)}
            for offer in held.holding.offers
        ],
        "answer": {"choice": answer.choice, "heir_user_id": answer.heir_id}
        if answer is not None and held.is_answered
        else None,
    }


def _plan_out(request: ApiRequest, membership: Membership) -> PlanOut:
    plan = departure_plan(request.actor, membership)
    return {
        "holdings": [_holding_out(one) for one in plan],
        "unanswered": [one.key for one in plan if not one.is_answered],
        "facts": [str(fact) for fact in facts_about(membership.person, membership.organization)],
    }


def departure_out(departure: Departure) -> DepartureOut:
    """A departure as the API tells it."""
    return {
        "id": departure.pk,
        "user_id": departure.person_id,
        "display_name": departure.person.display_name,
        "way": departure.way,
        "state": departure.state,
        "by": departure.by_label,
        "started_at": clock.timestamp(departure.started_at),
        "can_be_undone": departure.can_be_undone,
        "undo_until": clock.timestamp(departure.undo_until) if departure.can_be_undone else None,
    }


def _settlement_out(settlement: Settlement) -> SettlementOut:
    return {
        "id": settlement.pk,
        "holding": settlement.key,
        "kind": settlement.kind,
        "label": settlement.label,
        "choice": settlement.choice,
        "heir_user_id": settlement.heir_id,
        "state": settlement.state,
        "problem": settlement.problem or None,
        "settled_at": clock.timestamp(settlement.settled_at),
    }


def _whole(request: ApiRequest, departure: Departure) -> WholeDepartureOut:
    settlements = [_settlement_out(one) for one in settlements_of(request.actor, departure)]
    return {**departure_out(departure), "settlements": settlements}


def _membership(request: ApiRequest, account: int, user: int) -> Membership:
    organization = organization_by_id(request.actor, account)
    return get_or_not_found(members_of(request.actor, organization), person_id=user)


@users_router.get(f"{USER}/departure", scopes=USERS_READ)
@exposes(departure_plan, facts_about)
def read_plan(request: ApiRequest, account: int, user: int) -> PlanOut:
    """List what somebody holds here, what can become of it, and what was answered so far."""
    return _plan_out(request, _membership(request, account, user))


@users_router.put(
    f"{USER}/departure",
    scopes=USERS,
    errors=(*ANSWERING, OwnersOnly),
    example={"answers": [{"holding": "mail/mailbox:17", "choice": "hand_over", "heir_user_id": 12}]},
)
@exposes(keep_answers)
def set_answers(request: ApiRequest, account: int, user: int, data: AnswersIn) -> PlanOut:
    """Keep answers for later. Nothing else changes."""
    membership = _membership(request, account, user)
    keep_answers(request.actor, membership, answers=[one.answer() for one in data.answers])
    return _plan_out(request, membership)


@users_router.delete(f"{USER}/departure", scopes=USERS)
@exposes(discard_answers)
def drop_answers(request: ApiRequest, account: int, user: int) -> bool:
    """Forget the answers kept so far."""
    discard_answers(request.actor, _membership(request, account, user))
    return True


@users_router.post(
    f"{USER}/departure",
    scopes=USERS,
    status=202,
    errors=(*ANSWERING, Unanswered, OwnersOnly, LastOwner),
    needs_confirmation=True,
    example={"answers": [{"holding": "mail/mailbox:17", "choice": "hand_over", "heir_user_id": 12}]},
)
@exposes(remove_member)
def start_departure(request: ApiRequest, account: int, user: int, data: AnswersIn) -> WholeDepartureOut:
    """Remove somebody, with answers for everything that they hold.

    The membership ends at once; what was answered is then carried out one by one. Answers kept earlier count too. While
    something is unanswered nothing happens, and the error lists it.
    """
    membership = _membership(request, account, user)
    departure = remove_member(request.actor, membership, answers=[one.answer() for one in data.answers])
    return _whole(request, departure)


@users_router.delete(USER, scopes=USERS, errors=(Unanswered, OwnersOnly, LastOwner))
@exposes(remove_member)
def remove_user(request: ApiRequest, account: int, user: int) -> bool:
    """End somebody's membership, and with it all their access here. Who holds something needs answers first."""
    remove_member(request.actor, _membership(request, account, user))
    return True


@users_router.get(
    DEPARTURES,
    scopes=USERS_READ,
    lists=Lists(order={"id": "pk", "started_at": "started_at"}, default="-started_at"),
)
@exposes(departures_of)
def list_departures(request: ApiRequest, account: int) -> Rows[DepartureOut]:
    """List who went within the last thirty days."""
    return Rows(departures_of(request.actor, organization_by_id(request.actor, account)), departure_out)


def _departure(request: ApiRequest, account: int, departure: int) -> Departure:
    return departure_of(request.actor, organization_by_id(request.actor, account), departure)


@users_router.get(f"{DEPARTURES}/{{departure}}", scopes=USERS_READ)
@exposes(departure_of, settlements_of)
def read_departure(request: ApiRequest, account: int, departure: int) -> WholeDepartureOut:
    """Read one departure: how far it is, and what became of each thing."""
    return _whole(request, _departure(request, account, departure))


@users_router.post(
    f"{DEPARTURES}/{{departure}}/return", scopes=USERS, status=202, errors=(UndoOver, StillMember, OwnersOnly)
)
@exposes(bring_back)
def return_user(request: ApiRequest, account: int, departure: int) -> WholeDepartureOut:
    """Bring somebody back within thirty days, with role, rights and teams, and with what each product can restore."""
    found = _departure(request, account, departure)
    bring_back(request.actor, found)
    return _whole(request, _departure(request, account, departure))


@users_router.put(
    f"{DEPARTURES}/{{departure}}/settlements/{{settlement}}",
    scopes=USERS,
    errors=(NothingToAnswer, NotOffered, HeirNeeded, NotAnHeir),
    example={"choice": "archive"},
)
@exposes(answer_anew)
def settle_anew(
    request: ApiRequest, account: int, departure: int, settlement: int, data: AnewIn
) -> SettlementOut:
    """Answer again for something that could not be settled as chosen."""
    found = settlement_of(request.actor, _departure(request, account, departure), settlement)
    return _settlement_out(answer_anew(request.actor, found, choice=data.choice, heir=data.heir_user_id))


@profile_router.get("/2/profile/accounts/{account}/leaving", scopes=READ)
@exposes(conditions_for_leaving)
def read_leaving(request: ApiRequest, account: int) -> list[ConditionOut]:
    """List what keeps the token's person from leaving an organization by themselves."""
    organization = organization_by_id(request.actor, account)
    return [
        {"code": one.code, "text": str(one.text), "url": config.web.address + one.url if one.url else ""}
        for one in conditions_for_leaving(request.actor, organization)
    ]


@profile_router.post(
    "/2/profile/accounts/{account}/leaving",
    scopes=("profile_update",),
    errors=(CannotLeave,),
    needs_confirmation=True,
)
@exposes(leave_organization)
def leave(request: ApiRequest, account: int) -> bool:
    """Leave an organization. All access there ends at once, and its owners are mailed."""
    leave_organization(
        request.actor, own_membership(request.actor, organization_by_id(request.actor, account))
    )
    return True
