"""Reads of what is due: the to-pay list, and the cockpit of everything that renews (BIL-11, BIL-12, BIL-88)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kanton.billing.models import Invoice, Payment, PaymentState
from kanton.billing.renewals.charges import Charges
from kanton.billing.renewals.leaving import notes_on, staying
from kanton.billing.renewals.models import Origin, PeriodChange, Renewal, RenewalState, Suspension
from kanton.billing.renewals.periods import PeriodPage, period_page
from kanton.billing.renewals.plan import MONTHS_SHOWN, Choice, first_try_on
from kanton.billing.terms import advance
from kanton.catalog.models import period_name
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.organizations.rights import ACCOUNTING
from kanton.products.contract import product_called
from kanton.products.models import Service, Wanted
from kanton.ui import formats


@dataclass(frozen=True, slots=True)
class PricedChoice:
    """One entry of a line's drop-down: how far, and what it costs without VAT."""

    choice: Choice
    net: Money

    @property
    def label(self) -> str:
        """How long, in words."""
        return _in_words(self.choice.total_months)


def _in_words(months: int) -> str:
    name = period_name(months)
    return name if name[:1].isdigit() else f"1 {name}"


@dataclass(frozen=True, slots=True)
class Row:
    """A service between two terms: what is due when, how it renews, and what happens next."""

    service: Service
    product: str
    title: str
    may_use: bool
    choices: tuple[PricedChoice, ...]
    chosen: PricedChoice | None
    open: Renewal | None
    paying: Payment | None
    planned: PeriodChange | None
    next_on: date | None
    next_step: str
    note: str = ""

    @property
    def pk(self) -> int:
        """The number of the service."""
        return self.service.pk

    @property
    def name(self) -> str:
        """What it is called."""
        return self.service.name

    @property
    def url(self) -> str:
        """Its page, for those who may use it (BIL-12)."""
        return product_called(self.service.product).service_url(self.service) if self.may_use else ""

    @property
    def ends_on(self) -> date | None:
        """The day on which the term ends."""
        return self.service.ends_on

    @property
    def net(self) -> Money | None:
        """What the next term costs without VAT, for the period chosen now."""
        return self.chosen.net if self.chosen else None

    @property
    def renews_automatically(self) -> bool:
        """Whether automatic renewal is on."""
        return self.service.renews_automatically

    @property
    def is_guaranteed(self) -> bool:
        """Whether the renewal guarantee is on."""
        return self.service.is_guaranteed

    @property
    def guarantee_reason(self) -> str:
        """What the guarantee protects from, in the words of the product (BIL-110)."""
        with suppress(KeyError):
            return str(product_called(self.service.product).guarantee_reason)
        return ""

    @property
    def is_suspended(self) -> bool:
        """Whether it stands still."""
        return self.service.wanted == Wanted.SUSPENDED

    @property
    def can_be_chosen(self) -> bool:
        """Not while a payment for it is in progress (BIL-98), nor without a price."""
        return self.paying is None and bool(self.choices)


def to_pay(actor: Actor, organization: Organization, *, everything: bool = False) -> QuerySet[Service]:
    """What falls due in the next two months, or everything; what is late comes first (BIL-88).

    Services, not yet priced: `rows_of` prices those that are shown.
    """
    require(actor, ACCOUNTING, organization)
    found = _renewable(organization)
    if not everything:
        today = clock.today()
        found = found.filter(ends_on__lte=advance(today, MONTHS_SHOWN, today.day))
    return found


def renewals_of(actor: Actor, organization: Organization) -> QuerySet[Service]:
    """Every service that renews, for the cockpit; `rows_of` tells how it does and what will happen next."""
    require(actor, ACCOUNTING, organization)
    return _renewable(organization)


def renewal_of(actor: Actor, organization: Organization, number: int) -> Row:
    """One service between its terms, or NotFound."""
    require(actor, ACCOUNTING, organization)
    return rows_of(actor, [get_or_not_found(_renewable(organization), pk=number)])[0]


def periods_of(actor: Actor, organization: Organization, number: int) -> PeriodPage:
    """The billing periods that a service may change to, and when a change takes effect (BIL-101…104)."""
    require(actor, ACCOUNTING, organization)
    return period_page(get_or_not_found(_renewable(organization), pk=number))


