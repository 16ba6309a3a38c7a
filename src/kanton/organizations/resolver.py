"""The one place that decides who may do what in an organization, and says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db.models import CharField, F, Value
from django.utils.translation import gettext_lazy as _

from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.prepared import Prepared
from kanton.core.rights import ADMINISTRATORS, OWNER_ONLY, RIGHTS, Decision, Owned, Right, Role
from kanton.core.standing import NOWHERE, Catalogue, Given, Source, SourceKind
from kanton.core.standing import Held as Held
from kanton.organizations import networks
from kanton.organizations.errors import NetworkNotAllowed
from kanton.organizations.models import Grant, Membership

CATALOGUE = Catalogue(RIGHTS)


@dataclass(frozen=True, slots=True)
class Limit:
    """A rule that may forbid what somebody holds. `concerns`: could it at all? `forbids`: why it does, or None."""

    forbids: Callable[[Held, Right, Owned], Any]
    concerns: Callable[[Held, Right], bool]


_limits: list[Limit] = []


def register_limit(
    forbids: Callable[[Held, Right, Owned], Any],
    *,
    concerns: Callable[[Held, Right], bool] = lambda held, right: True,
) -> None:
    """Add a rule that may forbid to collaborators and external users what they hold, such as the lock of a product.

    It is asked only when somebody limited would be allowed, and answers with the reason in one sentence, or None. What
    it `concerns` is asked once for each right and person of a request: a limit that cannot apply costs nothing.
    Called from `AppConfig.ready()`.
    """
    if all(known.forbids is not forbids for known in _limits):
        _limits.append(Limit(forbids, concerns))


def held_by(actor: Actor, organization_id: int) -> Held:
    """The actor's membership there with its grants; loaded once per actor, in one query.

    Raises NetworkNotAllowed for owners and administrators who come from outside the networks they may act from.
    """
    held: Held | None = actor.loaded.get(organization_id)
    if held is None:
        held = actor.loaded[organization_id] = _load(actor, organization_id)
    return held


def held_everywhere(actor: Actor) -> list[Held]:
    """What the actor holds in each of their organizations. One query, for one organization as for thousands."""
    by_organization: dict[int, tuple[Any, list[Given]]] = {}
    for organization_id, *row in _memberships(actor.person_id or 0):
        role, right, product, service_id, resource, of_organization, team, _name, rule = row
        if _is_outside(actor, role, rule):
            continue
        given = by_organization.setdefault(organization_id, (Role(role), []))[1]
        if right and of_organization == organization_id:
            given.append(Given(right, product, service_id, resource, team))
    for organization_id, (role, given) in by_organization.items():
        if organization_id not in actor.loaded:
            actor.loaded[organization_id] = Held(role, tuple(given), organization_id, CATALOGUE)
    return [actor.loaded[organization_id] for organization_id in by_organization]


# The membership with what was granted directly, and what comes through its teams. Every table must name the
# organization: a row that joins two of them, however it came about, gives nothing.
def _rows(person_id: int, **of: int) -> Any:
    """Role and grants of a person's memberships, in one organization when it is given."""
    members = Membership.objects.filter(person_id=person_id, suspended_at=None, **of)
    through_teams = Grant.objects.through_teams(person_id, of.get("organization_id") or F("organization_id"))
    return (
        members.order_by()
        .values_list(
            "organization_id",
            "role",
            "grants__right",
            "grants__product",
            "grants__service_id",
            "grants__resource",
            "grants__organization_id",
            Value("", output_field=CharField()),
            "organization__name",
            "organization__admin_networks",
        )
        .union(
            through_teams.filter(**of)
            .order_by()
            .values_list(
                "team__team_members__membership__organization_id",
                "team__team_members__membership__role",
                "right",
                "product",
                "service_id",
                "resource",
                "organization_id",
                "team__name",
                "organization__name",
                "organization__admin_networks",
            ),
            all=True,
        )
    )


