"""The cast of billing's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kanton.billing.bank.tests.conftest import take
from kanton.billing.books import taxes
from kanton.billing.tests.conftest import _demo, _kites, invoice, kite, order

__all__ = ["_demo", "_kites", "invoice", "kite", "order", "take"]


@pytest.fixture(autouse=True)
def _fresh_rates() -> Iterator[None]:
    """What a test adds to the VAT table is forgotten with it."""
    taxes.forget()
    yield
    taxes.forget()
