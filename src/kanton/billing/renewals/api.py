"""The API of renewals: what is due, renewing it, and how it renews."""

from __future__ import annotations

from collections.abc import Iterable

from kanton.billing.api import INVOICING, PAY, READ, invoice_out
from kanton.billing.errors import AddressMissing
from kanton.billing.queries import invoice_of
from kanton.billing.renewals import queries
from kanton.billing.renewals.actions import (
    change_period,
    renew_services,
    switch_automatic,
    switch_guarantee,
    withdraw_period_change,
    withdraw_renewal,
)
from kanton.billing.renewals.errors import (
    GuaranteeNotOffered,
    NoPeriodChange,
    NotRenewable,
    NotWithdrawable,
    PeriodNotOffered,
    RenewalInPayment,
)
from kanton.billing.renewals.plan import Choice
from kanton.billing.renewals.queries import Row
from kanton.billing.renewals.schemas import (
    DueQuery,
    PeriodIn,
    PeriodsOut,
    RenewalOut,
    RenewIn,
    SwitchIn,
)
from kanton.billing.schemas import InvoiceOut
from kanton.core.api import ApiRequest, Lists, Router, Rows, money_out
from kanton.core.parity import exposes
from kanton.organizations.models import Organization
from kanton.organizations.queries import organization_by_id
from kanton.products.models import Service

router = Router("Renewals")
RENEWAL = INVOICING + "/renewal"
ONE = RENEWAL + "/product/{product}"
LISTS = Lists(order={"ends_on": "ends_on", "name": "name"}, default="ends_on", search=("name",))


def renewal_out(row: Row) -> RenewalOut:
    """A product between two terms."""
    return {
        "product_id": row.pk,
        "name": row.name,
        "product": row.service.product,
        "plan": row.service.plan,
        "ends_on": row.ends_on.isoformat() if row.ends_on else None,
        "period_months": row.service.period_months,
        "renews_automatically": row.renews_automatically,
        "is_guaranteed": row.is_guaranteed,
        "is_suspended": row.is_suspended,
        "choices": [
            {"months": each.choice.months, "periods": each.choice.periods, "net": money_out(each.net)}
            for each in row.choices
        ],
        "net": money_out(row.net) if row.net else None,
        "invoice_id": row.open.invoice_id if row.open else None,
        "payment_id": row.paying.key if row.paying else None,
        "planned_months": row.planned.months if row.planned else None,
        "next_on": row.next_on.isoformat() if row.next_on else None,
        "next_step": row.next_step,
    }


def _mine(request: ApiRequest, account: int) -> Organization:
    return organization_by_id(request.actor, account)


def _one(request: ApiRequest, account: int, product: int) -> RenewalOut:
    return renewal_out(queries.renewal_of(request.actor, _mine(request, account), product))


@router.get(RENEWAL + "/list", scopes=READ, lists=LISTS)
@exposes(queries.to_pay, queries.renewals_of)
def list_renewals(request: ApiRequest, account: int, query: DueQuery) -> Rows[RenewalOut]:
    """List what falls due in the next two months, or with `due=all` everything that renews.

    Each line tells how it renews and what will happen next.
    """
    organization = _mine(request, account)
    found = (queries.renewals_of if query.due == "all" else queries.to_pay)(request.actor, organization)
    return Rows(found, many=lambda services: _priced(request, services))


@router.get(ONE, scopes=READ)
@exposes(queries.renewal_of)
def read_renewal(request: ApiRequest, account: int, product: int) -> RenewalOut:
    """Read how one product renews and what will happen next."""
    return _one(request, account, product)


@router.post(
    RENEWAL,
    scopes=PAY,
    status=201,
    errors=(AddressMissing, NotRenewable, RenewalInPayment, PeriodNotOffered),
    example={"lines": [{"product_id": 1, "months": 12}]},
)
@exposes(renew_services)
def create_renewal(request: ApiRequest, account: int, data: RenewIn) -> InvoiceOut:
    """Put the next terms of products on one pro-forma invoice. Nothing changes before it is paid: pay it next."""
    lines = {line.product_id: Choice(line.months, line.periods) for line in data.lines}
    return invoice_out(renew_services(request.actor, _mine(request, account), lines=lines))


