"""Routes that exist only while a test wants them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kanton.core.api import routing
from kanton.rest.loading import load_routes


@pytest.fixture(autouse=True, scope="session")
def _routes() -> None:
    """Whatever test comes first finds the routes registered, as in the running program."""
    load_routes()


@pytest.fixture
def echo() -> Iterator[None]:
    """The routes of `echo_api`, under version 9."""
    before, taken = list(routing.ROUTES), dict(routing._taken)
    from kanton.rest.tests import echo_api

    echo_api.register()
    yield
    routing.ROUTES[:] = before
    routing._taken.clear()
    routing._taken.update(taken)
    routing._table.clear()
