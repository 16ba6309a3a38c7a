"""Every change of the security rules."""

from __future__ import annotations

import datetime as dt

from kanton.accounts.queries import is_protected
from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import ADMINISTRATORS, STAFF, SYSTEM
from kanton.organizations import networks as lists
from kanton.organizations.models import Organization
from kanton.organizations.policies import emails, rules
from kanton.organizations.policies.activity import Happened
from kanton.organizations.policies.errors import (
    DayIsPast,
    LengthOutOfRange,
    NotANetwork,
    NotFromHere,
    NothingLimited,
    ProtectYourselfFirst,
)
from kanton.organizations.policies.queries import unprotected
from kanton.organizations.policies.rights import POLICIES_MANAGE
from kanton.organizations.queries import mail_readers
from kanton.organizations.telling import tell_everybody

HOURS_MOST = 720
IDLE_LEAST, IDLE_MOST = 5, 1440


@action(right=POLICIES_MANAGE, may_be_silent=True)
def demand_second_factor(
    actor: Actor, organization: Organization, *, demanded_from: dt.date, also_for_apps: bool | None = None
) -> Organization:
    """Demand a second factor of everybody from this day on, in the operator's zone (ORG-60), and tell those without;
    also of the programs on their devices, which then need passwords made with one (ORG-62), or not. None leaves that
    as it is.

    Whoever demands it must have one (ORG-67). Raises DayIsPast, ProtectYourselfFirst.
    """
    if also_for_apps is None:
        also_for_apps = organization.second_factor_for_apps
    moves = organization.second_factor_from != demanded_from
    turns = organization.second_factor_for_apps != also_for_apps
    if not moves and not turns:
        return organization
    if moves and demanded_from < clock.today():
        raise DayIsPast
    if actor.person_id is None or not is_protected(actor.person_id):
        raise ProtectYourselfFirst
    organization.second_factor_from = demanded_from
    organization.second_factor_for_apps = also_for_apps
    organization.save(update_fields=["second_factor_from", "second_factor_for_apps"])
    if moves:
        record(actor, Happened.SECOND_FACTOR_DEMANDED, organization, day=demanded_from.isoformat())
        for membership in unprotected(organization):
            emails.announced(membership, demanded_from, by=actor.label)
    if turns:
        record(actor, Happened.APPS_INCLUDED if also_for_apps else Happened.APPS_LEFT_OUT, organization)
    if also_for_apps:
        tell_everybody(actor, organization, "policies/apps_included", {"day": demanded_from.isoformat()})
    _demand_of_apps_changed(organization)
    return organization


def _demand_of_apps_changed(organization: Organization) -> None:
    """The engines keep the rule from now on, and once more when its day has come."""
    from kanton.organizations.policies.tasks import begin_for_apps

    rules.changed(organization)
    day = organization.second_factor_from
    if organization.second_factor_for_apps and day is not None and day > clock.today():
        after_commit(begin_for_apps, organization.pk, run_after=clock.start_of(day))


@action(right=POLICIES_MANAGE, may_be_silent=True)
def leave_second_factor_open(actor: Actor, organization: Organization) -> Organization:
    """Leave it to everybody whether to use a second factor; those who do keep it."""
    if organization.second_factor_from is not None:
        organization.second_factor_from = None
        organization.second_factor_for_apps = False
        organization.save(update_fields=["second_factor_from", "second_factor_for_apps"])
        record(actor, Happened.SECOND_FACTOR_LEFT_OPEN, organization)
        rules.changed(organization)
    return organization


@action(right=POLICIES_MANAGE, may_be_silent=True)
def limit_sessions(
    actor: Actor,
    organization: Organization,
    *,
    begins: dt.date,
    hours: int | None = None,
    idle_minutes: int | None = None,
) -> Organization:
    """Let a sign-in last so many hours inside this organization, and so many minutes unused, from a day on; afterwards
    people prove themselves again and go on. Everybody else is told. Raises DayIsPast, NothingLimited, LengthOutOfRange.
    """
    rule = (hours, idle_minutes, begins)
    if (
        organization.session_hours,
        organization.session_idle_minutes,
        organization.session_rule_from,
    ) == rule:
        return organization
    if begins < clock.today() and begins != organization.session_rule_from:
        raise DayIsPast(field="begins")
    if not hours and not idle_minutes:
        raise NothingLimited
    if hours and not 1 <= hours <= HOURS_MOST:
        raise LengthOutOfRange(field="hours", least=1, most=HOURS_MOST)
    if idle_minutes and not IDLE_LEAST <= idle_minutes <= IDLE_MOST:
        raise LengthOutOfRange(field="idle_minutes", least=IDLE_LEAST, most=IDLE_MOST)
    organization.session_hours, organization.session_idle_minutes = hours or None, idle_minutes or None
    organization.session_rule_from = begins
    organization.save(update_fields=["session_hours", "session_idle_minutes", "session_rule_from"])
    facts = {"hours": hours or 0, "minutes": idle_minutes or 0, "day": begins.isoformat()}
    record(actor, Happened.SESSIONS_LIMITED, organization, **facts)
    tell_everybody(actor, organization, "policies/sessions_limited", facts)
    return organization


