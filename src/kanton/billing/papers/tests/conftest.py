"""The cast of billing's tests."""

from kanton.billing.tests.conftest import _demo, _kites, invoice, kite, order

__all__ = ["_demo", "_kites", "invoice", "kite", "order"]