_membership = Prepared(
    lambda person_id, organization_id: _rows(person_id, organization_id=organization_id), int, int
)
_memberships = Prepared(_rows, int)


def _load(actor: Actor, organization_id: int) -> Held:
    rows = _membership(actor.person_id, organization_id) if actor.person_id is not None else ()
    if not rows:
        return Held(None, (), organization_id, CATALOGUE)
    _organization, role, *_grant, name, rule = rows[0]
    if _is_outside(actor, role, rule):
        raise NetworkNotAllowed(organization=name, address=actor.ip)
    given = (
        Given(right, product, service_id, resource, team)
        for _organization, _role, right, product, service_id, resource, of_organization, team, *_more in rows
        if right and of_organization == organization_id
    )
    return Held(Role(role), tuple(given), organization_id, CATALOGUE)


_rules = Prepared(
    lambda person_id: (
        Membership.objects.filter(person_id=person_id, role__in=sorted(ADMINISTRATORS), suspended_at=None)
        .exclude(organization__admin_networks="")
        .order_by()
        .values_list("organization_id", "role", "organization__admin_networks")
    ),
    int,
)


def closed_to(actor: Actor) -> list[int]:
    """The actor's organizations that are closed from where they come: lists over all organizations leave out what is
    in them. One query."""
    if actor.is_system or not actor.ip:
        return []
    rules = _rules(actor.person_id or 0)
    return [organization_id for organization_id, role, rule in rules if _is_outside(actor, role, rule)]


def _is_outside(actor: Actor, role: str, rule: str) -> bool:
    """Whether an owner or administrator comes from elsewhere than the organization allows."""
    return bool(rule) and role in ADMINISTRATORS and networks.refuses(rule, actor.ip, clock.today())


@dataclass(frozen=True, slots=True)
class Places:
    """Whole organizations, and in others single services and parts of them, each with its organization."""

    organizations: set[int] = field(default_factory=set)
    services: set[tuple[int, int]] = field(default_factory=set)
    parts: set[tuple[int, int, str]] = field(default_factory=set)


class Memberships:
    """Decides by memberships. Never looks beyond the target's organization."""

    def allows(self, actor: Actor, right: Right, target: Any) -> bool:
        """`decide` as a boolean. Whole pages of lists ask it for each row, so every step here counts."""
        try:
            organization_id = target.organization_id
        except AttributeError:
            return False
        held = actor.loaded.get(organization_id)
        if held is None:
            if organization_id is None:
                return False
            held = held_by(actor, organization_id)
        answer = held.answers.get(right.code)
        if answer is None:
            answer = held.answers[right.code] = _answer(held, right)
        if answer is True or answer is False:
            return answer
        reach, limits = answer
        if not reach.everywhere:
            service_id = getattr(target, "service_id", None)
            if service_id not in reach.services and not (
                reach.parts and (service_id, getattr(target, "resource", "")) in reach.parts
            ):
                return False
        return not limits or forbids(held, right, target) is None

    def decide(self, actor: Actor, right: Right, target: Owned) -> Decision:
        """Yes or no, with the derivation for whoever reads it."""
        organization_id = target.organization_id
        if organization_id is None:
            return Decision(False, right)
        held = held_by(actor, organization_id)
        if held.role is None:
            return Decision(False, right)
        return explained(held, right, target)


def explained(held: Held, right: Right, target: Owned) -> Decision:
    """The decision for what somebody holds in the target's organization."""
    helpers = partial(_names, held, OWNER_ONLY if right.roles == OWNER_ONLY else ADMINISTRATORS)
    place = (getattr(target, "service_id", None), getattr(target, "resource", ""))
    if target.organization_id != held.organization_id or not held.may(right, *place):
        return Decision(False, right, helpers=helpers)
    if (reason := forbids(held, right, target)) is not None:
        return Decision(False, right, helpers=helpers, forbidden_by=reason)
    return Decision(True, right, lambda: sentences(held.sources(right, *place)))


