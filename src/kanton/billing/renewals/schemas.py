"""What the API of renewals takes and gives."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.core.api import Body, Id, MoneyOut, Query

Day = Annotated[str, Field(description="A day in the provider’s time zone, such as 2026-12-31.")]
Months = Annotated[int, Field(ge=1, le=120)]


class DueQuery(Query):
    """Which lines: what falls due in the next two months, or everything."""

    due: Literal["soon", "all"] = "soon"


class ChoiceOut(TypedDict):
    """One duration a line may be renewed for."""

    months: int
    periods: int
    net: MoneyOut


class RenewalOut(TypedDict):
    """A product between two terms."""

    product_id: int
    name: str
    product: str
    plan: str
    ends_on: Day | None
    period_months: int
    renews_automatically: bool
    is_guaranteed: bool
    is_suspended: bool
    choices: list[ChoiceOut]
    net: MoneyOut | None
    invoice_id: int | None
    payment_id: str | None
    planned_months: int | None
    next_on: Day | None
    next_step: str


class RenewLineIn(Body):
    """A product to renew: `periods` times `months`."""

    product_id: Id
    months: Months
    periods: Annotated[int, Field(ge=1, le=12)] = 1


class RenewIn(Body):
    """What to put on one pro-forma invoice."""

    lines: Annotated[list[RenewLineIn], Field(min_length=1, max_length=1000)]


class SwitchIn(Body):
    """Which products to switch, and how."""

    product_ids: Annotated[list[Id], Field(min_length=1, max_length=10_000)]
    is_on: bool


class PeriodIn(Body):
    """The billing period wanted."""

    months: Months


class PeriodPriceOut(TypedDict):
    """A billing period with its price for one unit."""

    months: int
    price: MoneyOut


class PeriodsOut(TypedDict):
    """The billing periods of a product, and when a change takes effect."""

    product_id: int
    period_months: int
    planned_months: int | None
    is_at_once: bool
    at_once_from: Day
    takes_effect_on: Day
    billed_again: MoneyOut | None
    periods: list[PeriodPriceOut]
