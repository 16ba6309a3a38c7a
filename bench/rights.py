"""Rights at scale: an organization of 10,000 members and 5,000 products, and a person in 2,000 organizations.

Decisions are those of a page: a collaborator with many grants, asked right after right about product after product, the
membership loaded. Beside them the least that could answer the same question about the same right and product: a
dictionary of bit masks by (organization, service). Both in the same process, turn by turn; processor time; and every
answer is compared before anything is measured. `numbers` is the dictionary again, asked with numbers that were
taken out of right and product before. The pages are counted in queries, and timed.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.house import ROOT, environment

MEMBERS, PRODUCTS, ORGANIZATIONS = 10_000, 5_000, 2_000
ASKED = 200_000


@dataclass(frozen=True)
class Cost:
    """Decisions a second in each turn: ours, the dictionary's, and ours with the reasons read; pages by name with their
    queries and milliseconds."""

    ours: list[float]
    bare: list[float]
    numbers: list[float]
    explained: list[float]
    pages: dict[str, tuple[int, float]]


def measure(folder: Path, *, turns: int) -> Cost:
    """Fill a fresh installation and ask."""
    home = folder / "home"
    home.mkdir()
    settings = environment(home, {"DEMO": "false"}) | {"DJANGO_SETTINGS_MODULE": "kanton.settings"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.rights", str(turns)],
        env=settings, cwd=ROOT, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout.decode().splitlines()[-1])
    pages = {name: (int(queries), float(ms)) for name, (queries, ms) in found["pages"].items()}
    return Cost(found["ours"], found["bare"], found["numbers"], found["explained"], pages)


def _inside(turns: int) -> None:
    import django

    django.setup()
    from kanton.core import schema

    schema.create_all()
    people = _fill()
    print(json.dumps(_decisions(people["collaborator"], turns) | {"pages": _pages(people)}))


def _fill() -> dict[str, Any]:
    """Acme with its members, teams and products; the traveller's other organizations."""
    from datetime import date

    from django.db import transaction

    from kanton.accounts.models import Person
    from kanton.core import clock
    from kanton.core.rights import Role
    from kanton.organizations.models import Grant, Membership, Organization, Team, TeamMember
    from kanton.products.domains.models import Domain, DomainState
    from kanton.products.models import Service

    with transaction.atomic():
        acme = Organization.objects.create(name="Acme", slug="acme")
        Organization.objects.bulk_create(
            [
                Organization(name=f"Customer {number:04}", slug=f"customer-{number}")
                for number in range(ORGANIZATIONS - 1)
            ]
        )
        Person.objects.bulk_create(
            [
                Person(
                    email=f"p{number}@bench.example", email_key=f"p{number}@bench.example", first_name="P",
                    last_name=f"{number:05}", confirmed_at=clock.now(),
                )
                for number in range(MEMBERS)
            ],
            batch_size=1000,
        )  # fmt: skip
        people = list(Person.objects.order_by("pk")[:MEMBERS])
        Membership.objects.bulk_create(
            [
                Membership(
                    organization=acme, person=person, role=Role.OWNER if number == 0 else Role.COLLABORATOR
                )
                for number, person in enumerate(people)
            ],
            batch_size=1000,
        )
        owner, collaborator = people[0], people[1]
        others = Organization.objects.exclude(pk=acme.pk)
        Membership.objects.bulk_create(
            [Membership(organization=each, person=collaborator, role=Role.OWNER) for each in others],
            batch_size=1000,
        )
        Service.objects.bulk_create(
            [
                Service(
                    organization=acme, product="domains" if number % 2 else "mail", plan="p",
                    name=f"name-{number:04}.example", starts_on=date(2026, 1, 1), order_line=f"bench-{number}",
                )
                for number in range(PRODUCTS)
            ],
            batch_size=1000,
        )  # fmt: skip
        services = list(Service.objects.order_by("pk"))
        Domain.objects.bulk_create(
            [
                Domain(organization=acme, service=each, name=each.name, state=DomainState.ACTIVE)
                for each in services
                if each.product == "domains"
            ],
            batch_size=1000,
        )
        mine = Membership.objects.get(organization=acme, person=collaborator)
        codes = {"domains": "domains.dns_edit", "mail": "mail.manage"}
        Grant.objects.bulk_create(
            [
                Grant(
                    organization=acme,
                    membership=mine,
                    right=codes[each.product],
                    product=each.product,
                    service_id=each.pk,
                )
                for each in services[:1000:2]
            ],
            batch_size=1000,
        )
        team = Team.objects.create(organization=acme, name="Web")
        TeamMember.objects.create(team=team, membership=mine)
        Grant.objects.bulk_create(
            [
                Grant(
                    organization=acme,
                    team=team,
                    right=codes[each.product],
                    product=each.product,
                    service_id=each.pk,
                )
                for each in services[1:1000:2]
            ],
            batch_size=1000,
        )
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"owner": owner, "collaborator": collaborator, "membership": mine}


