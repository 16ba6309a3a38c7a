"""The cast of billing's tests, and Stripe as settings know it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kanton.billing.tests.conftest import _demo, _kites, invoice, kite, order
from kanton.config import Stripe, overriding

__all__ = ["_demo", "_kites", "invoice", "kite", "order"]


@pytest.fixture
def stripe_settings() -> Iterator[Stripe]:
    """Secrets of nobody; the address is closed, so nothing leaves the machine."""
    settings = Stripe(secret_key="sk_test_1", webhook_secret="whsec_1", address="http://127.0.0.1:9")
    with overriding(stripe=settings, demo=True):
        yield settings
