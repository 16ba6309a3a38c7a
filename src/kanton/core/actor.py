"""Who acts. There is no “no actor”: the clock acts as `System("renewals")`."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import PUBLIC, SELF, SPECIAL, STAFF, SYSTEM, Decision, Right, known
from kanton.core.standing import within


class ActorKind(enum.StrEnum):
    """The ways to act."""

    PERSON = "person"
    TOKEN = "token"  # noqa: S105 - a kind of actor, not a secret
    PARTNER = "partner"
    SUPPORT = "support"
    SYSTEM = "system"
    VISITOR = "visitor"


def _by_itself() -> tuple[Any, ...]:
    return (_("Kanton does this by itself."),)


def _open() -> tuple[Any, ...]:
    return (_("Open to everybody."),)


def _own() -> tuple[Any, ...]:
    return (_("It is your own account."),)


def _staff() -> tuple[Any, ...]:
    return (_("You belong to the provider's staff."),)


class _OutOfScope:
    """Why a token may not do what its person may."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        self.scopes = scopes

    def __str__(self) -> str:
        if not self.scopes:
            return str(_("No token can do this. Sign in to the console."))
        sentence = _("This token may not do that. It takes a token with one of these scopes: %(scopes)s.")
        return str(sentence) % {"scopes": ", ".join(self.scopes)}


@dataclass(frozen=True, slots=True, eq=False)
class Actor:
    """A person (directly, by token, as partner or as support with consent), a visitor, or the system.

    `scopes` is None when nothing narrows the actor; a token's scopes only ever narrow (API-19). `consent` names
    the organizations that a support agent or partner may enter. `has_proof_elsewhere`: an identity provider asked for a
    second factor in this session (ACC-120). `loaded` is the resolver's memory for one request.
    """

    kind: ActorKind
    label: str
    person_id: int | None = None
    is_staff: bool = False
    scopes: frozenset[str] | None = None
    via: str = "console"
    ip: str = ""
    user_agent: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    consent: frozenset[int] = frozenset()
    has_proof_elsewhere: bool = False
    loaded: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def is_system(self) -> bool:
        """True for Kanton's own clockwork."""
        return self.kind is ActorKind.SYSTEM

    @property
    def is_signed_in(self) -> bool:
        """True when a person stands behind the actor."""
        return self.person_id is not None

    def decide(self, right: Right, target: object = None) -> Decision:
        """May this actor do this to this target, and why? The answer never grants across organizations."""
        if self.is_system:
            return Decision(True, right, _by_itself)
        code = right.code
        if code == PUBLIC.code:
            return Decision(True, right, _open)
        if code == SYSTEM.code:
            return Decision(False, right)
        if not within(self.scopes, right):
            return Decision(False, right, forbidden_by=_OutOfScope(right.scopes))
        if code == SELF.code:
            own = self.person_id is not None and getattr(target, "person_id", None) == self.person_id
            return Decision(True, right, _own) if own else Decision(False, right)
        if code == STAFF.code:
            return Decision(True, right, _staff) if self.is_staff else Decision(False, right)
        if self.person_id is None or getattr(target, "organization_id", None) is None:
            return Decision(False, right)
        return known.resolver.decide(self, right, target)  # type: ignore[arg-type]

    def has_right(self, right: Right, target: object = None) -> bool:
        """`decide` as a boolean, by the short way: pages ask it hundreds of times."""
        if self.person_id is None or right.code in SPECIAL:
            return self.decide(right, target).allowed
        if self.scopes is not None and not within(self.scopes, right):
            return False
        return known.allows(self, right, target)

    def narrowed(self, scopes: frozenset[str], *, label: str, via: str) -> Actor:
        """The same person acting through a token: never more than the person may (API-19)."""
        return replace(self, kind=ActorKind.TOKEN, scopes=scopes, label=label, via=via, loaded={})


def System(name: str) -> Actor:
    """The clock or an engine acting under this name; it holds every right and is named in the activity."""
    return Actor(ActorKind.SYSTEM, name, via="system")


def visitor(*, ip: str = "", user_agent: str = "", language: str = "en") -> Actor:
    """Somebody who is not signed in."""
    return Actor(ActorKind.VISITOR, "visitor", ip=ip, user_agent=user_agent, language=language)
