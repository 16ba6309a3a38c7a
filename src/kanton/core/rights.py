"""What may be allowed: rights, roles that hold them, and the decision that explains itself.

The rules themselves are in `core/standing.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from kanton.core.actor import Actor


class Role(models.TextChoices):
    """Roles in an organization (ORG-36)."""

    OWNER = "owner", _("Owner")
    ADMINISTRATOR = "administrator", _("Administrator")
    COLLABORATOR = "collaborator", _("Collaborator")
    EXTERNAL = "external", _("External user")


OWNER_ONLY: Final = frozenset({Role.OWNER})
ADMINISTRATORS: Final = frozenset({Role.OWNER, Role.ADMINISTRATOR})
INTERNAL: Final = frozenset({Role.OWNER, Role.ADMINISTRATOR, Role.COLLABORATOR})
EVERYBODY: Final = frozenset(Role)

RIGHTS: dict[str, Right] = {}


@dataclass(frozen=True, slots=True)
class Right:
    """One thing that may be allowed.

    `roles` hold it by themselves; `product` names the product whose grants can give it to others ("" for
    organization-wide rights, which are granted only when `grantable`). `implies` lists codes of weaker
    rights that come with it. A token exercises it only with one of `scopes`.
    """

    code: str
    label: Any = field(compare=False)
    roles: frozenset[Role] = ADMINISTRATORS
    product: str = ""
    grantable: bool = False
    implies: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if RIGHTS.setdefault(self.code, self) != self:
            raise ValueError(f"two rights are called {self.code!r}")

    def __str__(self) -> str:
        return str(self.label)


PUBLIC: Final = Right("public", _("open to everybody"), roles=EVERYBODY)
SELF: Final = Right("self", _("one's own account"), roles=EVERYBODY, scopes=("user_info", "profile_update"))
SYSTEM: Final = Right("system", _("Kanton's own clockwork"), roles=frozenset())
STAFF: Final = Right("staff", _("provider's staff"), roles=frozenset(), scopes=("staff",))
SPECIAL: Final = frozenset({PUBLIC.code, SELF.code, SYSTEM.code, STAFF.code})


@runtime_checkable
class Owned(Protocol):
    """Something that belongs to an organization. Services and what is in them also have `service_id`
    (and `resource`, such as "mailbox:17", where one part of a service can be granted alone)."""

    @property
    def organization_id(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, and why: each reason is one sentence about where the right comes from.

    `reasons` finds the sentences, `helpers` the names of those who could grant the right; both are called only when
    somebody reads the answer.
    `forbidden_by`: the actor holds the right, but this sentence says what forbids it for now, such as a lock.
    """

    allowed: bool
    right: Right
    reasons: Callable[[], Sequence[Any]] = tuple
    helpers: Callable[[], Sequence[str]] = tuple
    forbidden_by: Any = ""

    def __bool__(self) -> bool:
        return self.allowed

    @property
    def because(self) -> tuple[Any, ...]:
        """Where the right comes from, each source in a sentence."""
        return tuple(self.reasons())

    @property
    def whom_to_ask(self) -> str:
        """One sentence naming the people who can grant the right; empty when nobody can."""
        names = self.helpers()
        return str(_("Ask %(people)s.")) % {"people": ", ".join(names)} if names else ""


class Resolver(Protocol):
    """The room that knows memberships."""

    def decide(self, actor: Actor, right: Right, target: Owned) -> Decision:
        """The decision, able to explain itself."""

    def allows(self, actor: Actor, right: Right, target: Any) -> bool:
        """The same as a boolean, for the many times when nobody asks why."""


class _Nobody:
    def decide(self, actor: Actor, right: Right, target: Owned) -> Decision:
        return Decision(False, right)

    def allows(self, actor: Actor, right: Right, target: Any) -> bool:
        return False


class _Known:
    def __init__(self, resolver: Resolver) -> None:
        self.resolver, self.allows = resolver, resolver.allows


known = _Known(_Nobody())


def set_resolver(resolver: Resolver) -> None:
    """Called once by the room that knows memberships."""
    known.resolver, known.allows = resolver, resolver.allows
