"""What the clock does between two terms, for thousands of services at once (BIL-96, BIL-99, BIL-105, BIL-111).

Each action takes a chunk of numbers and may run twice, late, or after a crash: it looks again at what is due, under
lock, and a constraint keeps every term from being billed twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from kanton.billing.models import Invoice, InvoiceStatus, PaymentProfile
from kanton.billing.papers.addresses import addresses_of_services, customer_at
from kanton.billing.payments.contract import can_charge
from kanton.billing.renewals import emails
from kanton.billing.renewals.actions.by_hand import _running, _withdraw
from kanton.billing.renewals.activity import Happened
from kanton.billing.renewals.bills import (
    Bill,
    Claim,
    Item,
    book_paid,
    extend,
    finish_open,
    mark_covered,
    write_bills,
)
from kanton.billing.renewals.charges import Charges
from kanton.billing.renewals.models import (
    Origin,
    PriceNotice,
    Renewal,
    RenewalState,
    Suspension,
)
from kanton.billing.renewals.plan import NOTICE_DAYS, TRIES, Choice, next_try_on, renewed
from kanton.billing.settling import PREPAID
from kanton.core import clock
from kanton.core.action import action, after_commit, after_commit_many, record_many
from kanton.core.activity import Recorded
from kanton.core.actor import Actor, System
from kanton.core.bulk import Many, expect_few, load
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.organizations.models import Organization
from kanton.products.actions import want_service
from kanton.products.models import Service, Wanted

#: A pro forma that the customer made and left gets these days before automatic renewal takes over.
DAYS_FOR_CUSTOMER = 5
DAYS_FOR_GUARANTEE = 30
NOT_ENOUGH = "not_enough"
REASONS = {
    NOT_ENOUGH: _("the prepaid account does not hold enough"),
    "insufficient_funds": _("the payment method has not enough cover"),
    "not_supported": _("the payment method cannot be charged without you"),
    "card_declined": _("the card was declined"),
    "expired_card": _("the card has expired"),
}


@internal("The clock renews; customers switch automatic renewal on.")
@action(right=SYSTEM, may_be_silent=True, is_whole=True)
def renew_due(actor: Actor, target: None, *, services: Sequence[int]) -> int:
    """The first attempt for services whose term ends soon: bill the next term and pay it. Returns how many were billed.

    What the prepaid account covers is paid here; a saved method is charged by a job of its own.
    """
    expect_few()
    today = clock.today()
    found = _due(services)
    _take_over(actor, found)
    taken = set(_live(found).values_list("service_id", flat=True))
    found = [service for service in found if service.pk not in taken]
    if not found:
        return 0
    charges = Charges.of(found)
    bills = []
    for service in found:
        choice, unit = Choice(charges.period_of(service)), charges.automatic(service)
        assert service.ends_on is not None
        if unit is None:
            continue
        cost = charges.cost(service, choice, unit=unit)
        assert cost is not None
        item = Item(service, choice, unit, cost, renewed(service.ends_on, service.anchor_day, choice))
        bills.append(
            Bill(
                service.organization,
                [item],
                charges.tax(service),
                Origin.AUTOMATIC,
                due_on=max(service.ends_on, today),
                next_try_on=today,
                holds_until=service.ends_on + timedelta(days=60),
            )
        )
    _address(bills)
    saved = _saved_methods(bill.organization.pk for bill in bills)
    mark_covered([bill for bill in bills if bill.organization.pk not in saved or not bill.total])
    write_bills(bills, charges)
    claims = [bill.claim() for bill in bills]
    book_paid(actor, claims)
    _follow(actor, claims, saved)
    return len(bills)


@internal("The clock tries again; customers pay the invoice.")
@action(right=SYSTEM, may_be_silent=True, is_whole=True)
def retry_renewals(actor: Actor, target: None, *, renewals: Sequence[int]) -> int:
    """Another attempt for renewals whose day has come. Returns how many the prepaid account paid."""
    expect_few()
    waiting = _waiting(renewals)
    claims = _claims(waiting)
    saved = _saved_methods(claim.organization.pk for claim in claims)
    mark_covered([claim for claim in claims if claim.organization.pk not in saved])
    finish_open(claims)
    book_paid(actor, claims)
    _resume([each.service for claim in claims if claim.is_paid for each in claim.grants])
    _follow(actor, claims, saved)
    return sum(claim.is_paid for claim in claims)


@internal("The clock and the payment provider report it.")
@action(right=SYSTEM, may_be_silent=True)
def fail_renewals(actor: Actor, target: None, *, renewals: Sequence[int], reason: str) -> int:
    """An attempt to pay these failed: plan the next one, tell the customer today, remember it (BIL-96)."""
    today = clock.today()
    failed = _waiting(renewals)
    for each in failed:
        each.tries += 1
        each.next_try_on = next_try_on(each.starts_on, today)
        each.reason = reason[:200]
    Renewal.objects.bulk_update(failed, ["tries", "next_try_on", "reason"], batch_size=200)
    record_many([Recorded(actor, Happened.RENEWAL_FAILED, each, {"reason": reason[:200]}) for each in failed])
    if failed:
        from kanton.billing.renewals.tasks import tell_failed

        after_commit(tell_failed, [each.pk for each in failed], today.isoformat())
    return len(failed)


@internal("The clock does it at the end of a term.")
@action(right=SYSTEM, may_be_silent=True)
def end_terms(actor: Actor, target: None, *, services: Sequence[int]) -> int:
    """Terms that end unpaid: the guarantee renews on the last day, else the service is suspended the day after.

    Nothing is deleted. The guarantee fires once per term, for the shortest period, and not again while its last
    invoice is unpaid (BIL-111). Returns how many services it was about.
    """
    expect_few()
    today = clock.today()
    found = [
        service
        for service in _locked_services(services)
        if service.wanted == Wanted.ACTIVE and service.ends_on is not None and service.ends_on <= today
    ]
    live = {each.service_id: each for each in _live(found).filter(state=RenewalState.OPEN)}
    paying = _running([each.invoice_id for each in live.values()])
    found = [
        service
        for service in found
        if not (each := live.get(service.pk))
        or (each.invoice_id not in paying and (each.next_try_on is None or each.next_try_on > today))
    ]
    unpaid = set(
        Renewal.objects.filter(
            service__in=found, origin=Origin.GUARANTEE, state=RenewalState.OPEN
        ).values_list("service_id", flat=True)
    )
    guaranteed = [service for service in found if service.is_guaranteed and service.pk not in unpaid]
    rescued = _guarantee(actor, guaranteed, live)
    stopped = [
        service
        for service in found
        if service.pk not in rescued and service.ends_on is not None and service.ends_on < today
    ]
    for service in stopped:
        Suspension.objects.create(service=service)
        want_service(actor, service, Wanted.SUSPENDED)
        emails.suspended(service)
    return len(rescued) + len(stopped)


@internal("The clock tells of new prices.")
@action(right=SYSTEM, may_be_silent=True)
def announce_prices(actor: Actor, target: None, *, services: Sequence[int]) -> int:
    """Tell customers of prices that their automatic renewals will have in 30 days. Each price once (BIL-99)."""
    found = [
        service
        for service in _locked_services(services)
        if service.renews_automatically and service.wanted == Wanted.ACTIVE
    ]
    charges = Charges.of(found, on=clock.today() + timedelta(days=NOTICE_DAYS))
    told = []
    for service in found:
        months = charges.period_of(service)
        last_months, last = charges.last.get(service.pk, (0, None))
        new = charges.listed(service).get(months)
        if (
            last is None
            or last_months != months
            or new is None
            or new.currency != last.currency
            or new == last
        ):
            continue
        if (service.pk, months, new.currency, new.minor) not in charges.notices:
            told.append((service, months, last, new))
    PriceNotice.objects.bulk_create(
        PriceNotice(service=service, months=months, minor=new.minor, currency=new.currency)
        for service, months, _last, new in told
    )
    record_many(
        [
            Recorded(actor, Happened.PRICE_ANNOUNCED, service, {"price": str(new), "before": str(last)})
            for service, _months, last, new in told
        ]
    )
    for service, months, last, new in told:
        emails.price_changes(service, months, last, new)
    return len(told)


# ── What they share


def hold_terms(invoice: Invoice) -> None:
    """Lock the open renewals on a bill and their services before its money, as the daily run does."""
    if invoice.order_id is not None or not invoice.is_open:
        return
    renewals = (
        Renewal.objects.select_for_update().filter(invoice=invoice, state=RenewalState.OPEN).order_by("pk")
    )
    services = set(renewals.values_list("service_id", flat=True))
    locked = Service.objects.select_for_update(no_key=True).filter(pk__in=services)
    list(locked.order_by("pk").values_list("pk"))


def grant_paid(actor: Actor, invoice: Invoice) -> None:
    """A bill was paid, by whatever way: grant the terms on it, once, and resume what stood still for it."""
    renewals = list(
        Renewal.objects.select_for_update(of=("self",)).filter(invoice=invoice, state=RenewalState.OPEN)
    )
    if not renewals:
        return
    services = {each.pk: each for each in _locked_services([each.service_id for each in renewals])}
    for each in renewals:
        each.service = services[each.service_id]
    due = [each for each in renewals if not each.granted_at and each.service.wanted != Wanted.ENDED]
    now = clock.now()
    Renewal.objects.filter(pk__in=[each.pk for each in renewals]).update(
        state=RenewalState.PAID, settled_at=now, next_try_on=None
    )
    Renewal.objects.filter(pk__in=[each.pk for each in due]).update(granted_at=now)
    if due:
        extend(actor, [Claim.of(invoice, due)])
        _resume([each.service for each in due])


def _locked_services(numbers: Iterable[int]) -> list[Service]:
    locked = Service.objects.select_for_update(no_key=True).filter(pk__among=Many(numbers)).order_by("pk")
    found = load(locked.defer("created_at", "wished_at", "proved_at", "locked_at", "maintenance_since"))
    owners = Organization.objects.filter(pk__among=Many({each.organization_id for each in found}))
    organizations = {each.pk: each for each in load(owners.defer("created_at"))}
    for each in found:
        each.organization = organizations[each.organization_id]
    # Within an organization by date, so that its money goes to what is due first.
    return sorted(found, key=lambda each: (each.organization_id, str(each.ends_on), each.pk))


def _due(numbers: Sequence[int]) -> list[Service]:
    last = clock.today() + timedelta(days=TRIES[0])
    return [
        service
        for service in _locked_services(numbers)
        if service.renews_automatically
        and service.wanted == Wanted.ACTIVE
        and service.ends_on is not None
        and service.ends_on <= last
    ]


def _address(bills: Sequence[Bill]) -> None:
    """Make each bill out to the billing address that its product uses (BIL-114). One query."""
    found = addresses_of_services(bill.items[0].service.pk for bill in bills)
    for bill in bills:
        if address := found.get(bill.items[0].service.pk):
            bill.customer = customer_at(bill.organization, address)


def _live(services: Sequence[Service]) -> QuerySet[Renewal]:
    """Renewals that exist for the terms which follow now."""
    return Renewal.objects.exclude(state=RenewalState.CANCELLED).filter(
        service__among=Many(service.pk for service in services), starts_on=F("service__ends_on")
    )


def _take_over(actor: Actor, services: Sequence[Service]) -> None:
    """Withdraw pro formas that customers made and left, so that nothing is lost by oversight (BIL-92)."""
    today = clock.today()
    left = _live(services).filter(origin=Origin.BY_HAND, state=RenewalState.OPEN)
    numbers = {
        each.invoice_id
        for each in left
        if each.starts_on <= today or each.made_at <= clock.now() - timedelta(days=DAYS_FOR_CUSTOMER)
    }
    if not numbers:
        return
    invoices = (
        # Passing over one that is being settled now: whoever settles holds it and waits for the service.
        Invoice.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk__in=numbers, status=InvoiceStatus.OPEN)
        .select_related("organization")
        .order_by("pk")
    )
    running = _running(list(numbers))
    _withdraw(actor, [invoice for invoice in invoices if invoice.pk not in running])


def _saved_methods(organizations: Iterable[int]) -> dict[int, PaymentProfile]:
    """Default methods that can be charged without the payer. Everybody else renews from the prepaid account."""
    profiles = PaymentProfile.objects.filter(
        organization__among=Many(set(organizations)), is_default=True
    ).exclude(provider=PREPAID)
    return {
        profile.organization_id: profile
        for profile in profiles
        if profile.token and can_charge(profile.provider)
    }


def _waiting(numbers: Sequence[int]) -> list[Renewal]:
    """Open renewals by number whose day has come, without those that somebody is paying at this moment.

    Their invoices are locked first, as whoever settles does.
    """
    invoices = Renewal.objects.filter(pk__among=numbers).values_list("invoice_id", flat=True)
    list(
        Invoice.objects.select_for_update().filter(pk__among=list(invoices)).order_by("pk").values_list("pk")
    )
    found = (
        Renewal.objects.select_for_update(of=("self",))
        .filter(
            pk__among=numbers,
            state=RenewalState.OPEN,
            next_try_on__lte=clock.today(),
            invoice__status=InvoiceStatus.OPEN,
        )
        .select_related("service__organization", "invoice__organization")
        .order_by("organization_id", "starts_on", "pk")
    )
    renewals = list(found)
    running = _running([each.invoice_id for each in renewals])
    return [each for each in renewals if each.invoice_id not in running]


def _claims(renewals: Sequence[Renewal]) -> list[Claim]:
    invoices = {
        invoice.pk: invoice
        for invoice in Invoice.objects.filter(
            pk__among=[each.invoice_id for each in renewals], status=InvoiceStatus.OPEN
        )
        .select_related("organization")
        .prefetch_related("lines")
    }
    services = {each.pk: each for each in _locked_services(each.service_id for each in renewals)}
    claims = []
    for each in renewals:
        each.service = services[each.service_id]
        if each.invoice_id in invoices:
            claims.append(Claim.of(invoices[each.invoice_id], [each]))
    return claims


def _follow(actor: Actor, claims: Sequence[Claim], saved: dict[int, PaymentProfile]) -> None:
    """After an attempt: mails for what was paid, a charge for those with a saved method, failure for the rest."""
    from kanton.billing.renewals.tasks import charge_renewal, tell_paid

    paid = [claim.invoice_id for claim in claims if claim.is_paid]
    if paid:
        after_commit(tell_paid, paid)
    left = [claim for claim in claims if not claim.is_paid]
    by_method = [each for claim in left if claim.organization.pk in saved for each in claim.grants]
    after_commit_many(
        charge_renewal, [((each.renewal_id,), f"charge-renewal:{each.renewal_id}") for each in by_method]
    )
    without = [
        each.renewal_id for claim in left if claim.organization.pk not in saved for each in claim.grants
    ]
    if without:
        fail_renewals(actor, None, renewals=without, reason=NOT_ENOUGH)


def _guarantee(actor: Actor, services: Sequence[Service], live: dict[int, Renewal]) -> set[int]:
    """Renew these on behalf of their customers: the shortest period, an invoice due in 30 days (BIL-106)."""
    if not services:
        return set()
    charges = Charges.of(services)
    today = clock.today()
    bills = []
    for service in services:
        choice = charges.shortest(service)
        cost = charges.cost(service, choice) if choice else None
        if choice is None or cost is None or service.ends_on is None:
            continue
        unit = charges.listed(service)[choice.months]
        item = Item(service, choice, unit, cost, renewed(service.ends_on, service.anchor_day, choice))
        bills.append(
            Bill(
                service.organization,
                [item],
                charges.tax(service),
                Origin.GUARANTEE,
                due_on=today + timedelta(days=DAYS_FOR_GUARANTEE),
                holds_until=today + timedelta(days=365),
            )
        )
    _address(bills)
    failed = [live[each.items[0].service.pk].invoice_id for each in bills if each.items[0].service.pk in live]
    if failed:
        old = Invoice.objects.select_for_update(of=("self",), skip_locked=True).filter(
            pk__in=failed, status=InvoiceStatus.OPEN
        )
        _withdraw(actor, list(old.select_related("organization").order_by("pk")))
    periods = {each.items[0].service.pk: each.items[0].service.period_months for each in bills}
    write_bills(bills, charges)
    _extend_for_guarantee(actor, [bill.claim() for bill in bills], periods)
    for bill in bills:
        emails.guaranteed(bill)
    return set(periods)


def _extend_for_guarantee(actor: Actor, claims: Sequence[Claim], periods: dict[int, int]) -> None:
    """The term is the shortest, but the customer's own billing period stays for the next renewal."""
    for claim in claims:
        for each in claim.grants:
            each.period_months = periods[each.service.pk]
    extend(actor, claims, kind=Happened.GUARANTEE_FIRED)


def _resume(services: Sequence[Service]) -> None:
    """Resume what we suspended, once its term reaches today again."""
    today = clock.today()
    stopped = Suspension.objects.filter(
        service__in=[each.pk for each in services if each.ends_on and each.ends_on >= today], ended_at=None
    ).select_related("service__organization")
    for suspension in list(stopped):
        suspension.ended_at = clock.now()
        suspension.save(update_fields=["ended_at"])
        if suspension.service.wanted == Wanted.SUSPENDED:
            want_service(System("billing"), suspension.service, Wanted.ACTIVE)
