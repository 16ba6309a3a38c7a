"""A process of its own in which two of the staff block two owners of one organization at the same moment.

Run by test_at_once.py as `python -m kanton.support.blocks.tests.blocks_at_once`; prints what happened as JSON.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any


def main() -> dict[str, Any]:
    """Both from everything, both from the one organization, and one of each."""
    import django

    django.setup()
    from kanton.accounts.models import Person
    from kanton.core import schema
    from kanton.core.rights import Role
    from kanton.organizations.models import Membership, Organization
    from kanton.support.actions.codes import renew_support_code
    from kanton.support.blocks.actions import Asked, block_person
    from kanton.support.blocks.models import SecurityBlock
    from kanton.testing import acting, make_organization, make_person
    from kanton.testing_at_once import together

    schema.create_all()
    found: dict[str, Any] = {}
    count = iter(range(1000))
    staff = [make_person(f"staff{n}@alpenhost.example", "Sam", "Frei", is_staff=True) for n in range(2)]

    def house() -> tuple[Organization, list[Person]]:
        number = next(count)
        people = [make_person(f"owner{number}-{n}@acme.example", "Ana", "Keller") for n in range(2)]
        organization = make_organization(f"House {number}", f"house-{number}", people[0])
        Membership.objects.create(organization=organization, person=people[1], role=Role.OWNER)
        return organization, people

    for name, everywhere in {
        "account, account": (1, 1),
        "here, here": (0, 0),
        "account, here": (1, 0),
    }.items():
        organization, people = house()
        codes = [renew_support_code(acting(person), person).digits for person in people]
        both = together([
            partial(
                block_person, acting(staff[n]), people[n], digits=codes[n], reason="Stolen",
                organization=None if everywhere[n] else organization,
            )
            for n in range(2)
        ])  # fmt: skip
        done = sorted(type(each.done() if isinstance(each, Asked) else each).__name__ for each in both)
        found[name] = [done, SecurityBlock.objects.filter(person__in=people).count()]
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
