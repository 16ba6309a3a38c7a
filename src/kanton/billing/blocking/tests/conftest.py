"""The cast of renewals serves blocked orders too."""

from kanton.billing.renewals.tests.conftest import _demo, _kites

__all__ = ["_demo", "_kites"]