@router.delete(RENEWAL + "/{invoice}", scopes=PAY, errors=(NotWithdrawable, RenewalInPayment))
@exposes(withdraw_renewal)
def remove_renewal(request: ApiRequest, account: int, invoice: int) -> InvoiceOut:
    """Withdraw a pro-forma invoice for renewals that is not paid: its lines are free to be chosen anew."""
    found = invoice_of(request.actor, _mine(request, account), invoice)
    return invoice_out(withdraw_renewal(request.actor, found))


@router.put(
    RENEWAL + "/automatic",
    scopes=PAY,
    errors=(NotRenewable,),
    example={"product_ids": [1], "is_on": True},
)
@exposes(switch_automatic)
def put_automatic(request: ApiRequest, account: int, data: SwitchIn) -> list[RenewalOut]:
    """Switch automatic renewal on or off for products; takes effect at once."""
    organization = _mine(request, account)
    switch_automatic(request.actor, organization, services=data.product_ids, is_on=data.is_on)
    return _chosen(request, organization, data.product_ids)


@router.put(
    RENEWAL + "/guarantee",
    scopes=PAY,
    errors=(NotRenewable, GuaranteeNotOffered),
    example={"product_ids": [1], "is_on": True},
)
@exposes(switch_guarantee)
def put_guarantee(request: ApiRequest, account: int, data: SwitchIn) -> list[RenewalOut]:
    """Switch the renewal guarantee on or off for products. Its fee comes with each renewal from the next one on."""
    organization = _mine(request, account)
    switch_guarantee(request.actor, organization, services=data.product_ids, is_on=data.is_on)
    return _chosen(request, organization, data.product_ids)


def _chosen(request: ApiRequest, organization: Organization, numbers: list[int]) -> list[RenewalOut]:
    return _priced(request, queries.renewals_of(request.actor, organization).filter(pk__among=numbers))


def _priced(request: ApiRequest, services: Iterable[Service]) -> list[RenewalOut]:
    return [renewal_out(row) for row in queries.rows_of(request.actor, services)]


@router.get(ONE + "/period", scopes=READ)
@exposes(queries.periods_of)
def read_periods(request: ApiRequest, account: int, product: int) -> PeriodsOut:
    """Read the billing periods a product may change to, when that takes effect, and what it would bill again."""
    page = queries.periods_of(request.actor, _mine(request, account), product)
    return {
        "product_id": product,
        "period_months": page.present,
        "planned_months": page.planned.months if page.planned else None,
        "is_at_once": page.is_at_once,
        "at_once_from": page.at_once_from.isoformat(),
        "takes_effect_on": page.takes_effect_on.isoformat(),
        "billed_again": money_out(page.again) if page.again else None,
        "periods": [{"months": months, "price": money_out(price)} for months, price in page.periods.items()],
    }


@router.put(
    ONE + "/period",
    scopes=PAY,
    errors=(PeriodNotOffered, RenewalInPayment, NotRenewable),
    example={"months": 12},
)
@exposes(change_period)
def put_period(request: ApiRequest, account: int, product: int, data: PeriodIn) -> RenewalOut:
    """Change the billing period: at once in the last month of the term, else at its end. Nothing is charged now."""
    row = queries.renewal_of(request.actor, _mine(request, account), product)
    change_period(request.actor, row.service, months=data.months)
    return _one(request, account, product)


@router.delete(ONE + "/period", scopes=PAY, errors=(NoPeriodChange, RenewalInPayment))
@exposes(withdraw_period_change)
def remove_period_change(request: ApiRequest, account: int, product: int) -> RenewalOut:
    """Withdraw a planned change of the billing period."""
    row = queries.renewal_of(request.actor, _mine(request, account), product)
    withdraw_period_change(request.actor, row.service)
    return _one(request, account, product)
