"""What services cost to renew now: catalogue, last price, notices and fee, loaded for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from kanton.billing.models import OrderLine
from kanton.billing.quotes import guarantee_fee, vat_table
from kanton.billing.renewals.models import PeriodChange, PriceNotice, Renewal
from kanton.billing.renewals.plan import Choice, Cost, cost_of, in_advance, price_to_charge
from kanton.billing.vat import Tax
from kanton.catalog.models import Plan, Price
from kanton.core import clock
from kanton.core.bulk import Many
from kanton.core.money import Money
from kanton.organizations.models import Organization
from kanton.products.models import Service


@dataclass(slots=True)
class Charges:
    """Everything needed to price the renewal of these services: a handful of queries for any number of them."""

    on: date
    plans: dict[str, Plan]
    prices: dict[tuple[str, str], dict[int, Money]]
    changes: dict[int, PeriodChange]
    last: dict[int, tuple[int, Money]]
    notices: dict[tuple[int, int, str, int], date]
    taxes: dict[int, Tax]
    fees: dict[str, Money]

    @classmethod
    def of(cls, services: Sequence[Service], *, on: date | None = None, with_history: bool = True) -> Charges:
        """Load for services whose organization is loaded. `with_history` also knows what the last terms cost."""
        day = on or clock.today()
        plans = {plan.code: plan for plan in Plan.objects.filter(code__in={each.plan for each in services})}
        prices: dict[tuple[str, str], dict[int, Money]] = {}
        found = Price.objects.filter(plan__in=plans.values()).valid_on(day).order_by("valid_from")
        for code, currency, months, minor in found.values_list("plan__code", "currency", "months", "minor"):
            prices.setdefault((code, currency), {})[months] = Money(minor, currency)
        keys = Many(each.pk for each in services)
        changes = PeriodChange.objects.filter(service__among=keys, ended_at=None)
        notices = (
            PriceNotice.objects.filter(service__among=keys) if with_history else PriceNotice.objects.none()
        )
        organizations = {each.organization_id: each.organization for each in services}
        return cls(
            on=day,
            plans=plans,
            prices=prices,
            changes={change.service_id: change for change in changes},
            last=last_prices(services, keys) if with_history else {},
            notices={(n.service_id, n.months, n.currency, n.minor): n.sent_on for n in notices},
            taxes=_taxes(organizations.values(), day),
            fees={},
        )

    def period_of(self, service: Service) -> int:
        """The billing period of the next term: a planned change counts."""
        change = self.changes.get(service.pk)
        return change.months if change else service.period_months

    def listed(self, service: Service) -> dict[int, Money]:
        """The prices of the day by months, in the currency of the organization."""
        return self.prices.get((service.plan, service.organization.currency), {})

    def choices(self, service: Service) -> list[Choice]:
        """What the line may be renewed for (BIL-90)."""
        return in_advance(self.period_of(service), frozenset(self.listed(service)))

    def shortest(self, service: Service) -> Choice | None:
        """The shortest period that has a price (BIL-111)."""
        listed = self.listed(service)
        return Choice(min(listed)) if listed else None

    def automatic(self, service: Service) -> Money | None:
        """The unit price of an automatic renewal today, or None where nothing tells it (BIL-99)."""
        months = self.period_of(service)
        last_months, last = self.last.get(service.pk, (0, None))
        last = last if last_months == months else None
        listed = self.listed(service).get(months)
        if listed is None:
            return last if last is not None and last.currency == service.organization.currency else None
        told = self.notices.get((service.pk, months, listed.currency, listed.minor))
        return price_to_charge(listed, last, told, self.on)

    def cost(self, service: Service, choice: Choice, *, unit: Money | None = None) -> Cost | None:
        """What the renewal costs with the guarantee's fee; None without a price."""
        unit = unit or self.listed(service).get(choice.months)
        if unit is None:
            return None
        return cost_of(
            unit,
            choice,
            quantity=quantity_of(service),
            fee=self.fee(unit.currency) if service.is_guaranteed else None,
            tax=self.tax(service),
        )

    def fee(self, currency: str) -> Money:
        """The guarantee's fee for one month."""
        if currency not in self.fees:
            self.fees[currency] = guarantee_fee(currency)
        return self.fees[currency]

    def tax(self, service: Service) -> Tax:
        """The VAT of its organization today."""
        return self.taxes[service.organization_id]

    def title(self, service: Service) -> str:
        """The plan's name in the language active now."""
        plan = self.plans.get(service.plan)
        return plan.name if plan else service.plan


def quantity_of(service: Service) -> int:
    """How many units the service has."""
    quantity = service.options.get("quantity", 1)
    return quantity if isinstance(quantity, int) and quantity > 0 else 1


def last_prices(services: Sequence[Service], keys: Many) -> dict[int, tuple[int, Money]]:
    """Period and price of one unit in the running term: of the last renewal that was paid, else of the order."""
    found: dict[int, tuple[int, Money]] = {}
    renewals = Renewal.objects.filter(service__among=keys, state="paid")
    for pk, months, minor, currency in renewals.order_by("starts_on").values_list(
        "service_id", "period_months", "unit_minor", "currency"
    ):
        found[pk] = months, Money(minor, currency)
    orders = {
        int(each.order_line.removeprefix("order-line:")): each.pk
        for each in services
        if each.pk not in found and each.order_line.removeprefix("order-line:").isdigit()
    }
    lines = OrderLine.objects.filter(pk__among=orders)
    for pk, months, minor, currency in lines.values_list("pk", "months", "unit_minor", "order__currency"):
        found[orders[pk]] = months, Money(minor, currency)
    return found


def _taxes(organizations: Iterable[Organization], on: date) -> dict[int, Tax]:
    table = vat_table()
    known: dict[tuple[str, str], Tax] = {}
    found = {}
    for each in organizations:
        key = (each.country, each.vat_number)
        if key not in known:
            known[key] = table.tax_for(each.country, on, vat_number=each.vat_number)
        found[each.pk] = known[key]
    return found
