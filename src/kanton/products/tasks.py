"""The job that brings a service's engine to what is wanted."""

from __future__ import annotations

from typing import assert_never

from django_tasks import task

from kanton.core import jobs
from kanton.core.action import action, record
from kanton.core.actor import Actor, System
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.products.activity import Happened
from kanton.products.contract import Done, NeedsCustomer, Outcome, RetryIn, product_called
from kanton.products.models import Service


@task()
def reconcile_service(service_id: int) -> None:
    """Ask the product to reconcile, and keep its answer. May run twice or late; ends in the same place."""
    service = Service.objects.select_related("organization").get(pk=service_id)
    if service.is_proved:
        return
    version = service.wish_version
    outcome = product_called(service.product).reconcile(service)
    settle_service(System(service.product), service, version, outcome)
    if isinstance(outcome, RetryIn):
        raise jobs.RetryIn(outcome.seconds, outcome.reason)


@internal("The engine's answer.")
@action(right=SYSTEM, may_be_silent=True)
def settle_service(actor: Actor, service: Service, version: int, outcome: Outcome) -> None:
    """Keep what the engine said about this version of the wish."""
    match outcome:
        case Done():
            if service.proved(version):
                record(actor, Happened.SERVICE_READY, service)
        case RetryIn(_seconds, reason):
            service.waits(version, reason)
        case NeedsCustomer(reason, remedy):
            if service.failed(version, reason, remedy):
                record(actor, Happened.SERVICE_NEEDS_CUSTOMER, service, reason=reason)
        case _:
            assert_never(outcome)
