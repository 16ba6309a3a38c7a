"""Choosing who gets the daily proof, and ordering files of the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.throttle import Rule, throttle_all
from kanton.organizations.models import Membership, Organization
from kanton.organizations.rights import ACTIVITY_VIEW
from kanton.organizations.trail.activity import Happened
from kanton.organizations.trail.errors import NotAnOwner, UnknownFormat
from kanton.organizations.trail.models import Format, HeadReader, LogExport
from kanton.organizations.trail.queries import head_readers, owners_of
from kanton.organizations.trail.rights import HEADS_CHOOSE


@action(right=HEADS_CHOOSE, may_be_silent=True)
def choose_head_readers(
    actor: Actor, organization: Organization, *, readers: Sequence[int]
) -> list[HeadReader]:
    """Send the head of the log's chain each day to these owners, by the numbers of their memberships, and to nobody
    else. Raises NotAnOwner."""
    owners: dict[int, Membership] = {each.pk: each for each in owners_of(organization)}
    wanted = set(readers)
    if wanted - owners.keys():
        raise NotAnOwner
    present = HeadReader.objects.filter(organization=organization)
    if set(present.values_list("membership_id", flat=True)) != wanted:
        present.exclude(membership__in=wanted).delete()
        for number in sorted(wanted):
            HeadReader.objects.get_or_create(
                membership=owners[number], defaults={"organization": organization}
            )
        names = ", ".join(owners[number].person.display_name for number in sorted(wanted))
        record(actor, Happened.READERS_CHOSEN, organization, people=names or "–")
    return list(head_readers(organization))


@action(right=ACTIVITY_VIEW)
def order_log_export(
    actor: Actor,
    organization: Organization,
    *,
    format: str,
    first_on: dt.date | None = None,
    last_on: dt.date | None = None,
) -> LogExport:
    """Have the log, or some days of it, written into a file; whoever orders it gets a mail. Ten a day at most."""
    from kanton.organizations.trail.tasks import write_log_export

    if format not in Format.values or actor.person_id is None:
        raise UnknownFormat
    throttle_all([Rule(f"log-export:{organization.pk}", 10, dt.timedelta(days=1))]).or_refuse()
    export = LogExport.objects.create(
        organization=organization,
        person_id=actor.person_id,
        format=format,
        first_on=first_on,
        last_on=last_on,
    )
    record(actor, Happened.EXPORT_ORDERED, export)
    after_commit(write_log_export, export.pk)
    return export
