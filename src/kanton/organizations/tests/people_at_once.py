"""A process of its own in which people accept, invite, demote and leave at the same moment.

Run by test_at_once.py as `python -m kanton.organizations.tests.people_at_once`; prints what happened as JSON. Whatever
an action is given, and what its actor may, is read before the threads start: so whoever comes second always acts on
what was true a moment ago, however the machine orders the threads.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from itertools import combinations_with_replacement
from typing import Any


def main() -> dict[str, Any]:
    """Everything once, in organizations of its own."""
    import django

    django.setup()
    from django.db.models import Model

    from kanton.accounts.models import Person
    from kanton.accounts.profile.actions import delete_account
    from kanton.core import schema
    from kanton.core.actor import Actor, visitor
    from kanton.core.rights import Role
    from kanton.organizations.actions import (
        accept_invitation,
        accept_own_invitation,
        change_role,
        invite_member,
        open_account,
        resend_invitation,
        revoke_invitation,
    )
    from kanton.organizations.departure.actions import leave_organization, remove_member
    from kanton.organizations.models import Invitation, Membership, Organization
    from kanton.organizations.rights import MEMBERS_MANAGE
    from kanton.organizations.suspension.actions import suspend_member
    from kanton.testing import PASSWORD, acting, make_organization, make_person
    from kanton.testing_at_once import names, together

    schema.create_all()
    found: dict[str, Any] = {}
    count = iter(range(1000))

    def somebody() -> Person:
        number = next(count)
        return make_person(f"p{number}@example.ch", "Person", str(number))

    def house(owners: int) -> tuple[Organization, list[Membership]]:
        number = next(count)
        organization = make_organization(f"House {number}", f"house-{number}", somebody())
        for _each in range(owners - 1):
            Membership.objects.create(organization=organization, person=somebody(), role=Role.OWNER)
        members = organization.memberships.select_related("person", "organization").order_by("pk")
        return organization, list(members)

    def knowing(person: Person, organization: Organization) -> Actor:
        """Somebody whose rights are known already."""
        actor = acting(person)
        assert actor.has_right(MEMBERS_MANAGE, organization)
        return actor

    def invited(person: Person | None = None) -> tuple[Invitation, str, Actor]:
        organization, (owner,) = house(1)
        actor = knowing(owner.person, organization)
        email = person.email if person else f"new{next(count)}@example.ch"
        invitation = invite_member(actor, organization, email=email, role=Role.EXTERNAL)
        secret = invitation.new_secret()
        invitation.save()
        return invitation, secret, actor

    def joined(invitation: Invitation) -> dict[str, Any]:
        now = Invitation.objects.get(pk=invitation.pk)
        return {
            "members": Membership.objects.filter(
                organization_id=invitation.organization_id, role=Role.EXTERNAL
            ).count(),
            "accepted": now.accepted_at is not None,
            "revoked": now.revoked_at is not None,
        }

    # One person, eight times: by the link and from the list.
    lea = somebody()
    invitation, secret, _owner = invited(lea)
    by_link = [partial(accept_invitation, acting(lea), lea, secret=secret) for _each in range(4)]
    by_list = [partial(accept_own_invitation, acting(lea), lea, number=invitation.pk) for _each in range(4)]
    found["one_person"] = [names(together([*by_link, *by_list])), joined(invitation)]

    # Two people with one link: whom it invites, and somebody to whom it was forwarded.
    lea, eve = somebody(), somebody()
    invitation, secret, _owner = invited(lea)
    both = together([partial(accept_invitation, acting(each), each, secret=secret) for each in (lea, eve)])
    eves = Membership.objects.filter(person=eve).count()
    found["two_people"] = [type(both[0]).__name__, type(both[1]).__name__, eves, joined(invitation)]

    # Four people open an account with one link.
    invitation, secret, _owner = invited()
    opening = partial(open_account, email=invitation.email, password=PASSWORD, invitation=secret)
    opened = names(together([partial(opening, visitor()) for _each in range(4)]))
    accounts = Person.objects.filter(email=invitation.email).count()
    found["four_accounts"] = [opened, accounts, joined(invitation)]

    # Whoever revokes or sends again looked at the invitation before it was accepted.
    for change in (revoke_invitation, resend_invitation):
        lea = somebody()
        invitation, _secret, owner = invited(lea)
        seen = Invitation.objects.select_related("organization").get(pk=invitation.pk)
        accept = partial(accept_own_invitation, acting(lea), lea, number=invitation.pk)
        both = together([accept, partial(change, owner, seen)])
        found[change.__name__] = [[type(each).__name__ for each in both], joined(invitation)]

    demote = partial(change_role, role=Role.COLLABORATOR)
    keep_a_little = partial(change_role, role=Role.ADMINISTRATOR)
    verbs: dict[str, Callable[[Actor, Membership], Model]] = {
        "demote": demote,
        "demote_to_administrator": keep_a_little,
        "remove": remove_member,
        "suspend": suspend_member,
    }

    def owners_of(organization: Organization) -> int:
        return organization.memberships.filter(role=Role.OWNER, suspended_at=None).count()

    # Two owners against each other by every pair of means, and beside a third, who would stay anyway.
    pairs = [(2, *pair) for pair in combinations_with_replacement(verbs, 2)]
    for owners, mine, theirs in [*pairs, *((3, verb, verb) for verb in verbs)]:
        organization, members = house(owners)
        first, second = members[:2]
        one, other = (knowing(each.person, organization) for each in (first, second))
        both = together([partial(verbs[mine], one, second), partial(verbs[theirs], other, first)])
        refused = [type(each).__name__ for each in both if isinstance(each, Exception)]
        found[f"{owners} owners: {mine}, {theirs}"] = [refused, owners_of(organization)]

    # Two owners who go by themselves.
    organization, members = house(2)
    actors = [knowing(each.person, organization) for each in members]
    both = together([partial(demote, *each) for each in zip(actors, members, strict=True)])
    found["both_step_down"] = [names(both), owners_of(organization)]
    organization, members = house(2)
    both = together([partial(leave_organization, acting(each.person), each) for each in members])
    found["both_leave"] = [names(both), owners_of(organization)]
    organization, members = house(2)
    both = together(
        [
            partial(delete_account, acting(each.person), each.person, current_password=PASSWORD)
            for each in members
        ]
    )
    found["both_delete_their_accounts"] = [names(both), owners_of(organization)]
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
