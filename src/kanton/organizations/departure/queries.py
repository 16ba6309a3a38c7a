"""Reads of departures: what somebody holds, who may get it, and who went when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.organizations.departure import leaving
from kanton.organizations.departure.contract import Holding, Source, sources
from kanton.organizations.departure.leaving import Condition
from kanton.organizations.departure.models import Departure, Settlement, Settling, State, key_of
from kanton.organizations.models import Membership, Organization
from kanton.organizations.queries import require
from kanton.organizations.rights import MEMBERS_MANAGE, MEMBERS_VIEW


@dataclass(frozen=True, slots=True)
class Held:
    """One holding with where it is and what was answered for it so far."""

    source: Source
    holding: Holding
    answer: Settlement | None = None

    @property
    def key(self) -> str:
        """How forms and programs name it."""
        return key_of(self.source.code, self.holding.resource)

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer that still can be carried out as far as one sees."""
        return self.answer is not None and self.holding.offer(self.answer.choice) is not None


def holdings_of(person: Person, organization: Organization) -> list[Held]:
    """Everything that this person holds there and that needs a decision, by source, with the draft's answers."""
    answers: dict[str, Settlement] = {}
    draft = draft_of(person, organization)
    if draft is not None:
        answers = {one.key: one for one in draft.settlements.select_related("heir")}
    return [
        Held(source, holding, answers.get(key_of(source.code, holding.resource)))
        for source in sources()
        for holding in source.holdings_of(person, organization)
    ]


def departure_plan(actor: Actor, membership: Membership) -> list[Held]:
    """What this member holds and what was answered so far; for those who may remove people."""
    require(actor, MEMBERS_MANAGE, membership)
    return holdings_of(membership.person, membership.organization)


def facts_about(person: Person, organization: Organization) -> list[str]:
    """What happens without being asked: nothing that goes may go unsaid."""
    facts = [fact for source in sources() for fact in source.facts_about(person, organization)]
    tokens = person.api_tokens.filter(revoked_at=None).count()
    if tokens:
        text = ngettext(
            "%(number)s API token stays with the account, and opens nothing here any more.",
            "%(number)s API tokens stay with the account, and open nothing here any more.",
            tokens,
        )
        facts.append(text % {"number": tokens})
    facts.append(_("The account and the other organizations of the person stay as they are."))
    return facts


def draft_of(person: Person, organization: Organization) -> Departure | None:
    """The wizard that somebody began for this person, if there is one."""
    return Departure.objects.filter(person=person, organization=organization, state=State.DRAFT).first()


def heirs_for(organization: Organization, person: Person) -> QuerySet[Membership]:
    """The members who could be given something: all others who are not suspended, by name."""
    others = Membership.objects.filter(organization=organization, suspended_at=None).exclude(person=person)
    return others.select_related("person").order_by("person__first_name", "person__last_name", "pk")


def departures_of(actor: Actor, organization: Organization) -> QuerySet[Departure]:
    """Who went within the last thirty days, newest first; for those who see people."""
    require(actor, MEMBERS_VIEW, organization)
    begun = Departure.objects.begun().filter(organization=organization)
    return begun.select_related("person", "organization").order_by("-started_at", "-pk")


def departure_of(actor: Actor, organization: Organization, number: int) -> Departure:
    """One departure, or NotFound."""
    return get_or_not_found(departures_of(actor, organization), pk=number)


def settlements_of(actor: Actor, departure: Departure) -> Sequence[Settlement]:
    """What became of each thing; for those who see people."""
    require(actor, MEMBERS_VIEW, departure)
    return list(departure.settlements.select_related("heir", "departure__person"))


def settlement_of(actor: Actor, departure: Departure, number: int) -> Settlement:
    """One thing of a departure, or NotFound."""
    require(actor, MEMBERS_VIEW, departure)
    return get_or_not_found(
        departure.settlements.select_related("heir", "departure__person", "departure__organization"),
        pk=number,
    )


def conditions_for_leaving(actor: Actor, organization: Organization) -> list[Condition]:
    """What keeps the actor from leaving this organization by themselves (ORG-23…25); empty when nothing does."""
    return leaving.unmet(own_membership(actor, organization))


def own_membership(actor: Actor, organization: Organization) -> Membership:
    """The actor's own membership there, or NotFound."""
    mine = Membership.objects.filter(person_id=actor.person_id or 0, suspended_at=None)
    return get_or_not_found(mine.select_related("person", "organization"), organization=organization)


def progress_of(settlements: Sequence[Settlement], state: str) -> tuple[int, int]:
    """How many things are through, of how many."""
    through = (
        (Settling.RESTORED, Settling.DROPPED)
        if state == State.RETURNING
        else (Settling.SETTLED, Settling.FAILED)
    )
    return sum(one.state in through for one in settlements), len(settlements)


def people_waiting(organization: Organization) -> set[int]:
    """The numbers of people whose removal was begun and not finished."""
    drafts: Any = Departure.objects.filter(organization=organization, state=State.DRAFT)
    return set(drafts.values_list("person_id", flat=True))
