"""A real name server, and nothing remembered from another test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kanton.products.brand import known
from kanton.products.domains.tests.conftest import _server, name_server

__all__ = ["_server", "name_server"]


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    known._known.clear()
    yield
    known._known.clear()