@action(right=POLICIES_MANAGE, may_be_silent=True)
def leave_sessions_open(actor: Actor, organization: Organization) -> Organization:
    """A sign-in lasts as long here as everywhere."""
    if organization.session_rule_from is not None:
        organization.session_hours = organization.session_idle_minutes = organization.session_rule_from = None
        organization.save(update_fields=["session_hours", "session_idle_minutes", "session_rule_from"])
        record(actor, Happened.SESSIONS_LEFT_OPEN, organization)
    return organization


@action(right=POLICIES_MANAGE, may_be_silent=True)
def limit_networks(
    actor: Actor, organization: Organization, *, networks: str, begins: dt.date
) -> Organization:
    """Let owners and administrators act from these networks only, in the console and by program, from a day on.

    Nobody shuts themselves out: NotFromHere unless the present address is among them. The others are told. Also raises
    NotANetwork and DayIsPast.
    """
    try:
        found = lists.read(networks)
    except ValueError as error:
        raise NotANetwork(line=str(error)) from None
    if not found:
        raise NotANetwork(line="")
    rule = lists.written(found, begins)
    if rule == organization.admin_networks:
        return organization
    known = lists.kept(organization.admin_networks)
    if begins < clock.today() and (known is None or begins != known[0]):
        raise DayIsPast(field="begins")
    if not lists.contains(found, actor.ip):
        raise NotFromHere(address=actor.ip or "–")
    organization.admin_networks = rule
    organization.save(update_fields=["admin_networks"])
    text = ", ".join(map(str, found))
    record(actor, Happened.NETWORKS_LIMITED, organization, networks=text, day=begins.isoformat())
    for membership in mail_readers(organization, ADMINISTRATORS):
        emails.networks_limited(membership, text, begins, by=actor.label)
    return organization


@action(right=POLICIES_MANAGE, may_be_silent=True)
def leave_networks_open(actor: Actor, organization: Organization) -> Organization:
    """Owners and administrators may act from anywhere."""
    return _open_networks(actor, organization)


@action(right=STAFF, may_be_silent=True)
def rescue_networks(actor: Actor, organization: Organization) -> Organization:
    """The provider's staff lifts the rule for an organization that has no allowed network left; its owners are told."""
    return _open_networks(actor, organization)


def _open_networks(actor: Actor, organization: Organization) -> Organization:
    if organization.admin_networks:
        organization.admin_networks = ""
        organization.save(update_fields=["admin_networks"])
        record(actor, Happened.NETWORKS_LEFT_OPEN, organization)
        for membership in mail_readers(organization, ADMINISTRATORS):
            emails.networks_open(membership, by=actor.label)
    return organization


@internal("Done by the clock, the day before a rule begins.")
@action(right=SYSTEM, may_be_silent=True)
def remind_of_rules(actor: Actor, organization: Organization) -> int:
    """Remind whom the rules about sessions and networks concern that begin tomorrow; returns how many rules."""
    tomorrow = clock.today() + dt.timedelta(days=1)
    count = 0
    if organization.session_rule_from == tomorrow:
        count += 1
        hours, minutes = organization.session_hours or 0, organization.session_idle_minutes or 0
        facts = {"hours": hours, "minutes": minutes, "day": tomorrow.isoformat()}
        record(actor, Happened.RULE_REMINDED, organization, day=tomorrow.isoformat())
        tell_everybody(actor, organization, "policies/sessions_limited", facts)
    known = lists.kept(organization.admin_networks)
    if known is not None and known[0] == tomorrow:
        count += 1
        record(actor, Happened.RULE_REMINDED, organization, day=tomorrow.isoformat())
        for membership in mail_readers(organization, ADMINISTRATORS):
            emails.networks_limited(membership, ", ".join(map(str, known[1])), tomorrow, by=actor.label)
    return count


@internal("Done by the clock, the day before a rule begins.")
@action(right=SYSTEM, may_be_silent=True)
def remind_of_second_factor(actor: Actor, organization: Organization) -> int:
    """Remind those without a second factor of the rule that begins; returns how many."""
    day = organization.second_factor_from
    waiting = list(unprotected(organization)) if day else []
    for membership in waiting:
        emails.reminded(membership, day)  # type: ignore[arg-type]
    if waiting:
        record(actor, Happened.REMINDED, organization, day=day.isoformat())  # type: ignore[union-attr]
    return len(waiting)
