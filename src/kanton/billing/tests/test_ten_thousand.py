"""Lists of money take as many queries for 10,000 rows as for 10, and show one page of them."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kanton.accounts.models import Person
from kanton.billing.actions import pay_invoice
from kanton.billing.models import Invoice
from kanton.billing.renewals.tests.conftest import MakeService, at, make_service
from kanton.billing.tests.conftest import order_kites
from kanton.billing.tests.copies import copy_row
from kanton.billing.tests.test_payments import fill
from kanton.catalog.models import Plan
from kanton.core.actor import Actor
from kanton.organizations.models import Organization

__all__ = ["make_service"]

pytestmark = pytest.mark.django_db


def browser_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def queries(client: Client, *paths: str) -> list[int]:
    """How many each page takes; it shows one page and not everything."""
    counts = []
    for path in paths:
        with CaptureQueriesContext(connection) as found:
            answer = client.get(path)
        assert answer.status_code == 200 and len(answer.content) < 400_000, path
        counts.append(len(found))
    return counts


@pytest.mark.spec("BIL-78", "BIL-88")
def test_the_to_pay_list_and_the_renewals(ana: Person, make_service: MakeService) -> None:
    red = make_service()
    paths = (
        f"{reverse('renewals:to_pay', args=['acme'])}?all=1",
        reverse("renewals:renewals", args=["acme"]),
    )
    with at(date(2027, 3, 1)):
        browser = browser_of(ana)
        copy_row(red, 9, name=lambda number: f"few {number}", order_line=lambda number: f"few:{number}")
        queries(browser, *paths)  # whatever is read once
        few = queries(browser, *paths)
        copy_row(red, 9_990, name=lambda number: f"more {number}", order_line=lambda number: f"more:{number}")
        # And how many there are, once there is a second page.
        assert queries(browser, *paths) == [each + 1 for each in few]


@pytest.mark.spec("BIL-82")
def test_documents_of_a_customer_and_those_of_everybody(
    ana: Person, sam: Person, owner: Actor, acme: Organization, kite: Plan
) -> None:
    fill(owner, acme, "100")
    invoice = order_kites(owner, acme, kite, "red").invoice
    pay_invoice(owner, invoice, prepaid_part=invoice.total)
    paid = Invoice.objects.get()

    def more(count: int, name: str) -> None:
        copy_row(
            paid, count, number=lambda each: f"{name}-{each}", reference=lambda _each: None, order=lambda _each: None
        )  # fmt: skip

    def all_queries() -> list[int]:
        own = queries(customer, "/o/acme/invoices", "/o/acme/invoices?status=paid&sort=-total")
        return own + queries(staff, "/staff/invoices", "/staff/invoices?q=Acme")

    customer, staff = browser_of(ana), browser_of(sam)
    more(9, "few")
    all_queries()  # whatever is read once
    few = all_queries()
    more(9_990, "more")
    assert all_queries() == [each + 1 for each in few]  # and how many there are, once there is a second page
