"""Whom an invoice is made out to. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kanton.billing.invoicing import customer_details
from kanton.billing.papers.models import BillingAddress, ServiceAddress
from kanton.core.bulk import Many
from kanton.organizations.models import Organization


def customer_at(organization: Organization, address: BillingAddress | None) -> Mapping[str, Any]:
    """The customer as printed: at this billing address, or at the organization's own."""
    own = customer_details(organization)
    if address is None:
        return own
    fields = ("name", "attention", "street", "postal_code", "city", "country")
    return {**own, **{name: getattr(address, name) for name in fields}}


def addresses_of_services(services: Iterable[int]) -> dict[int, BillingAddress]:
    """By service: the billing address it uses, if it uses one. One query."""
    uses = ServiceAddress.objects.filter(service__among=Many(services)).select_related("address")
    return {use.service_id: use.address for use in uses}


def common_address(services: Iterable[int]) -> BillingAddress | None:
    """The billing address that all of these use, if they use the same one."""
    numbers = list(services)
    found = addresses_of_services(numbers)
    chosen = {found[number].pk if number in found else 0 for number in numbers}
    return next(iter(found.values())) if len(chosen) == 1 and found else None
