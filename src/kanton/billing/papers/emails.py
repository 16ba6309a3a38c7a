"""The mails about exports."""

from __future__ import annotations

import io
import zipfile

from kanton.billing.papers.models import Export
from kanton.core.outbox import Attachment, send_mail

MOST_ATTACHED = 10 * 1024 * 1024


def export_ready(export: Export, content: bytes) -> None:
    """The documents, in as many mails as they need: the organization may be gone before anybody follows a link."""
    person = export.person
    parts = _parts(content)
    for number, part in enumerate(parts, start=1):
        suffix = f"-{number}" if len(parts) > 1 else ""
        send_mail(
            person.email,
            "papers/export_ready",
            {
                "organization": export.organization.name,
                "count": export.made,
                "number": number,
                "total": len(parts),
            },
            language=person.language,
            time_zone=person.time_zone,
            kind="billing",
            unique_key=f"export:{export.pk}{suffix}",
            attachments=[
                Attachment(f"{export.organization.slug}-documents{suffix}.zip", part, "application/zip")
            ],
        )


def _parts(content: bytes) -> list[bytes]:
    """The ZIP file as it is, or its documents in several that fit into a mail each."""
    if len(content) <= MOST_ATTACHED:
        return [content]
    parts: list[list[tuple[str, bytes]]] = [[]]
    size = 0
    with zipfile.ZipFile(io.BytesIO(content)) as whole:
        for name in whole.namelist():
            document = whole.read(name)
            if parts[-1] and size + len(document) > MOST_ATTACHED:
                parts.append([])
                size = 0
            parts[-1].append((name, document))
            size += len(document)
    return [_zipped(documents) for documents in parts]


def _zipped(documents: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, document in documents:
            archive.writestr(name, document)
    return buffer.getvalue()
