"""The small cast of every test: Acme with its owner Ana and its member Ben, and Zoe from elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from kanton.core.actor import Actor, ActorKind
from kanton.core.rights import Role

if TYPE_CHECKING:
    from kanton.accounts.models import Person
    from kanton.core.outbox.testing import Outbox
    from kanton.organizations.models import Organization

PASSWORD = "correct horse battery staple"  # noqa: S105 - the cast's


@contextmanager
def at_most(*, processor_seconds: float) -> Iterator[None]:
    """The block must not cost more: a limit far above what it needs, that only runaway work on hostile input reaches.

    Processor time of this process, so that whatever else the machine does takes no part.
    """
    began = time.process_time()
    yield
    spent = time.process_time() - began
    assert spent < processor_seconds, f"{spent:.1f} seconds of processor time"


def make_person(email: str, first_name: str, last_name: str, **fields: object) -> Person:
    """A confirmed person whose password is PASSWORD, hashed once for all."""
    from kanton.accounts.models import Person
    from kanton.core import clock

    person = Person(
        email=email, first_name=first_name, last_name=last_name, confirmed_at=clock.now(), **fields
    )
    person.password = _hashed_password()
    person.save()
    return person


_hash: list[str] = []


def _hashed_password() -> str:
    from django.contrib.auth.hashers import make_password

    if not _hash:
        _hash.append(make_password(PASSWORD))
    return _hash[0]


def make_organization(name: str, slug: str, owner: Person, **fields: object) -> Organization:
    """An organization with its owner."""
    from kanton.organizations.models import Membership, Organization

    organization = Organization.objects.create(
        name=name, slug=slug, **{"street": "Marktgasse 1", "postal_code": "3011", "city": "Bern", **fields}
    )
    Membership.objects.create(organization=organization, person=owner, role=Role.OWNER)
    return organization


def acting(person: Person, **fields: object) -> Actor:
    """The person as an actor."""
    values = {
        "is_staff": person.is_staff,
        "language": person.language,
        "time_zone": person.time_zone,
    } | fields
    return Actor(ActorKind.PERSON, person.display_name, person.pk, **values)  # type: ignore[arg-type]


@pytest.fixture
def ana(db: None) -> Person:
    """Owner of Acme."""
    return make_person("ana@acme.example", "Ana", "Keller")


@pytest.fixture
def acme(ana: Person) -> Organization:
    """Ana's organization, in Bern, paying in CHF."""
    return make_organization("Acme", "acme", ana, kind="company")


@pytest.fixture
def ben(acme: Organization) -> Person:
    """Collaborator of Acme without any grant."""
    from kanton.organizations.models import Membership

    person = make_person("ben@acme.example", "Ben", "Moser")
    Membership.objects.create(organization=acme, person=person, role=Role.COLLABORATOR)
    return person


@pytest.fixture
def zoe(db: None) -> Person:
    """Owner of Globex; nothing to do with Acme."""
    return make_person("zoe@globex.example", "Zoe", "Weber")


@pytest.fixture
def globex(zoe: Person) -> Organization:
    """Zoe's organization."""
    return make_organization("Globex", "globex", zoe, kind="company")


@pytest.fixture
def sam(db: None) -> Person:
    """Sam of the provider's staff."""
    return make_person("sam@alpenhost.example", "Sam", "Frei", is_staff=True)


@pytest.fixture
def owner(ana: Person, acme: Organization) -> Actor:
    """Ana, acting."""
    return acting(ana)


@pytest.fixture
def member(ben: Person) -> Actor:
    """Ben, acting."""
    return acting(ben)


@pytest.fixture
def stranger(zoe: Person, globex: Organization) -> Actor:
    """Zoe, acting."""
    return acting(zoe)


@pytest.fixture
def staff(sam: Person) -> Actor:
    """Sam, acting."""
    return acting(sam)


@pytest.fixture
def outbox(db: None) -> Outbox:
    """The mails written so far, as a list; `outbox.messages` are the SMS."""
    from kanton.core.outbox.testing import Outbox

    return Outbox()


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    """Counters live outside the database and are not rolled back with it."""
    from kanton.core import throttle

    throttle.forget_everything()
