"""The daily run: what is due, cut into chunks of a thousand, each a job that may be killed at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django_tasks import task

from kanton.billing import emails as billing_emails
from kanton.billing.actions import pay_invoice, take_in
from kanton.billing.checkout import checkout_of
from kanton.billing.errors import AlreadyPaid, NotPayable, PaymentInProgress
from kanton.billing.models import Invoice, InvoiceStatus, Payment, PaymentProfile, PaymentState
from kanton.billing.payments.contract import Outcome, provider_called
from kanton.billing.renewals import emails
from kanton.billing.renewals.actions import (
    announce_prices,
    end_terms,
    fail_renewals,
    renew_due,
    retry_renewals,
    tell_of_ends,
)
from kanton.billing.renewals.models import Renewal, RenewalState
from kanton.billing.renewals.plan import NOTICE_DAYS, TRIES
from kanton.catalog.models import Price
from kanton.config import config
from kanton.core import clock, jobs
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.core.jobs.backend import enqueue_many
from kanton.core.jobs.models import LONG_QUEUE
from kanton.products.models import Service, Wanted

CHUNK = 1000
ACTOR = System("renewals")


@periodic("billing.renewals", at="04:30")
@task(unique=True, transactional=True, queue_name=LONG_QUEUE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def plan_renewals() -> dict[str, int]:
    """Find what is due today and enqueue it in chunks: retries, first attempts, ends of terms, new prices.

    Everything is found by an index on its day, so the run costs what is due and not what exists.
    """
    today = clock.today()
    return {
        "retries": _enqueue(retry_chunk, _to_retry(today)),
        "first": _enqueue(renew_chunk, _to_renew(today)),
        "ends": _enqueue(end_chunk, _ending(today)),
        "prices": _enqueue(price_chunk, _to_tell(today)),
    }


@periodic("billing.renewals.evening", at="20:00")
@task(unique=True, transactional=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def plan_guarantees() -> int:
    """On the last day of a term, after the last attempt: the guarantee renews before anything can expire."""
    return _enqueue(end_chunk, _ending(clock.today() + timedelta(days=1)))


@periodic("billing.renewals.ends", at="08:30")
@task(unique=True, transactional=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def plan_end_notices() -> int:
    """Tell of products that end soon and renew by nothing but their customers."""
    if not config.billing.end_notice_days:
        return 0
    today = clock.today()
    last = today + timedelta(days=max(config.billing.end_notice_days))
    ending = Service.objects.filter(
        ends_on__gte=today, ends_on__lte=last, renews_automatically=False, wanted=Wanted.ACTIVE
    )
    return _enqueue(notice_chunk, _by_organization(ending))


def _to_renew(today: date) -> QuerySet[Service, Any]:
    return _by_organization(
        Service.objects.filter(
            ends_on__lte=today + timedelta(days=TRIES[0]), renews_automatically=True, wanted=Wanted.ACTIVE
        )
    )


def _to_retry(today: date) -> QuerySet[Renewal, Any]:
    return Renewal.objects.filter(state=RenewalState.OPEN, next_try_on__lte=today).order_by(
        "organization_id", "starts_on", "pk"
    )


def _ending(before: date) -> QuerySet[Service, Any]:
    return _by_organization(Service.objects.filter(ends_on__lt=before, wanted=Wanted.ACTIVE))


def _to_tell(today: date) -> QuerySet[Service, Any]:
    """Who reaches the first attempt in 30 days, and whoever has a plan whose price changes until then."""
    first = today + timedelta(days=NOTICE_DAYS + TRIES[0])
    plans = Price.objects.filter(valid_from__gt=today, valid_from__lte=today + timedelta(days=NOTICE_DAYS))
    active = Service.objects.filter(renews_automatically=True, wanted=Wanted.ACTIVE)
    reached = active.filter(ends_on__gte=first - timedelta(days=2), ends_on__lte=first)
    changed = active.filter(ends_on__lte=first, plan__in=set(plans.values_list("plan__code", flat=True)))
    return _by_organization(reached | changed)


def _by_organization(services: QuerySet[Service, Any]) -> QuerySet[Service, Any]:
    # In words and order that leave SQLite the index on the day: its partial one has just this condition, and it would
    # rather walk through every service in the order of organizations than sort the few that are due.
    return services.exclude(wanted=Wanted.ENDED).order_by(F("organization_id") + 0, "pk")


def _enqueue(chunk: Any, found: QuerySet[Any, Any]) -> int:
    keys = list(found.values_list("pk", flat=True))
    parts = [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]
    enqueue_many(chunk, [((part,), f"{chunk.name}:{part[0]}-{part[-1]}-{len(part)}") for part in parts])
    return len(keys)


@task(transactional=True, queue_name=LONG_QUEUE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def renew_chunk(services: list[int]) -> int:
    """First attempts."""
    return renew_due(ACTOR, None, services=services)


@task(transactional=True, queue_name=LONG_QUEUE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def retry_chunk(renewals: list[int]) -> int:
    """Further attempts."""
    return retry_renewals(ACTOR, None, renewals=renewals)


@task(transactional=True, queue_name=LONG_QUEUE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def end_chunk(services: list[int]) -> int:
    """Ends of terms. One that a running attempt has not settled yet is looked at again soon."""
    return end_terms(ACTOR, None, services=services)


@task(transactional=True, queue_name=LONG_QUEUE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def price_chunk(services: list[int]) -> int:
    """New prices."""
    return announce_prices(ACTOR, None, services=services)


@task(transactional=True, queue_name=LONG_QUEUE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def notice_chunk(services: list[int]) -> int:
    """Ends that nothing prevents by itself."""
    return tell_of_ends(ACTOR, None, services=services)


@task(max_failures=5)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def charge_renewal(renewal_id: int) -> None:
    """Charge the organization's saved method. Run again, it finds the payment it began: one key, one charge."""
    renewal = Renewal.objects.select_related("invoice__organization", "service").get(pk=renewal_id)
    invoice = renewal.invoice
    if renewal.state != RenewalState.OPEN or invoice.status != InvoiceStatus.OPEN:
        return
    profile = PaymentProfile.objects.filter(organization=invoice.organization, is_default=True).first()
    if profile is None:
        fail_renewals(ACTOR, None, renewals=[renewal.pk], reason="not_supported")
        return
    payment = Payment.objects.filter(
        invoice=invoice, state=PaymentState.PENDING, provider=profile.provider, person=None
    ).first()
    if payment is None:
        try:
            payment = pay_invoice(ACTOR, invoice, method=profile.provider)
        except (PaymentInProgress, AlreadyPaid, NotPayable):
            return  # somebody else is at it; the next attempt looks again
    answer = provider_called(profile.provider).charge_saved(profile.token, checkout_of(payment))
    with transaction.atomic():
        take_in(System(profile.provider), profile.provider, answer)
        if answer.outcome is Outcome.DECLINED:
            fail_renewals(ACTOR, None, renewals=[renewal.pk], reason=answer.reason or "card_declined")
    if answer.outcome is Outcome.PENDING:
        jobs.retry_in(600, "the provider has not answered yet")


@task(transactional=True, priority=-5)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def tell_paid(invoices: list[int]) -> None:
    """The mails about renewals that the prepaid account paid. They commit with this job: each goes out once."""
    for invoice in Invoice.objects.filter(pk__in=invoices).select_related("organization").order_by("pk"):
        billing_emails.invoice_paid(invoice)


@task(transactional=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def tell_failed(renewals: list[int], day: str) -> None:
    """The mails about attempts that failed today."""
    found = Renewal.objects.filter(pk__in=renewals).select_related("service__organization", "invoice")
    for renewal in _in_order(found):
        emails.renewal_failed(renewal, day)


def _in_order(found: QuerySet[Renewal]) -> Iterator[Renewal]:
    yield from found.order_by("organization_id", "pk")