def _decisions(person: Any, turns: int) -> dict[str, list[float]]:
    from kanton.core.actor import Actor, ActorKind
    from kanton.core.rights import RIGHTS
    from kanton.organizations.resolver import held_everywhere
    from kanton.products.models import Service

    rights = [right for right in RIGHTS.values() if right.product and right.grantable]
    services = list(Service.objects.order_by("pk")[:2000])
    actor = Actor(ActorKind.PERSON, "bench", person.pk)
    held_everywhere(actor)
    pairs = [(right, service) for service in services for right in rights]
    asked = (pairs * (ASKED // len(pairs) + 1))[:ASKED]
    bits = {right.code: 1 << place for place, right in enumerate(rights)}
    masks: dict[tuple[int, int], int] = {}
    for right, service in pairs:
        if actor.has_right(right, service):
            key = (service.organization_id, service.pk)
            masks[key] = masks.get(key, 0) | bits[right.code]
    bare_asked = [(service.organization_id, service.pk, bits[right.code]) for right, service in asked]

    def allowed(right: Any, service: Any) -> bool:
        return bool(masks.get((service.organization_id, service.id), 0) & bits[right.code])

    def allowed_by_numbers(organization: int, service: int, bit: int) -> bool:
        return masks.get((organization, service), 0) & bit != 0

    answers = [actor.has_right(right, service) for right, service in asked]
    assert answers == [allowed(right, service) for right, service in asked]
    assert answers == [allowed_by_numbers(*each) for each in bare_asked] and 0 < sum(answers) < ASKED
    ours, bare, numbers, explained = [], [], [], []
    has_right, decide = actor.has_right, actor.decide
    for _turn in range(turns):
        began = time.process_time()
        for right, service in asked:
            has_right(right, service)
        ours.append(ASKED / (time.process_time() - began))
        began = time.process_time()
        for right, service in asked:
            allowed(right, service)
        bare.append(ASKED / (time.process_time() - began))
        began = time.process_time()
        for organization, number, bit in bare_asked:
            allowed_by_numbers(organization, number, bit)
        numbers.append(ASKED / (time.process_time() - began))
        began = time.process_time()
        for right, service in asked[:20_000]:
            [str(sentence) for sentence in decide(right, service).because]
        explained.append(20_000 / (time.process_time() - began))
    return {"ours": ours, "bare": bare, "numbers": numbers, "explained": explained}


def _pages(people: dict[str, Any]) -> dict[str, tuple[int, float]]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from kanton.products.models import Service

    last, number = Service.objects.order_by("-pk")[0], people["membership"].pk
    found = {}
    for title, who, path in (
        ("people", "owner", "/o/acme/people"),
        ("people, searched", "owner", "/o/acme/people?q=09999"),
        ("change product access", "owner", f"/o/acme/people/{number}/access"),
        ("what somebody can", "owner", f"/o/acme/people/{number}/why"),
        ("who can", "owner", f"/o/acme/rights?right=mail.manage&service={last.pk - 1}"),
        ("2,500 domains", "owner", "/o/acme/domains?list=1"),
        ("2,500 domains, of which 500 by grants", "collaborator", "/o/acme/domains?list=1"),
        ("organizations of a person in 2,000", "collaborator", "/account/organizations"),
        ("search in one of 2,000 organizations", "collaborator", "/o/customer-1000/search?q=customer+19"),
        ("start page, switching among 2,000", "collaborator", "/o/customer-1000/"),
    ):
        client = Client(headers={"host": "localhost"})
        client.force_login(people[who])
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        counted = len(queries)  # now: the next request empties the log
        times = []
        for _ in range(3):
            began = time.process_time()
            client.get(path)
            times.append((time.process_time() - began) * 1000)
        found[title] = (counted, min(times))
    return found


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kanton.settings")
    _inside(int(sys.argv[1]))
