"""The API of the catalogue: what is for sale and for how much. Open to everybody, as the shop is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.catalog.models import Plan
from kanton.catalog.queries import plan_on_sale, plans_on_sale, prices_of, shelves
from kanton.core.api import ApiRequest, Lists, MoneyOut, Query, Router, Rows, money_out
from kanton.core.errors import NotFound
from kanton.core.parity import exposes
from kanton.products.contract import OrderField

router = Router("Catalogue")

Currency = Literal["CHF", "EUR"]


class PriceOut(TypedDict):
    """What one unit costs for one billing period, without VAT."""

    months: int
    price: MoneyOut


class FieldOut(TypedDict):
    """What has to be said to order it: an entry of the item's `options`."""

    name: str
    label: str
    help_text: str
    placeholder: str


class PlanOut(TypedDict):
    """An offer. `unit` and `units` say what the quantity counts, one and many; empty where there is always one."""

    code: str
    product: str
    group: str
    name: str
    summary: str
    features: list[str]
    unit: str
    units: str
    min_quantity: int
    max_quantity: int
    is_guarantee_offered: bool
    fields: list[FieldOut]
    prices: list[PriceOut]


class GroupOut(TypedDict):
    """One group of the shop with its offers."""

    group: str
    name: str
    plans: list[PlanOut]


class CurrencyQuery(Query):
    """The currency of the prices. An organization pays in the one of its postal address."""

    currency: Currency = "CHF"


class PlansQuery(CurrencyQuery):
    """Which offers."""

    product: Annotated[str, Field(max_length=40)] = ""


def order_fields(plan: Plan) -> Sequence[OrderField]:
    """What has to be said to order it; a name where the product says nothing."""
    product = plan.sells
    return (product.order_fields if product else ()) or (OrderField("name", "Name"),)


def plan_out(plan: Plan) -> PlanOut:
    """An offer with the prices that were loaded with it."""
    return {
        "code": plan.code,
        "product": plan.product,
        "group": plan.group,
        "name": plan.name,
        "summary": plan.summary,
        "features": plan.feature_list,
        "unit": plan.unit,
        "units": plan.units_label,
        "min_quantity": plan.min_quantity,
        "max_quantity": plan.max_quantity,
        "is_guarantee_offered": plan.may_be_guaranteed,
        "fields": [
            {
                "name": each.name,
                "label": str(each.label),
                "help_text": str(each.help_text),
                "placeholder": each.placeholder,
            }
            for each in order_fields(plan)
        ],
        "prices": [{"months": price.months, "price": money_out(price.amount)} for price in prices_of(plan)],
    }


@router.get("/1/catalog/groups", public=True)
@exposes(shelves)
def list_groups(request: ApiRequest, query: CurrencyQuery) -> list[GroupOut]:
    """Read the whole shop: the groups in their order, with their offers and today's prices without VAT."""
    return [
        {"group": shelf.group.value, "name": shelf.label, "plans": [plan_out(plan) for plan in shelf.plans]}
        for shelf in shelves(query.currency)
    ]


@router.get(
    "/1/catalog/plans",
    public=True,
    lists=Lists(
        order={"code": "code", "name": "name", "product": "product"}, search=("code", "name", "summary")
    ),
)
@exposes(plans_on_sale)
def list_plans(request: ApiRequest, query: PlansQuery) -> Rows[PlanOut]:
    """List the offers with today's prices without VAT, in the order of the shop."""
    plans = plans_on_sale(query.currency, product=query.product)
    return Rows([plan for plan in plans if plan.sells and prices_of(plan)], plan_out)


@router.get("/1/catalog/plans/{plan}", public=True)
@exposes(plan_on_sale)
def read_plan(request: ApiRequest, plan: str, query: CurrencyQuery) -> PlanOut:
    """Read one offer."""
    found = plan_on_sale(plan, query.currency)
    if found.sells is None or not prices_of(found):
        raise NotFound(model="plan")
    return plan_out(found)
