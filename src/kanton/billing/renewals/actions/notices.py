"""Telling customers that a product ends and that nothing renews it by itself, while there is time to act."""

from __future__ import annotations

from collections.abc import Sequence

from kanton.billing.renewals import emails
from kanton.billing.renewals.activity import Happened
from kanton.billing.renewals.leaving import staying
from kanton.billing.renewals.models import EndNotice
from kanton.config import config
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.products.contract import all_products
from kanton.products.models import Service, Wanted


@internal("The clock tells; customers read the to-pay list.")
@action(right=SYSTEM, may_be_silent=True)
def tell_of_ends(actor: Actor, target: None, *, services: Sequence[int]) -> int:
    """Mail the owners of services that end in 30, 14, 7 and 1 days (as configured) without automatic renewal.

    Each step once per term, and none in the first half of it; after a standstill the steps missed are left out.
    Returns how many services it was about.
    """
    today, steps = clock.today(), sorted(config.billing.end_notice_days)
    quiet = {product.code for product in all_products() if product.tells_of_its_end}
    found = Service.objects.select_for_update(of=("self",), no_key=True).filter(
        pk__in=list(services), wanted=Wanted.ACTIVE, renews_automatically=False, ends_on__gte=today
    )
    told = 0
    for service in staying(found).exclude(product__in=quiet).select_related("organization").order_by("pk"):
        assert service.ends_on is not None
        left = (service.ends_on - today).days
        step = next((days for days in steps if left <= days and 2 * days <= 31 * service.period_months), None)
        if step is None:
            continue
        _notice, is_new = EndNotice.objects.get_or_create(service=service, ends_on=service.ends_on, days=step)
        if is_new:
            emails.ends_soon(service, left)
            record(actor, Happened.END_TOLD, service, until=service.ends_on.isoformat())
            told += 1
    return told
