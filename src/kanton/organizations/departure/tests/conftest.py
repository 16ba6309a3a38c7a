"""Ben on his way out: his login mailbox, a shared one, a domain that names him, and Carl who may inherit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kanton.accounts.models import Person
    from kanton.core.actor import Actor
    from kanton.organizations.departure.tests.holder import Holder
    from kanton.organizations.models import Organization
    from kanton.products.mail.tests.factories import RememberingEngine


@pytest.fixture
def carl(acme: Organization) -> Person:
    """Collaborator of Acme without any grant."""
    from kanton.core.rights import Role
    from kanton.organizations.models import Membership
    from kanton.testing import make_person

    person = make_person("carl@home.example", "Carl", "Roth")
    Membership.objects.create(organization=acme, person=person, role=Role.COLLABORATOR)
    return person


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> RememberingEngine:
    """A mail server that only remembers."""
    from kanton.products.mail.tests.factories import RememberingEngine

    remembering = RememberingEngine()
    for module in ("tasks", "queries"):
        monkeypatch.setattr(f"kanton.products.mail.{module}.mail_engine", lambda: remembering)
    return remembering


@pytest.fixture
def holder(acme: Organization, owner: Actor, ben: Person, carl: Person, engine: RememberingEngine) -> Holder:
    """What Ben holds in Acme."""
    from kanton.organizations.departure.tests.holder import make_holder

    return make_holder(acme, owner, ben, carl)
