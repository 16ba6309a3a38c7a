"""The API of cancellations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.billing.api import INVOICING
from kanton.billing.cancellation import queries
from kanton.billing.cancellation.actions import (
    confirm_cancellation,
    request_cancellation,
    withdraw_cancellation,
)
from kanton.billing.cancellation.errors import (
    AlreadyRequested,
    LinkLapsed,
    NotCancellable,
    NothingToWithdraw,
)
from kanton.billing.cancellation.queries import CancelPage
from kanton.billing.renewals.errors import RenewalInPayment
from kanton.billing.renewals.schemas import Day
from kanton.core import clock
from kanton.core.api import ANY, ApiRequest, Body, Router, Timestamp
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id

router = Router("Renewals")
ONE = INVOICING + "/cancellation/{product}"


class CancelIn(Body):
    """When the product is to end: at once (when confirmed), or at the end of its paid term."""

    at_end: bool = False


class ConfirmIn(Body):
    """The secret at the end of the link in the mail."""

    token: Annotated[str, Field(min_length=1, max_length=100)]


class CancellationOut(TypedDict):
    """Where the cancellation of a product stands, and what it would delete for good."""

    product_id: int
    is_requested: bool
    is_confirmed: bool
    confirm_until: Timestamp | None
    takes_effect_on: Day | None
    irreversible: list[str]
    obstacle: str | None


def _out(page: CancelPage) -> CancellationOut:
    found = page.open
    return {
        "product_id": page.service.pk,
        "is_requested": found is not None,
        "is_confirmed": bool(found and found.confirmed_at),
        "confirm_until": clock.timestamp(found.expires_at) if found and not found.confirmed_at else None,
        "takes_effect_on": found.takes_effect_on.isoformat() if found and found.takes_effect_on else None,
        "irreversible": [str(lost) for lost in page.lost],
        "obstacle": page.obstacle or None,
    }


def _page(request: ApiRequest, account: int, product: int) -> CancelPage:
    return queries.cancel_page(request.actor, organization_by_id(request.actor, account), product)


@router.get(ONE, scopes=ANY)
@exposes(queries.cancel_page)
def read_cancellation(request: ApiRequest, account: int, product: int) -> CancellationOut:
    """Read where the cancellation of a product stands, and what it would delete for good."""
    return _out(_page(request, account, product))


@router.post(ONE, scopes=ANY, status=201, errors=(AlreadyRequested, NotCancellable), example={"at_end": True})
@exposes(request_cancellation)
def create_cancellation(request: ApiRequest, account: int, product: int, data: CancelIn) -> CancellationOut:
    """Ask to cancel a product. Nothing ends before the link in the mail is used, within 72 hours."""
    request_cancellation(request.actor, _page(request, account, product).service, at_end=data.at_end)
    return _out(_page(request, account, product))


@router.delete(ONE, scopes=ANY, errors=(NothingToWithdraw,))
@exposes(withdraw_cancellation)
def remove_cancellation(request: ApiRequest, account: int, product: int) -> CancellationOut:
    """Withdraw a cancellation that has not taken effect."""
    page = _page(request, account, product)
    if page.open is None:
        raise NothingToWithdraw
    withdraw_cancellation(request.actor, page.open)
    return _out(_page(request, account, product))


@router.post(
    INVOICING + "/cancellation",
    scopes=ANY,
    errors=(LinkLapsed, RenewalInPayment),
    example={"token": "the secret"},
)
@exposes(confirm_cancellation, queries.cancellation_by_link)
def create_confirmation(request: ApiRequest, account: int, data: ConfirmIn) -> bool:
    """Confirm a cancellation with the secret of the link. What is listed as irreversible is deleted for good."""
    found = queries.cancellation_by_link(
        request.actor, organization_by_id(request.actor, account), data.token
    )
    confirm_cancellation(request.actor, found, token=data.token)
    return True
