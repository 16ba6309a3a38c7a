"""Automatic renewal, the renewal guarantee and the billing period: switched, changed, withdrawn."""

from __future__ import annotations

from collections.abc import Sequence

from kanton.billing.renewals.actions.by_hand import _locked, _taken
from kanton.billing.renewals.activity import Happened
from kanton.billing.renewals.errors import (
    GuaranteeNotOffered,
    NoPeriodChange,
    NothingSelected,
    PeriodNotOffered,
)
from kanton.billing.renewals.models import PeriodChange, term_of
from kanton.billing.renewals.periods import offered_periods
from kanton.billing.terms import last_month_starts_on
from kanton.catalog.models import Plan
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.organizations.rights import ACCOUNTING
from kanton.products.models import Service


@action(right=ACCOUNTING, may_be_silent=True)
def switch_automatic(
    actor: Actor, organization: Organization, *, services: Sequence[int], is_on: bool
) -> list[Service]:
    """Switch automatic renewal on or off for these services; takes effect at once (BIL-92)."""
    if not services:
        raise NothingSelected
    found = _locked(organization, sorted(set(services)))
    for service in found:
        if service.renews_automatically != is_on:
            service.renews_automatically = is_on
            service.save(update_fields=["renews_automatically"])
            record(actor, Happened.AUTOMATIC_ON if is_on else Happened.AUTOMATIC_OFF, service)
    return found


@action(right=ACCOUNTING, may_be_silent=True)
def switch_guarantee(
    actor: Actor, organization: Organization, *, services: Sequence[int], is_on: bool
) -> list[Service]:
    """Switch the renewal guarantee on or off for these services; takes effect at once (BIL-107…112).

    Its fee is charged with each renewal from the next one on; switching it off refunds nothing.
    """
    if not services:
        raise NothingSelected
    found = _locked(organization, sorted(set(services)))
    if is_on:
        codes = {service.plan for service in found}
        known = set(Plan.objects.filter(code__in=codes).values_list("code", flat=True))
        for service in found:
            if service.plan not in known:
                raise GuaranteeNotOffered(name=service.name)
    for service in found:
        if service.is_guaranteed != is_on:
            service.is_guaranteed = is_on
            service.save(update_fields=["is_guaranteed"])
            record(actor, Happened.GUARANTEE_ON if is_on else Happened.GUARANTEE_OFF, service)
    return found


@action(right=ACCOUNTING)
def change_period(actor: Actor, service: Service, *, months: int) -> Service:
    """Have a service billed by another period (BIL-101): in the last month of the term at once, before it at the end.

    The running term is paid, so nothing is charged and nothing is billed twice (BIL-103, BIL-104).
    """
    service = _taken(actor, service.organization, [service.pk])[0]  # a waiting bill would keep the old period
    if months not in offered_periods(service):
        raise PeriodNotOffered(name=service.name)
    PeriodChange.objects.filter(service=service, ended_at=None).update(ended_at=clock.now())
    assert service.ends_on is not None
    if clock.today() >= last_month_starts_on(term_of(service)):
        service.period_months = months
        service.save(update_fields=["period_months"])
        record(actor, Happened.PERIOD_CHANGED, service, months=months)
    elif months == service.period_months:
        record(actor, Happened.PERIOD_CHANGE_WITHDRAWN, service)
    else:
        PeriodChange.objects.create(
            organization_id=service.organization_id,
            service=service,
            months=months,
            takes_effect_on=service.ends_on,
            person_id=actor.person_id,
        )
        record(
            actor,
            Happened.PERIOD_CHANGE_PLANNED,
            service,
            months=months,
            day=service.ends_on.isoformat(),
        )
    return service


@action(right=ACCOUNTING)
def withdraw_period_change(actor: Actor, service: Service) -> Service:
    """Keep the present billing period after all; possible until the planned change takes effect."""
    service = _taken(actor, service.organization, [service.pk])[0]
    if not PeriodChange.objects.filter(service=service, ended_at=None).exists():
        raise NoPeriodChange
    PeriodChange.objects.filter(service=service, ended_at=None).update(ended_at=clock.now())
    record(actor, Happened.PERIOD_CHANGE_WITHDRAWN, service)
    return service
