"""Asking to cancel, confirming by the link in the mail, withdrawing (BIL-117…125)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kanton.billing.cancellation import emails
from kanton.billing.cancellation.activity import Happened
from kanton.billing.cancellation.errors import (
    AlreadyRequested,
    LinkLapsed,
    NotCancellable,
    NothingToWithdraw,
)
from kanton.billing.cancellation.models import Cancellation
from kanton.billing.models import Invoice
from kanton.billing.renewals.actions.by_hand import _running, _withdraw
from kanton.billing.renewals.errors import RenewalInPayment
from kanton.billing.renewals.models import PeriodChange, RenewalState, Suspension
from kanton.core import clock, throttle
from kanton.core.action import action, note_irreversible, record
from kanton.core.actor import Actor, System
from kanton.core.errors import Conflict
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.core.secrets import token_hash
from kanton.organizations.queries import require
from kanton.organizations.rights import BELONG
from kanton.products.actions import want_service
from kanton.products.contract import product_called
from kanton.products.models import Service, Wanted

TRIES_AN_HOUR, _HOUR = 20, timedelta(hours=1)


@action(right=BELONG)
def request_cancellation(actor: Actor, service: Service, *, at_end: bool = False) -> Cancellation:
    """Ask to cancel a product: the confirming link goes to the person who asks. Until it is used, all goes on.

    `at_end` cancels for the end of the paid term, else at once. Needs the right to manage the product (BIL-10).
    """
    product = product_called(service.product)
    require(actor, product.manage_right, service)
    service = (
        Service.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organization")
        .get(pk=service.pk)
    )
    if service.wanted == Wanted.ENDED:
        raise NotCancellable(name=service.name, reason=_("it has ended already."))
    if reason := product.cancelled_with(service):
        raise NotCancellable(name=service.name, reason=reason)
    # A link that has lapsed makes way for a new one.
    Cancellation.objects.filter(
        service=service, confirmed_at=None, withdrawn_at=None, expires_at__lte=clock.now()
    ).update(withdrawn_at=clock.now())
    try:
        with transaction.atomic():
            made, secret = Cancellation.issue(
                service, actor.person_id, at_end=at_end and service.ends_on is not None
            )
    except IntegrityError:
        raise AlreadyRequested(name=service.name) from None
    for lost in product.lost_by_cancelling(service):
        note_irreversible(lost)
    record(actor, Happened.CANCELLATION_REQUESTED, made)
    if made.person is not None:
        emails.please_confirm(made, made.person, secret)
    return made


@action(right=BELONG)
def confirm_cancellation(actor: Actor, cancellation: Cancellation, *, token: str) -> Cancellation:
    """Confirm with the secret of the link: once, within 72 hours, by somebody who may still manage the product.

    It leaves the to-pay list, automatic renewal and the guarantee end. The running term is not refunded, and what is
    owed stays owed (BIL-118, BIL-125).
    """
    require(actor, product_called(cancellation.service.product).manage_right, cancellation.service)
    throttle.throttle(f"cancellation:{actor.person_id}", TRIES_AN_HOUR, _HOUR).or_refuse()
    waiting = _unpaid_terms(cancellation.service)
    cancellation = (
        Cancellation.objects.select_for_update(of=("self",))
        .select_related("service__organization", "organization")
        .get(pk=cancellation.pk)
    )
    if not cancellation.is_waiting or cancellation.digest != token_hash(token):
        raise LinkLapsed
    return _confirmed(actor, cancellation, waiting)


@internal(
    "A part of the deletion of an organization, which asks for its name and the password instead of a link."
)
@action(right=BELONG)
def cancel_with_organization(actor: Actor, service: Service) -> Cancellation:
    """Cancel a product at once because its organization ends (ORG-30). Needs the right to manage it."""
    require(actor, product_called(service.product).manage_right, service)
    waiting = _unpaid_terms(service)
    open_ones = Cancellation.objects.filter(service=service, withdrawn_at=None, done_at=None)
    open_ones.update(withdrawn_at=clock.now())
    made, _secret = Cancellation.issue(service, actor.person_id, at_end=False)
    return _confirmed(actor, made, waiting)


@action(right=BELONG)
def withdraw_cancellation(actor: Actor, cancellation: Cancellation) -> Cancellation:
    """Withdraw a cancellation that has not taken effect: the product goes on as before."""
    require(actor, product_called(cancellation.service.product).manage_right, cancellation.service)
    cancellation = (
        Cancellation.objects.select_for_update(of=("self",)).select_related("service").get(pk=cancellation.pk)
    )
    if cancellation.withdrawn_at or cancellation.done_at:
        raise NothingToWithdraw
    cancellation.withdrawn_at = clock.now()
    cancellation.save(update_fields=["withdrawn_at"])
    record(actor, Happened.CANCELLATION_WITHDRAWN, cancellation)
    return cancellation


@internal("The clock ends what was cancelled for this day.")
@action(right=SYSTEM, may_be_silent=True)
def carry_out_cancellation(actor: Actor, cancellation: Cancellation) -> Cancellation:
    """The last day of a cancelled product is over: it ends, and what still waits for its next term is withdrawn."""
    waiting = _unpaid_terms(cancellation.service)
    cancellation = (
        Cancellation.objects.select_for_update(of=("self",)).select_related("service").get(pk=cancellation.pk)
    )
    if (
        cancellation.is_planned
        and cancellation.takes_effect_on
        and cancellation.takes_effect_on < clock.today()
    ):
        service = _held_with(waiting, cancellation.service_id)
        _withdraw(actor, [invoice for invoice in waiting if invoice.is_open])
        _end(cancellation, service)
    return cancellation


def unpaid_terms(services: Iterable[Service]) -> QuerySet[Invoice]:
    """The renewals of these services that nobody paid yet: a cancellation withdraws them."""
    return Invoice.objects.filter(
        renewals__service__in=list(services), renewals__state=RenewalState.OPEN, renewals__granted_at=None
    )


def _unpaid_terms(service: Service) -> list[Invoice]:
    """Those of one service, locked: bills before services, the order of `settling`."""
    found = unpaid_terms([service]).select_for_update(of=("self",))
    return list(found.select_related("organization").order_by("pk"))


def _held_with(waiting: list[Invoice], number: int) -> Service:
    """The service, held until the commit; refused if it was billed after `waiting` was held."""
    locked = Service.objects.select_for_update(of=("self",), no_key=True).select_related("organization")
    service = locked.get(pk=number)
    if unpaid_terms([service]).exclude(pk__in=[invoice.pk for invoice in waiting]).exists():
        raise Conflict
    return service


def _confirmed(actor: Actor, cancellation: Cancellation, waiting: list[Invoice]) -> Cancellation:
    """It is cancelled: what was to be paid for it is withdrawn, and it ends now or with its term."""
    for payment in _running([invoice.pk for invoice in waiting]).values():
        raise RenewalInPayment(name=str(payment.invoice))
    service = _held_with(waiting, cancellation.service_id)
    _withdraw(actor, [invoice for invoice in waiting if invoice.is_open])
    cancellation.confirmed_at = clock.now()
    cancellation.save(update_fields=["confirmed_at"])
    service.renews_automatically = service.is_guaranteed = False
    service.save(update_fields=["renews_automatically", "is_guaranteed"])
    PeriodChange.objects.filter(service=service, ended_at=None).update(ended_at=clock.now())
    for lost in product_called(service.product).lost_by_cancelling(service):
        note_irreversible(lost)
    record(actor, Happened.CANCELLATION_CONFIRMED, cancellation)
    emails.cancelled(cancellation, actor.label)
    if cancellation.takes_effect_on is None:
        _end(cancellation, service)
    return cancellation


def _end(cancellation: Cancellation, service: Service) -> None:
    cancellation.done_at = clock.now()
    cancellation.save(update_fields=["done_at"])
    Suspension.objects.filter(service=service, ended_at=None).update(ended_at=clock.now())
    want_service(System("billing"), service, Wanted.ENDED)
