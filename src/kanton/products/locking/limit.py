"""While a product is locked, what was granted manages nothing of it; asked by the resolver (ORG-81)."""

from __future__ import annotations

from kanton.core.rights import Owned, Right
from kanton.organizations.resolver import Held
from kanton.products.contract import product_called
from kanton.products.locking.queries import reason_of
from kanton.products.models import Service


def while_locked(held: Held, right: Right, target: Owned) -> str | None:
    """Why this right is closed for now."""
    service = _locks(held).get(getattr(target, "service_id", None) or 0)
    return reason_of(service) if service is not None and concerns(held, right) else None


def concerns(held: Held, right: Right) -> bool:
    """Whether a lock could close this right: one that manages, where something is locked."""
    if not right.product:
        return False
    try:
        product = product_called(right.product)
    except KeyError:  # its room was taken out; the grant is still there
        return False
    return product.is_lockable and product.is_managing(right) and bool(_locks(held))


def _locks(held: Held) -> dict[int, Service]:
    """All locks of the organization, read once a request, and by those with limited rights only."""
    if "locks" not in held.remembered:
        locked = Service.objects.filter(organization=held.organization_id, locked_at__isnull=False)
        held.remembered["locks"] = {service.pk: service for service in locked.select_related("locked_by")}
    found: dict[int, Service] = held.remembered["locks"]
    return found
