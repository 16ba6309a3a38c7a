"""A real name server and a registry of its own for every test that asks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from kanton.organizations.models import Organization
from kanton.products.domains import names
from kanton.products.domains.dns.responder import name_of
from kanton.products.domains.engine import use_engine
from kanton.products.domains.models import Zone
from kanton.products.domains.registrars import use_registrar
from kanton.products.domains.registrars.sandbox import SandboxRegistrar
from kanton.products.domains.tests.factories import make_zone
from kanton.products.domains.tests.name_server import Running, running_name_server

# How long one example takes depends on who else uses the machine; what must be quick is timed by tests of its own.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_name_server(tmp_path_factory.mktemp("dns") / "zones.sqlite3") as running:
        yield running


@pytest.fixture
def name_server(_server: Running) -> Iterator[Running]:
    """The running name server, empty again afterwards."""
    use_engine(_server.engine)
    yield _server
    use_engine(None)
    with sqlite3.connect(_server.store) as db:
        keys = [row[0] for row in db.execute("SELECT key FROM zones WHERE content IS NOT NULL")]
    db.close()
    for key in keys:
        _server.engine.withdraw(names.from_wire(name_of(key)))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[SandboxRegistrar]:
    """The sandbox registry in a file of its own."""
    sandbox = SandboxRegistrar(tmp_path / "registry.sqlite3")
    use_registrar(sandbox)
    yield sandbox
    use_registrar(None)


@pytest.fixture
def zone(acme: Organization) -> Zone:
    """The zone acme.example."""
    return make_zone(acme)
