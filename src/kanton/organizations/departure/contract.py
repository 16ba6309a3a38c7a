"""What somebody holds in an organization, and what can be done with it when they go. Products and rooms above say it.

A source is asked four things. `holdings_of`: what needs a decision, each with the choices there are; nothing is chosen
beforehand (ORG-51). `facts_about`: what happens without being asked. `close`: what must end in the same moment as the
membership although it does not hang on it, such as a device password. `settle`: carry out one choice. What `close` and
`settle` return is kept, sealed, for thirty days, and handed to `reopen` and `restore` if the person is brought back.

Each of them runs inside an action, in one transaction: they may record, write wishes and enqueue jobs.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from kanton.core.actor import Actor
from kanton.core.rights import EVERYBODY, Role

if TYPE_CHECKING:
    from kanton.accounts.models import Person
    from kanton.organizations.models import Membership, Organization

UNDO_WITHIN = timedelta(days=30)

Kept = dict[str, Any]
"""What a source needs to put things back. Must be JSON."""


class Choice(enum.StrEnum):
    """What can become of a thing. `DELETE` must be restorable for thirty days; then the product's own clock deletes."""

    HAND_OVER = "hand_over"
    ARCHIVE = "archive"
    WITHDRAW = "withdraw"
    KEEP = "keep"
    DELETE = "delete"


# When somebody leaves by themselves nobody is asked: what they hold stays with the organization (ORG-26).
STAYING = (Choice.WITHDRAW, Choice.ARCHIVE, Choice.KEEP)


@dataclass(frozen=True, slots=True)
class Offer:
    """One choice, and in words what it does. Heirs of a hand-over need one of `roles`."""

    choice: Choice
    label: Any
    effect: Any = ""
    roles: frozenset[Role] = EVERYBODY


@dataclass(frozen=True, slots=True)
class Holding:
    """One thing that somebody holds. `resource` names it for good, such as "mailbox:17"; `url` is its console page.

    `has_password` says that it can be opened with a password of its own. `data` (JSON) is what `settle` must still know
    about it when the membership is gone.
    """

    resource: str
    kind: Any
    label: str
    offers: Sequence[Offer]
    size: str = ""
    detail: str = ""
    note: Any = ""
    url: str = ""
    has_password: bool = False
    data: Kept = field(default_factory=dict)

    def offer(self, choice: str) -> Offer | None:
        """The offer of this choice, if there is one."""
        return next((offer for offer in self.offers if offer.choice == choice), None)


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to be settled or put back: whose it was, where, and how it was held."""

    person: Person
    organization: Organization
    resource: str
    choice: Choice
    heir: Membership | None
    data: Kept


class Source(Protocol):
    """A product, or a room above, in which people hold something."""

    @property
    def code(self) -> str:
        """A stable name."""

    @property
    def plural(self) -> Any:
        """What customers call it: the title of its step."""

    @property
    def icon(self) -> str:
        """The icon of its step."""

    def holdings_of(self, person: Person, organization: Organization) -> Sequence[Holding]:
        """What needs a decision."""

    def facts_about(self, person: Person, organization: Organization) -> Iterable[str]:
        """Sentences about what happens without being asked."""

    def close(self, actor: Actor, person: Person, organization: Organization) -> Kept:
        """End at once what does not hang on the membership."""

    def settle(self, actor: Actor, case: Case) -> Kept:
        """Carry out one choice. Raises a DomainError, in the customer's words, when that cannot be done now."""

    def restore(self, actor: Actor, case: Case, kept: Mapping[str, Any]) -> None:
        """Put back what `settle` did, as far as it is still as it was left."""

    def reopen(
        self, actor: Actor, person: Person, organization: Organization, kept: Mapping[str, Any]
    ) -> None:
        """Put back what `close` ended."""


_finders: list[Callable[[], Iterable[Source]]] = []


def register(finder: Callable[[], Iterable[Source]]) -> None:
    """Make sources known. Called from `AppConfig.ready()`; asked anew each time, for products come and go in tests."""
    if finder not in _finders:
        _finders.append(finder)


def sources() -> list[Source]:
    """Every source, products in the order of the shop."""
    return [source for finder in _finders for source in finder()]


def source_called(code: str) -> Source | None:
    """The source with this name; None when it is no longer installed."""
    return next((source for source in sources() if source.code == code), None)


class Nothing:
    """The answers of a source that has nothing to say to a question; products and rooms override what they need."""

    def holdings_of(self, person: Person, organization: Organization) -> Sequence[Holding]:
        """What needs a decision when this person leaves the organization (ORG-50)."""
        return ()

    def facts_about(self, person: Person, organization: Organization) -> Iterable[str]:
        """What happens without being asked when this person leaves, each in one sentence."""
        return ()

    def close(self, actor: Actor, person: Person, organization: Organization) -> Kept:
        """End at once what the person could still open without a membership; returns what `reopen` needs."""
        return {}

    def settle(self, actor: Actor, case: Case) -> Kept:
        """Carry out one choice for one holding; returns what `restore` needs."""
        return {}

    def restore(self, actor: Actor, case: Case, kept: Mapping[str, Any]) -> None:
        """Put back what `settle` did."""

    def reopen(
        self, actor: Actor, person: Person, organization: Organization, kept: Mapping[str, Any]
    ) -> None:
        """Put back what `close` ended."""
