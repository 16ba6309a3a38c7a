"""Making exports in the background, with progress; a run that was killed begins again."""

from __future__ import annotations

import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from django_tasks import task

from kanton.billing.documents.assemble import document_of
from kanton.billing.documents.invoice_pdf import file_name, render
from kanton.billing.models import Invoice
from kanton.billing.papers import emails
from kanton.billing.papers.models import Export, ExportKind, ExportState
from kanton.config import config
from kanton.core import clock
from kanton.core.jobs import periodic
from kanton.core.jobs.models import LONG_QUEUE

TELL_EVERY = 10
KEPT = timedelta(days=7)


def path_of(export: Export) -> Path:
    """Where its file lies."""
    return config.folder("exports") / f"{export.key}.zip"


def export_failed(export_id: int, *, error: Any) -> None:
    """It was given up."""
    Export.objects.filter(pk=export_id).update(state=ExportState.FAILED)


@task(queue_name=LONG_QUEUE, when_failed=export_failed, max_failures=3)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def make_export(export_id: int) -> None:
    """Render every document into the ZIP file. What the person may see was decided when it was asked for."""
    export = Export.objects.select_related("organization", "person").get(pk=export_id)
    if export.state == ExportState.DONE:
        return
    found = Invoice.objects.filter(organization=export.organization).in_period(export.start, export.end)
    if export.status:
        found = found.filter(status=export.status)
    target, made = path_of(export), 0
    half = target.with_suffix(".part")
    # Straight into the file: five thousand documents are more than a worker should hold. PDF is compressed already.
    with zipfile.ZipFile(half, "w", zipfile.ZIP_STORED) as archive:
        invoices = found.select_related("organization", "order", "corrects").prefetch_related(
            "lines", "payments"
        )
        for invoice in invoices.order_by("dated_on", "pk").iterator(chunk_size=200):
            document = document_of(invoice)
            archive.writestr(f"{invoice.dated_on.isoformat()}-{file_name(document)}", render(document))
            made += 1
            if made % TELL_EVERY == 0:
                Export.objects.filter(pk=export.pk).update(made=made)
    half.replace(target)
    export.made = export.total = made
    export.state = ExportState.DONE
    export.save(update_fields=["made", "total", "state"])
    if export.kind == ExportKind.MAIL:
        emails.export_ready(export, target.read_bytes())


@periodic("papers.old-exports", at="02:10")
@task(unique=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def forget_old_exports() -> None:
    """Delete exports after seven days."""
    for export in Export.objects.filter(asked_at__lt=clock.now() - KEPT):
        path_of(export).unlink(missing_ok=True)
        export.delete()
