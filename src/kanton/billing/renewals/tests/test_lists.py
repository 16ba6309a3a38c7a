"""The to-pay list and the cockpit cost a page: sorted and searched by the database, priced as far as they are shown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.billing.renewals import queries
from kanton.billing.renewals.tests.conftest import at
from kanton.organizations.models import Organization
from kanton.products.models import Service
from kanton.rest.testing import ApiClient

DAY = date(2027, 2, 10)
pytestmark = pytest.mark.django_db


@pytest.fixture
def many(acme: Organization, red: Service) -> int:
    """120 kites of Acme end on twelve days in March, one in May; the names run against the days."""
    Service.objects.filter(pk=red.pk).update(ends_on=date(2027, 5, 31))
    Service.objects.bulk_create(
        Service(
            organization=acme, product="kites", plan="kite", name=f"kite {999 - number}", starts_on=DAY,
            ends_on=date(2027, 3, 1) + timedelta(days=number // 10), anchor_day=1, order_line=f"many:{number}",
            wish_state="done", renews_automatically=number % 3 == 0, is_guaranteed=number % 4 == 0,
        )
        for number in range(120)
    )  # fmt: skip
    return 120


@pytest.fixture
def browser(ana: Person) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def names(page: str) -> list[str]:
    """The names of the lines, in their order."""
    return re.findall(r'class="row-link"[^>]*>([^<]+)<', page)


def following(page: str) -> str:
    """The address of the next page."""
    (found,) = re.findall(r'href="(\?[^"]*after=[^"]*)"', page)
    return str(found).replace("&amp;", "&")


@pytest.mark.spec("BIL-88")
@pytest.mark.parametrize("path", ["/o/acme/renewals/to-pay?all=1", "/o/acme/renewals"])
def test_a_page_takes_as_many_queries_for_one_line_as_for_a_hundred(
    browser: Client, acme: Organization, red: Service, path: str, request: pytest.FixtureRequest
) -> None:
    with at(DAY):
        browser.get(path)
        with CaptureQueriesContext(connection) as few:
            assert names(browser.get(path).content.decode()) == ["red"]
        request.getfixturevalue("many")
        browser.get(path)
        with CaptureQueriesContext(connection) as much:
            page = browser.get(path).content.decode()
    assert len(names(page)) == 50 and "121" in page
    # The count of all lines is asked only where there is another page.
    assert len(much) == len(few) + 1


@pytest.mark.usefixtures("many")
def test_what_is_not_shown_is_not_priced(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    priced: list[str] = []

    def note(services: Sequence[Service]) -> dict[int, str]:
        priced.extend(each.name for each in services)
        return {}

    monkeypatch.setattr(queries, "notes_on", note)
    with at(DAY):
        shown = names(browser.get("/o/acme/renewals/to-pay?all=1").content.decode())
    assert len(shown) == 50 and priced == shown


@pytest.mark.usefixtures("many")
@pytest.mark.spec("BIL-88")
def test_pages_follow_one_another_by_day_and_miss_nothing(browser: Client) -> None:
    path, seen = "/o/acme/renewals/to-pay", []
    with at(DAY):
        page = browser.get(f"{path}?all=1").content.decode()
        seen += names(page)
        for _page in range(2):
            page = browser.get(path + following(page)).content.decode()
            seen += names(page)
        assert seen == [*(f"kite {999 - number}" for number in range(120)), "red"]
        two_months = browser.get(path).content.decode()
        assert "120" in two_months and names(two_months) == seen[:50]


@pytest.mark.usefixtures("many")
@pytest.mark.spec("BIL-88")
def test_it_is_sorted_and_searched_before_it_is_cut(browser: Client) -> None:
    path = "/o/acme/renewals/to-pay?all=1"
    with at(DAY):
        assert names(browser.get(f"{path}&sort=name").content.decode())[:2] == ["kite 880", "kite 881"]
        assert names(browser.get(f"{path}&sort=-ends_on").content.decode())[0] == "red"
        found = browser.get(f"{path}&q=kite+88").content.decode()
        assert names(found) == ["kite 988", *(f"kite {number}" for number in range(889, 879, -1))]
        page = browser.get("/o/acme/renewals?sort=-is_guaranteed").content.decode()
        kept = browser.get("/o/acme/renewals").content.decode()
    guaranteed = {f"kite {999 - number}" for number in range(0, 120, 4)}
    assert set(names(page)[:30]) == guaranteed
    # 120 kites, every third automatic, every fourth guaranteed, and red that is neither.
    for number in (40, 30, 61):
        assert f">{number}<" in kept


@pytest.mark.usefixtures("many")
def test_the_file_holds_every_line_in_the_language_of_its_reader(browser: Client) -> None:
    with at(DAY):
        answer = browser.get("/o/acme/renewals?format=csv&sort=name", headers={"accept-language": "de"})
        lines = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [line[0] for line in lines[1:]] == [*(f"kite {number}" for number in range(880, 1000)), "red"]
    assert lines[-1][1] == "2027-05-31" and lines[-1][-1] == "50.00"
    assert lines[0][0] == "Produkt"
    assert lines[-1][4] == "Wird gesperrt, wenn Sie es nicht vorher erneuern."


@pytest.mark.usefixtures("many")
@pytest.mark.spec("API-29")
def test_programs_get_pages_too(ana: Person, acme: Organization) -> None:
    client, path = ApiClient(ana), f"/1/invoicing/{acme.pk}/renewal/list?due=all"
    with at(DAY):
        client.get(path)
        with CaptureQueriesContext(connection) as first:
            one = client.get(f"{path}&page=1&items_per_page=1")
        with CaptureQueriesContext(connection) as second:
            ten = client.get(f"{path}&page=2&items_per_page=10")
        assert len(first) == len(second)
        assert [each["name"] for each in one.data] == ["kite 999"]
        assert [each["name"] for each in ten.data] == [f"kite {number}" for number in range(989, 979, -1)]
        assert ten.data[0]["net"] == {"amount": "50.00", "currency": "CHF"}
        assert client.get(f"{path}&return=total").data == 121
        assert len(client.get(path).data) == 121
        last = client.get(f"{path}&order_by=name&order=desc&limit=1").data
        assert [each["name"] for each in last] == ["red"]
        assert [each["name"] for each in client.get(f"{path}&search=KITE+99&order_by=name").data] == [
            f"kite {number}" for number in range(990, 1000)
        ]
