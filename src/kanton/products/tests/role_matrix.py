"""Nobody but Kanton's own clockwork starts, ends or settles a service; customers order and cancel."""

from __future__ import annotations

from datetime import date

from kanton.products.actions import extend_service, start_service, want_service
from kanton.products.contract import Done
from kanton.products.models import Service, Wanted
from kanton.products.tasks import settle_service
from kanton.testing_matrix import MEMBERS, NOBODY, SIGNED_IN, Cast, Line, Who, act, api

FOREIGN = {Who.STRANGER: 404, Who.STAFF: 404}


def service(cast: Cast) -> Service:
    """A service of Acme."""
    return Service.objects.create(
        organization=cast.acme,
        product="matrix",
        plan="basic",
        name="acme.example",
        starts_on=date(2026, 1, 1),
        order_line="matrix",
    )


LINES: list[Line] = [
    act(
        "products.start_service",
        lambda actor, cast: start_service(
            actor, cast.acme, order_line="1", product="matrix", plan="basic", name="acme.example", options={},
            starts_on=date(2026, 1, 1), ends_on=None, period_months=12,
        ),
        allowed=NOBODY,
    ),
    act(
        "products.want_service",
        lambda actor, cast: want_service(actor, service(cast), Wanted.SUSPENDED),
        allowed=NOBODY,
    ),
    act(
        "products.extend_service",
        lambda actor, cast: extend_service(actor, service(cast), until=date(2027, 1, 1)),
        allowed=NOBODY,
    ),
    act(
        "products.settle_service",
        lambda actor, cast: settle_service(actor, service(cast), 1, Done()),
        allowed=NOBODY,
    ),
    # Whoever has a token sees a list: of what they may use, which may be nothing.
    api("GET", "/1/products", allowed=SIGNED_IN),
    api("GET", "/1/product", allowed=SIGNED_IN),
    api("GET", "/1/accounts/current/products", allowed=SIGNED_IN, but={Who.STAFF: 404}),
    *(
        api("GET", route, allowed=MEMBERS, but=FOREIGN, fill=lambda cast: {"account_id": cast.acme.pk})
        for route in (
            "/1/accounts/{account_id}/products", "/1/account/{account_id}/product", "/1/accounts/{account_id}/services",
        )
    ),
]  # fmt: skip
