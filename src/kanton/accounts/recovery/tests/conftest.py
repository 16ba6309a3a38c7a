"""What the tests of recovery share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kanton.config import overriding


@pytest.fixture
def gateway() -> Iterator[None]:
    """An installation that sends text messages."""
    with overriding(outbox={"sms_gateway": "log"}):
        yield
