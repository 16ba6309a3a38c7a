"""What happened to mails."""

from __future__ import annotations

from kanton.core import clock
from kanton.core.api import ApiRequest, Lists, Rows
from kanton.core.parity import exposes
from kanton.products.mail import queries
from kanton.products.mail.api.common import BOX, MH, READ, mailbox_for, router, service_for
from kanton.products.mail.models import JournalEntry
from kanton.products.mail.schemas import JournalOut


def _journal_out(entry: JournalEntry) -> JournalOut:
    return {
        "id": entry.pk,
        "at": clock.timestamp(entry.at) or 0,
        "way": entry.way,
        "sender": entry.sender,
        "recipient": entry.recipient,
        "mailbox": entry.mailbox.address if entry.mailbox else None,
        "size": entry.size,
        "result": entry.result,
        "words": entry.words or None,
    }


JOURNAL = Lists(
    order={"at": "at", "id": "pk"}, default="-at", search=("sender", "recipient", "words"), always_paged=True
)


@router.get(MH + "/journal", scopes=READ, lists=JOURNAL)
@exposes(queries.journal_of)
def list_journal(request: ApiRequest, mail_hosting_id: int) -> Rows[JournalOut]:
    """List incoming and outgoing messages of thirty days."""
    return Rows(queries.journal_of(request.actor, service_for(request, mail_hosting_id)), _journal_out)


@router.get(BOX + "/journal", scopes=READ, lists=JOURNAL)
@exposes(queries.journal_of_mailbox)
def list_mailbox_journal(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> Rows[JournalOut]:
    """List the messages of one mailbox."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name)
    return Rows(queries.journal_of_mailbox(request.actor, box), _journal_out)
