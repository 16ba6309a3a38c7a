"""The daily proof by the clock, and the files of the log."""

from __future__ import annotations

import os
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import translation
from django_tasks import task

from kanton.activity.queries import chain_state
from kanton.core import clock
from kanton.core.jobs import periodic
from kanton.core.rights import Role
from kanton.organizations.trail import emails
from kanton.organizations.trail.files import place_of, rows_of, written
from kanton.organizations.trail.models import HeadReader, LogExport

KEEP = timedelta(days=7)


@periodic("activity: heads of the log by mail", at="06:00")
@task(priority=-30)
def send_heads() -> int:
    """Send each chosen owner the head of their organization's log; run twice on a day, nobody gets it twice. Returns
    how many readers there are."""
    readers = HeadReader.objects.filter(membership__role=Role.OWNER, membership__suspended_at=None)
    day, count = clock.today(), 0
    for reader in readers.select_related("organization", "membership__person").order_by("pk").iterator():
        with transaction.atomic():
            emails.head(reader, chain_state(reader.organization_id), day)
        count += 1
    return count


@task(priority=-20)
def write_log_export(number: int) -> None:
    """Write the file, and say so; what was written before a crash is written again."""
    export = LogExport.objects.select_related("organization", "person").filter(pk=number).first()
    if export is None or export.ready_at is not None:
        return
    place, rows = place_of(export), rows_of(export)
    LogExport.objects.filter(pk=number).update(total=rows.count(), done=0)
    draft = place.with_suffix(".part")
    with (
        translation.override(export.person.language),
        open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", newline="") as file,  # noqa: PTH123
    ):
        for count, line in enumerate(written(export, rows), start=1):
            file.write(line)
            if count % 1000 == 0:
                LogExport.objects.filter(pk=number).update(done=count)
    draft.replace(place)
    with transaction.atomic():
        LogExport.objects.filter(pk=number).update(done=F("total"), ready_at=clock.now())
        emails.export_ready(export)


@periodic("activity: purge files of the log", at="04:10")
@task(priority=-50)
def purge_log_exports() -> int:
    """Delete files that were ordered a week ago; returns how many."""
    old = list(LogExport.objects.filter(ordered_at__lt=clock.now() - KEEP).select_related("organization"))
    for export in old:
        place_of(export).unlink(missing_ok=True)
        export.delete()
    return len(old)
