"""Taking a member's access away for a while, and giving it back."""

from __future__ import annotations

from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.rights import Role
from kanton.organizations import holds
from kanton.organizations.actions import lock_owners, require_anew
from kanton.organizations.errors import LastOwner, OwnersOnly
from kanton.organizations.models import Membership
from kanton.organizations.resolver import held_by
from kanton.organizations.rights import MEMBERS_MANAGE
from kanton.organizations.suspension import emails
from kanton.organizations.suspension.activity import Happened
from kanton.organizations.suspension.errors import NotYourself


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def suspend_member(actor: Actor, membership: Membership) -> Membership:
    """End every access to this organization from the next request on; role, rights and teams are kept for later.

    What the person's tokens and app passwords open here ends too. Raises OwnersOnly, LastOwner and NotYourself.
    """
    owners = lock_owners(membership.organization)
    require_anew(actor, MEMBERS_MANAGE, membership.organization)
    membership = _locked(membership)
    _may_touch(actor, membership)
    if membership.suspended_at is not None:
        return membership
    if membership.person_id == actor.person_id:
        raise NotYourself
    if owners == [membership.pk]:
        raise LastOwner
    membership.suspended_at = clock.now()
    membership.save(update_fields=["suspended_at"])
    record(actor, Happened.SUSPENDED, membership)
    emails.suspended(membership, by=actor.label)
    return membership


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def resume_member(actor: Actor, membership: Membership) -> Membership:
    """Give a suspended member back what they had, unless somebody else holds it back, such as the provider."""
    membership = _locked(membership)
    _may_touch(actor, membership)
    if membership.suspended_at is None:
        return membership
    holds.ask(membership)
    membership.suspended_at = None
    membership.save(update_fields=["suspended_at"])
    record(actor, Happened.RESUMED, membership)
    emails.resumed(membership, by=actor.label)
    return membership


def _locked(membership: Membership) -> Membership:
    rows = Membership.objects.select_for_update(of=("self",)).select_related("person", "organization")
    return rows.get(pk=membership.pk)


def _may_touch(actor: Actor, membership: Membership) -> None:
    """Only an owner touches an owner (ORG-54)."""
    if membership.role != Role.OWNER or actor.is_system:
        return
    if held_by(actor, membership.organization_id).role != Role.OWNER:
        raise OwnersOnly
