"""Blocking the management of a product, and opening it again (ORG-80…83)."""

from __future__ import annotations

from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.organizations.telling import tell_everybody
from kanton.products.contract import product_called
from kanton.products.locking.activity import Happened
from kanton.products.locking.errors import NotLockable
from kanton.products.locking.rights import LOCK
from kanton.products.models import Service


@action(right=LOCK, may_be_silent=True)
def lock_service(actor: Actor, service: Service) -> Service:
    """Keep collaborators and external users from managing it; the service itself, its renewals and its payments go on.

    Everybody else in the organization is told. A second time it changes nothing.
    """
    product = product_called(service.product)
    if not product.is_lockable:
        raise NotLockable(product=service.name)
    if service.locked_at is None:
        service.locked_at, service.locked_by_id = clock.now(), actor.person_id
        service.save(update_fields=["locked_at", "locked_by"])
        record(actor, Happened.LOCKED, service)
        tell_everybody(actor, service.organization, "locking/locked", {"service": service.name})
    return service


@action(right=LOCK, may_be_silent=True)
def unlock_service(actor: Actor, service: Service) -> Service:
    """Let those with rights manage it again, and tell everybody else."""
    if service.locked_at is not None:
        service.locked_at = service.locked_by = None
        service.save(update_fields=["locked_at", "locked_by"])
        record(actor, Happened.UNLOCKED, service)
        tell_everybody(actor, service.organization, "locking/unlocked", {"service": service.name})
    return service
