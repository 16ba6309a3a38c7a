"""What a cart or an order costs today, before anything is written: catalogue prices, VAT, totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from kanton.billing import promoting
from kanton.billing.errors import WrongEnding
from kanton.billing.models import Cart, CartLine
from kanton.billing.pricing import Discount, PricedLine, Totals, price_line, totals
from kanton.billing.vat import TABLES, Tax, Treatment, VatTable
from kanton.catalog.errors import NoPrice, NotForSale
from kanton.catalog.models import Plan, period_name
from kanton.catalog.queries import check_quantity, prices_in_force
from kanton.config import config
from kanton.core import clock
from kanton.core.errors import DomainError
from kanton.core.money import Money
from kanton.organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Item:
    """One thing somebody wants to order. `options` are the customer's answers to what the product asks."""

    plan: Plan
    months: int
    quantity: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    is_guaranteed: bool = False
    cart_line: CartLine | None = None


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """An item with its name and price, or with the reason why it cannot be ordered now."""

    item: Item
    name: str
    options: Mapping[str, Any]
    price: PricedLine | None
    problem: str = ""

    @property
    def title(self) -> str:
        """The plan's name."""
        return self.item.plan.name

    @property
    def period(self) -> str:
        """The billing period in words, as it follows "per"."""
        return period_name(self.item.months)


@dataclass(frozen=True, slots=True)
class Quote:
    """What everything costs on one day. `totals` covers the lines that can be ordered."""

    currency: str
    lines: Sequence[QuotedLine]
    totals: Totals
    knows_vat: bool

    @property
    def is_orderable(self) -> bool:
        """Something is there and nothing stands in the way."""
        return bool(self.lines) and not any(line.problem for line in self.lines)


def guarantee_fee(currency: str) -> Money:
    """What the renewal guarantee costs a month, without VAT."""
    return Money.of(Decimal(str(config.billing.guarantee_fee)).quantize(Decimal("0.01")), currency)


def vat_table() -> VatTable:
    """The operator's VAT rules."""
    return TABLES[-1]() if TABLES else VatTable(home=config.operator.country)


def tax_for(organization: Organization | None, on: date) -> Tax:
    """The VAT of an organization's invoices on this day. For a visitor nothing is known yet: none is shown."""
    if organization is None:
        return Tax("", vat_table().tax_for("XX", on).rate, Treatment.OUTSIDE)
    return vat_table().tax_for(organization.country, on, vat_number=organization.vat_number)


def quote(
    items: Iterable[Item], currency: str, organization: Organization | None, *, on: date | None = None
) -> Quote:
    """Price the items at today's catalogue. One query for all prices; a problem stays with its line."""
    day = on or clock.today()
    wanted = list(items)
    prices = prices_in_force(((item.plan.pk, item.months) for item in wanted), currency, on=day)
    tax = tax_for(organization, day)
    discounts = _discounts(wanted, currency, organization, day)
    lines = [
        _quoted(
            item,
            prices.get((item.plan.pk, item.months)),
            currency,
            organization,
            tax,
            discounts.get(item.cart_line.pk, ()) if item.cart_line else (),
        )
        for item in wanted
    ]
    return Quote(
        currency,
        lines,
        totals([(line.price.net, tax) for line in lines if line.price], currency),
        knows_vat=organization is not None,
    )


def _discounts(
    items: Sequence[Item], currency: str, organization: Organization | None, day: date
) -> Mapping[int, Sequence[Discount]]:
    """What codes and grants take off, by cart line. A visitor's cart has none yet."""
    lines = [item.cart_line for item in items if item.cart_line is not None]
    if organization is None or not lines:
        return {}
    found: dict[int, Sequence[Discount]] = {}
    for each in promoting.registered():
        found |= each.discounts_of(lines, currency, organization, day)
    return found


def _quoted(
    item: Item,
    price: Any,
    currency: str,
    organization: Organization | None,
    tax: Tax,
    discounts: Sequence[Discount],
) -> QuotedLine:
    try:
        name, options = checked_options(item, organization)
        if price is None:
            raise NoPrice(plan=item.plan.name, currency=currency)
        check_quantity(item.plan, item.quantity)
    except DomainError as error:
        shown = item.cart_line.name if item.cart_line else str(item.options.get("name", ""))
        return QuotedLine(item, shown, dict(item.options), None, error.sentence)
    return QuotedLine(
        item, name, options, price_line(price.amount, quantity=item.quantity, discounts=discounts, tax=tax)
    )


def checked_options(item: Item, organization: Organization | None) -> tuple[str, dict[str, Any]]:
    """The line's name and the options as the product wants them. Raises what the product objects to."""
    product = item.plan.sells
    if product is None or item.plan.withdrawn_at:
        raise NotForSale(plan=item.plan.name)
    # The limits win: what the plan fixes is not the customer's to say.
    asked = {**item.options, **item.plan.limits, "plan": item.plan.code, "quantity": item.quantity}
    options = product.check_order(organization, asked)
    name = product.order_name(options)
    ending = item.plan.limits.get("tld", "")
    if ending and not name.endswith(f".{ending}"):
        raise WrongEnding(ending=ending)
    return name, options


def cart_items(cart: Cart | None) -> list[Item]:
    """What is in the cart. One query."""
    if cart is None:
        return []
    return [
        Item(line.plan, line.months, line.quantity, line.options, line.is_guaranteed, line)
        for line in cart.lines.select_related("plan")
    ]
