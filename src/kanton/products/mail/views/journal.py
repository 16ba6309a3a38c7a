"""What happened to mails."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from kanton.core.parity import shows
from kanton.products.mail import queries
from kanton.products.mail.engine.journal import Result, Way
from kanton.products.mail.models import JournalEntry
from kanton.products.mail.views.common import as_console, frame_of, service_for
from kanton.ui.tables import ChoiceColumn, Column, DateColumn, Empty, Filter, SizeColumn, Table

WAYS = [(Way.IN.value, gettext_lazy("in")), (Way.OUT.value, gettext_lazy("out"))]
RESULTS = [
    (Result.DELIVERED.value, gettext_lazy("delivered")),
    (Result.QUEUED.value, gettext_lazy("on its way")),
    (Result.SENT.value, gettext_lazy("sent")),
    (Result.DEFERRED.value, gettext_lazy("tried again later")),
    (Result.REFUSED.value, gettext_lazy("refused")),
    (Result.BOUNCED.value, gettext_lazy("returned")),
    (Result.REDIRECTED.value, gettext_lazy("redirected")),
]
RESULT_KINDS = {
    "delivered": "done", "sent": "done", "queued": "waiting", "deferred": "waiting", "refused": "failed",
    "bounced": "failed", "redirected": "note",
}  # fmt: skip


class JournalTable(Table[JournalEntry]):
    """Messages of the last thirty days."""

    at = DateColumn(gettext_lazy("Time"), sort="at", relative=False)
    way = ChoiceColumn(gettext_lazy("Way"), choices=WAYS)
    sender = Column(pgettext_lazy("sender", "From"), main=True)
    recipient = Column(gettext_lazy("To"))
    result = ChoiceColumn(
        gettext_lazy("Result"), choices=RESULTS, kinds=RESULT_KINDS, below=lambda row: row.words
    )
    size = SizeColumn(gettext_lazy("Size"), sort="size", wide=True)
    search = ("sender", "recipient", "words")
    filters = (Filter("way", gettext_lazy("Way"), WAYS), Filter("result", gettext_lazy("Result"), RESULTS))
    default_sort = "-at"
    file_name = "mail-journal"
    empty = Empty(
        gettext_lazy("No messages yet"),
        gettext_lazy(
            "Every message that comes in or goes out is listed here for 30 days, never what it says."
        ),
        icon="list-details",
    )


@require_GET
@shows(queries.journal_of)
def journal(request: HttpRequest, service: int) -> HttpResponse:
    """Incoming and outgoing messages (MAIL-93, MAIL-100)."""
    asked = as_console(request)
    mail = service_for(asked, service)
    return JournalTable(request, queries.journal_of(asked.actor, mail)).response(
        "mail/journal.html", frame_of(asked, mail)
    )
