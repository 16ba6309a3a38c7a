"""Products that end with their organization: stopped by its deletion, without a link in a mail (ORG-30)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kanton.billing.cancellation.actions import cancel_with_organization, unpaid_terms
from kanton.core.actor import Actor
from kanton.organizations.closing.steps import Stoppable
from kanton.organizations.models import Organization
from kanton.products.contract import product_called
from kanton.products.models import Service, Wanted


def stoppable(organization: Organization) -> Iterator[Stoppable]:
    """Everything that runs and is not part of something else."""
    alive = Service.objects.filter(organization=organization).exclude(wanted=Wanted.ENDED)
    services = list(alive.select_related("organization").order_by("product", "name"))
    unpaid: dict[int, set[int]] = {}
    for service_id, invoice_id in unpaid_terms(services).values_list("renewals__service", "pk"):
        unpaid.setdefault(service_id, set()).add(invoice_id)
    for service in services:
        product = product_called(service.product)
        if not product.cancelled_with(service):
            yield Stoppable(
                service.pk,
                f"{product.name} {service.name}",
                product.lost_by_cancelling(service),
                partial(_stop, service=service),
                frozenset(unpaid.get(service.pk, ())),
            )


def _stop(actor: Actor, *, service: Service) -> None:
    cancel_with_organization(actor, service)
