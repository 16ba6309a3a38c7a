"""The cast of renewals serves the forecast too."""

from kanton.billing.renewals.tests.conftest import _demo, _kites, kite, make_service, red

__all__ = ["_demo", "_kites", "kite", "make_service", "red"]