def _answer(held: Held, right: Right) -> Any:
    """Yes or no where that can be said once for all places; else where the right is held, and what may limit it."""
    reach, limits = held.reach(right), _limits_on(held, right)
    if reach == NOWHERE:
        return False
    return True if reach.everywhere and not limits else (reach, limits)


def _limits_on(held: Held, right: Right) -> list[Limit]:
    if not _limits or held.role is None or held.role in ADMINISTRATORS:
        return []
    return [limit for limit in _limits if limit.concerns(held, right)]


def forbids(held: Held, right: Right, target: Any) -> Any:
    """The reason why a limit closes to somebody what they hold; None when none does."""
    for limit in _limits_on(held, right):
        if (reason := limit.forbids(held, right, target)) is not None:
            return reason
    return None


def sentences(sources: Sequence[Source]) -> tuple[Any, ...]:
    """Where a right comes from, in the reader's language."""
    return tuple(_sentence(source) for source in sources)


def _sentence(source: Source) -> Any:
    if source.kind is SourceKind.ROLE:
        return _Sentence(_("The role “%(role)s” includes it."), role=Role(source.name).label)
    label = RIGHTS[source.right].label
    if source.kind is SourceKind.TEAM:
        return _Sentence(_("The team %(team)s has “%(right)s”."), team=source.name, right=label)
    return _Sentence(_("“%(right)s” was granted directly."), right=label)


def gives(code: str, right: Right) -> bool:
    """Does holding the right called `code` include `right`?"""
    return code in CATALOGUE.giving(right.code)


def services_granted(actor: Actor, organization_id: int, right: Right) -> tuple[bool, frozenset[int]]:
    """(all of the product?, service ids): where the actor holds `right`, whole services only."""
    reach = held_by(actor, organization_id).reach(right)
    return reach.everywhere, reach.services


def resources_granted(actor: Actor, organization_id: int, right: Right) -> frozenset[tuple[int, str]]:
    """(service id, resource) pairs granted one by one, such as single mailboxes."""
    return held_by(actor, organization_id).reach(right).parts


def places_of(actor: Actor, rights: Sequence[Right]) -> Places:
    """Where the actor holds one of these rights, over all their organizations. One query."""
    found = Places()
    for held in held_everywhere(actor):
        for reach in map(held.reach, rights):
            if reach.everywhere:
                found.organizations.add(held.organization_id)
            found.services.update((held.organization_id, service) for service in reach.services)
            found.parts.update((held.organization_id, *part) for part in reach.parts)
    return found


class _Sentence:
    """A translated sentence whose places are filled only when somebody reads it."""

    def __init__(self, message: Any, **params: Any) -> None:
        self.message, self.params = message, params

    def __str__(self) -> str:
        return str(self.message) % {name: str(value) for name, value in self.params.items()}


def for_owners_only(actor: Actor, right: Right, organization_id: int, reason: Any) -> Decision:
    """The decision of what the right alone does not allow, but an owner who has it may: yes, or whom to ask."""
    held = held_by(actor, organization_id)
    if held.role == Role.OWNER:
        return explained(held, right, _Whole(organization_id))
    return Decision(False, right, helpers=partial(_names, held, OWNER_ONLY), forbidden_by=reason)


@dataclass(frozen=True, slots=True)
class _Whole:
    """An organization as the target of a right."""

    organization_id: int


def _names(held: Held, roles: frozenset[Role]) -> Sequence[str]:
    """Whom to ask: the first who have one of these roles. Read once for any number of refusals on a page."""
    key = f"names of {'owners' if roles == OWNER_ONLY else 'administrators'}"
    if key not in held.remembered:
        members = Membership.objects.filter(
            organization_id=held.organization_id, role__in=roles, suspended_at=None
        ).select_related("person")
        held.remembered[key] = [each.person.display_name for each in members.order_by("joined_at")[:3]]
    names: Sequence[str] = held.remembered[key]
    return names
