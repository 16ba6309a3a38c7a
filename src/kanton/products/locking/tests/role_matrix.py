"""Owners and administrators block the management of a product; nobody whom it would concern."""

from __future__ import annotations

from typing import Any

from kanton.products.domains.tests.factories import make_domain
from kanton.products.locking.actions import lock_service, unlock_service
from kanton.products.models import Service
from kanton.testing_matrix import ADMINISTRATORS, Cast, Line, act, api, page

PAGE = "/o/<slug:organization>/products/<int:service>/lock"
API = "/2/accounts/{account}/products/{product}/lock"


def service(cast: Cast) -> Service:
    """A domain of Acme, made once."""
    found = Service.objects.filter(organization=cast.acme, product="domains").first()
    return found or make_domain(cast.acme, "lock-matrix.example").service


def of_api(cast: Cast) -> dict[str, Any]:
    """Its numbers."""
    return {"account": cast.acme.pk, "product": service(cast).pk}


LINES: list[Line] = [
    act("locking.lock_service", lambda actor, cast: lock_service(actor, service(cast)), allowed=ADMINISTRATORS),
    act("locking.unlock_service", lambda actor, cast: unlock_service(actor, service(cast)), allowed=ADMINISTRATORS),
    page(PAGE, allowed=ADMINISTRATORS, fill=lambda cast: {"service": service(cast).pk}),
    *(api(method, API, allowed=ADMINISTRATORS, fill=of_api) for method in ("GET", "PUT", "DELETE")),
]  # fmt: skip