def renewal_invoices_to_withdraw(actor: Actor, organization: Organization) -> QuerySet[Invoice]:
    """Pro-forma invoices for renewals that nobody has paid and whose term was not granted."""
    require(actor, ACCOUNTING, organization)
    return Invoice.objects.filter(
        organization=organization, status="open", renewals__state=RenewalState.OPEN, renewals__granted_at=None
    ).distinct()


def _renewable(organization: Organization) -> QuerySet[Service]:
    found = Service.objects.filter(organization=organization, ends_on__isnull=False).exclude(
        wanted=Wanted.ENDED
    )
    return staying(found).select_related("organization").order_by("ends_on", "product", "name", "pk")


def rows_of(actor: Actor, services: Iterable[Service]) -> list[Row]:
    """These services with prices, payments and what happens next: the same few queries for one as for a page."""
    services = list(services)
    charges = Charges.of(services)
    keys = [service.pk for service in services]
    waiting = (
        Renewal.objects.filter(service__among=keys, state=RenewalState.OPEN, granted_at=None)
        .select_related("invoice__organization")
        .order_by("pk")
    )
    open_ = {each.service_id: each for each in waiting}
    running = Payment.objects.filter(
        invoice__among=[each.invoice_id for each in open_.values()],
        state=PaymentState.PENDING,
        expires_at__gt=clock.now(),
    ).select_related("organization")
    paying = {each.invoice_id: each for each in running}
    stopped = dict(
        Suspension.objects.filter(service__among=keys, ended_at=None).values_list("service_id", "since")
    )
    unpaid = Renewal.objects.filter(service__among=keys, origin=Origin.GUARANTEE, state=RenewalState.OPEN)
    used_up = set(unpaid.values_list("service_id", flat=True))
    notes = notes_on(services)
    rows = []
    for service in services:
        choices = []
        for choice in charges.choices(service):
            cost = charges.cost(service, choice)
            if cost is not None:
                choices.append(PricedChoice(choice, cost.net))
        present = Choice(charges.period_of(service))
        chosen = next((each for each in choices if each.choice == present), choices[0] if choices else None)
        waits = open_.get(service.pk)
        pays = paying.get(waits.invoice_id) if waits else None
        step = _next_step(
            service, charges, chosen, waits, pays,
            is_stopped=service.pk in stopped, is_used_up=service.pk in used_up,
        )  # fmt: skip
        name, may_use = _product(actor, service)
        rows.append(
            Row(
                service,
                name,
                charges.title(service),
                may_use,
                tuple(choices),
                chosen,
                waits,
                pays,
                charges.changes.get(service.pk),
                *step,
                notes.get(service.pk, ""),
            )
        )
    return rows


def _product(actor: Actor, service: Service) -> tuple[str, bool]:
    """The product's name, and whether this person may use it."""
    with suppress(KeyError):
        product = product_called(service.product)
        return str(product.name), actor.has_right(product.use_right, service)
    return service.product, False


def _next_step(
    service: Service,
    charges: Charges,
    chosen: PricedChoice | None,
    waits: Renewal | None,
    paying: Payment | None,
    *,
    is_stopped: bool,
    is_used_up: bool,
) -> tuple[date | None, str]:
    """What will happen next, and when."""
    today, end = clock.today(), service.ends_on
    assert end is not None
    if paying is not None:
        return today, _("A payment is in progress.")
    if is_stopped:
        return None, _("Suspended since its term ended unpaid. It runs again as soon as it is renewed.")
    if service.wanted == Wanted.SUSPENDED:
        return None, _("Suspended.")
    if waits is not None and waits.next_try_on is not None:
        return waits.next_try_on, _("The last attempt to pay failed. We try again.")
    first = max(first_try_on(end), today)
    if service.renews_automatically and (waits is None or waits.tries == 0):
        unit = charges.automatic(service)
        cost = charges.cost(service, Choice(charges.period_of(service)), unit=unit) if unit else None
        if cost is not None:
            return first, _("Renews automatically for %(price)s.") % {"price": formats.money(cost.net)}
        return end, _("Cannot renew automatically: there is no price for its period. Choose another one.")
    if service.is_guaranteed and not is_used_up:
        shortest = charges.shortest(service)
        return end, _("If it is not paid by then, the guarantee renews it for %(period)s.") % {
            "period": _in_words(shortest.total_months) if shortest else "-"
        }
    if waits is not None:
        return end + timedelta(days=1), _("Is suspended unless %(invoice)s is paid before.") % {
            "invoice": waits.invoice.label
        }
    return end + timedelta(days=1), _("Is suspended unless you renew it before.")
