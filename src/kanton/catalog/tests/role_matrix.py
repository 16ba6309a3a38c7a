"""The catalogue is open to everybody; only Kanton's own program changes it."""

from __future__ import annotations

from kanton.catalog.actions import offer_plan, withdraw_plan
from kanton.catalog.models import Plan
from kanton.catalog.sample import load_sample, sample_offers
from kanton.testing_matrix import EVERYBODY, NOBODY, Cast, Line, act, api


def plan(cast: Cast) -> Plan:
    """An offer of the sample catalogue."""
    return load_sample()[0]


LINES: list[Line] = [
    act("catalog.offer_plan", lambda actor, cast: offer_plan(actor, sample_offers()[0]), allowed=NOBODY),
    act("catalog.withdraw_plan", lambda actor, cast: withdraw_plan(actor, plan(cast)), allowed=NOBODY),
    api("GET", "/1/catalog/groups", allowed=EVERYBODY),
    api("GET", "/1/catalog/plans", allowed=EVERYBODY),
    api(
        "GET",
        "/1/catalog/plans/{plan}",
        allowed=EVERYBODY,
        fill=lambda cast: {"plan": plan(cast).code},
    ),
]
