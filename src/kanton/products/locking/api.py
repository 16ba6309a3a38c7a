"""Blocks of management by program."""

from __future__ import annotations

from typing_extensions import TypedDict

from kanton.core import clock
from kanton.core.api import ApiRequest, Router, Timestamp
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id
from kanton.products.locking.actions import lock_service, unlock_service
from kanton.products.locking.errors import NotLockable
from kanton.products.locking.queries import lockable
from kanton.products.models import Service

router = Router("Products")
SCOPES = ("accounts", "domain")
PATH = "/2/accounts/{account}/products/{product}/lock"


class LockOut(TypedDict):
    """Whether the management is blocked, since when and by whom."""

    is_locked: bool
    locked_at: Timestamp | None
    locked_by: str | None


def _out(service: Service) -> LockOut:
    return {
        "is_locked": service.locked_at is not None,
        "locked_at": clock.timestamp(service.locked_at) if service.locked_at else None,
        "locked_by": service.locked_by.display_name if service.locked_by else None,
    }


def _service(request: ApiRequest, account: int, product: int) -> Service:
    return lockable(request.actor, organization_by_id(request.actor, account), product)


@router.get(PATH, scopes=SCOPES)
@exposes(lockable)
def read_lock(request: ApiRequest, account: int, product: int) -> LockOut:
    """Tell whether the management of a product is blocked."""
    return _out(_service(request, account, product))


@router.put(PATH, scopes=SCOPES, errors=(NotLockable,))
@exposes(lock_service)
def lock(request: ApiRequest, account: int, product: int) -> LockOut:
    """Keep collaborators and external users from managing a product. What runs goes on."""
    return _out(lock_service(request.actor, _service(request, account, product)))


@router.delete(PATH, scopes=SCOPES)
@exposes(unlock_service)
def unlock(request: ApiRequest, account: int, product: int) -> LockOut:
    """Open the management of a product again."""
    return _out(unlock_service(request.actor, _service(request, account, product)))
