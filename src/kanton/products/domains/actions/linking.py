"""What other rooms do in a zone."""

from __future__ import annotations

from collections.abc import Iterable

from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.products.domains.activity import Happened
from kanton.products.domains.edits import ZoneEdit, told
from kanton.products.domains.errors import WouldReplace
from kanton.products.domains.linking import SETUP, LinkPlan, LinkRecord, plan_among
from kanton.products.domains.models import Zone, ZoneRecord
from kanton.products.domains.rights import DNS_EDIT


@internal("A product links itself when the customer links a domain to it; that action has its own route.")
@action(right=DNS_EDIT)
def link_records(
    actor: Actor, zone: Zone, *, owner: str, wanted: Iterable[LinkRecord], replace: bool = False
) -> LinkPlan:
    """Put the records that a service needs into a zone (DOM-60). Twice changes nothing."""
    edit = ZoneEdit(zone)
    plan = plan_among(edit.rows, owner, wanted)
    if plan.asks and not replace:
        raise WouldReplace(records=told(plan.by_hand, zone.name, limit=10))
    needed = set(plan.present) | set(plan.added)
    outdated = [row for row in edit.rows if row.made_by == owner and row.pure not in needed]
    for pk in {*plan.replaced_rows, *(row.pk for row in outdated)}:
        edit.remove(pk)
    for each in plan.added:
        edit.add(each, made_by=owner)
    # What came with the domain now belongs to the service that needs it.
    keys = {row.pk for row in edit.rows if row.made_by == SETUP and row.pure in set(plan.present)}
    ZoneRecord.objects.filter(pk__in=keys).update(made_by=owner)
    if not edit.is_empty:
        edit.save(actor, Happened.RECORDS_LINKED)
    record(
        actor,
        Happened.RECORDS_LINKED,
        edit.zone,
        owner=owner,
        before=told(edit.removed, zone.name, limit=20),
        after=told(edit.added, zone.name, limit=20),
    )
    return plan


@internal(
    "A product unlinks itself when the customer unlinks a domain from it; that action has its own route."
)
@action(right=DNS_EDIT)
def unlink_records(actor: Actor, zone: Zone, *, owner: str) -> Zone:
    """Remove from a zone what linking this service has made, and nothing else."""
    edit = ZoneEdit(zone)
    for row in edit.rows:
        if row.made_by == owner:
            edit.remove(row.pk)
    if not edit.is_empty:
        edit.save(actor, Happened.RECORDS_UNLINKED)
    record(
        actor,
        Happened.RECORDS_UNLINKED,
        edit.zone,
        owner=owner,
        before=told(edit.removed, zone.name, limit=20),
    )
    return edit.zone
