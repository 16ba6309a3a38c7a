"""Who may read about reminders and pay from there."""

from __future__ import annotations

from datetime import timedelta

from kanton.billing.models import Invoice
from kanton.billing.reminders.actions import send_reminders
from kanton.billing.reminders.models import Reminder
from kanton.billing.tests.role_matrix import invoice
from kanton.core import clock
from kanton.core.actor import System
from kanton.organizations.rights import ACCOUNTING
from kanton.testing_matrix import ADMINISTRATORS, GRANTED, NOBODY, Cast, Line, Who, act, api, page

KEEPERS = ADMINISTRATORS | GRANTED
ONE = "/o/<slug:organization>/invoices/<int:number>/reminder"


def number(cast: Cast) -> dict[str, int]:
    return {"number": invoice(cast).pk}


def sent(cast: Cast) -> Reminder:
    """The first reminder of an invoice of Acme that was due a week ago."""
    bill = invoice(cast)
    if not Reminder.objects.filter(invoice=bill).exists():
        Invoice.objects.filter(pk=bill.pk).update(due_on=clock.today() - timedelta(days=7))
        send_reminders(System("reminders"), None, invoices=[bill.pk])
    return Reminder.objects.select_related("invoice").get(invoice=bill)


LINES: list[Line] = [
    act(
        "billing.send_reminders", lambda actor, cast: send_reminders(actor, None, invoices=[]), allowed=NOBODY
    ),
    page(ONE, fill=number, allowed=KEEPERS, right=ACCOUNTING),
    page(
        f"{ONE}/<int:level>/pdf",
        fill=lambda cast: {"number": sent(cast).invoice.pk, "level": 1},
        allowed=KEEPERS,
        right=ACCOUNTING,
    ),
    page(f"{ONE}/pay", post={}, fill=number, allowed=KEEPERS, right=ACCOUNTING),
    api(
        "GET",
        "/1/invoicing/{account}/invoice/{invoice}/reminder/list",
        fill=lambda cast: {"account": cast.acme.pk, "invoice": invoice(cast).pk},
        allowed=KEEPERS,
        right=ACCOUNTING,
        but={Who.STRANGER: 404, Who.STAFF: 404},
    ),
    api(
        "GET",
        "/1/invoicing/{account}/invoice/{invoice}/reminder/{level}/pdf",
        fill=lambda cast: {"account": cast.acme.pk, "invoice": sent(cast).invoice.pk, "level": 1},
        allowed=KEEPERS,
        right=ACCOUNTING,
        but={Who.STRANGER: 404, Who.STAFF: 404},
    ),
]
