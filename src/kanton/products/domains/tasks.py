"""The jobs of domains and zones."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django_tasks import task

from kanton.core import clock, jobs
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.products.contract import RetryIn
from kanton.products.domains import names
from kanton.products.domains.dns.store import Store
from kanton.products.domains.engine import EmbeddedEngine, engine, store_path
from kanton.products.domains.models import Domain, DomainState, Zone

CHUNK = 500


@task()
def reconcile_zone(zone_id: int) -> None:
    """Have the name servers answer a zone as wanted."""
    from kanton.products.domains.serving import serve

    served = serve(zone_id)
    if not served.is_proved:
        raise jobs.RetryIn(served.retry_seconds, served.reason)


@task()
def reconcile_domain(domain_id: int) -> None:
    """Have the registry know a domain as wanted."""
    from kanton.products.domains.registration import follow

    domain = Domain.objects.select_related("service", "organization").get(pk=domain_id)
    outcome = follow(domain)
    if isinstance(outcome, RetryIn):
        domain.waits(domain.wish_version, outcome.reason)
        raise jobs.RetryIn(outcome.seconds, outcome.reason)


@periodic("domains-states", at="02:20")
@task(priority=-10)
def follow_registry() -> int:
    """Ask the registry about every domain whose state may change by itself: expiry, redemption, release."""
    soon = clock.today() + timedelta(days=70)
    found = Domain.objects.held().filter(
        Q(expires_on__lte=soon)
        | Q(state__in=[DomainState.REDEMPTION, DomainState.PENDING_RELEASE, DomainState.EXPIRING])
    )
    count = 0
    for pk in found.exclude(registered_at=None).values_list("pk", flat=True).iterator(CHUNK):
        jobs.enqueue(reconcile_domain, pk, unique_key=f"reconcile-domain:{pk}")
        count += 1
    return count


@periodic("domains-reminders", at="08:00")
@task(priority=-10)
def remind_of_expiries() -> int:
    """Remind of every domain that expires soon; tells how many mails' worth of reminders went out."""
    from kanton.products.domains.actions import REMINDERS, remind_of_expiry

    last = clock.today() + timedelta(days=REMINDERS[0])
    soon = Domain.objects.held().filter(expires_on__gte=clock.today(), expires_on__lte=last)
    return sum(remind_of_expiry(System("domains"), domain) for domain in soon.iterator(CHUNK))


@periodic("zones-missing", every=timedelta(minutes=10))
@task(priority=-20)
def look_for_missing_zones() -> int:
    """The quick half of the audit: only when the server holds another number of zones than it should."""
    if not isinstance(engine(), EmbeddedEngine):
        return 0
    store = Store(store_path())
    try:
        held = store.count()
    finally:
        store.close()
    wanted = Zone.objects.alive().filter(is_parked=False).exclude(proved_number=0).count()
    mended: int = audit_zones.call() if held < wanted else 0
    return mended


@periodic("zones-audit", at="03:40")
@task(priority=-20)
def audit_zones() -> int:
    """Publish again every zone that the embedded server does not hold with its serial; tells how many.

    Also what a restored backup needs, as database and store may be of different moments: call
    `audit_zones.call()`.
    """
    present = engine()
    if not isinstance(present, EmbeddedEngine):
        return 0
    store = Store(store_path())
    mended = 0
    try:
        rows = Zone.objects.alive().filter(is_parked=False).values_list("pk", "name", "serial")
        for pk, name, serial in rows.iterator(CHUNK):
            if store.serial(names.to_wire(name)) != serial:
                Zone.objects.filter(pk=pk, wish_state="done").update(
                    wish_state="pending", wished_at=clock.now()
                )
                jobs.enqueue(reconcile_zone, pk, unique_key=f"reconcile-zone:{pk}")
                mended += 1
    finally:
        store.close()
    return mended
