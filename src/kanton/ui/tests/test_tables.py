"""Tables: sorting, filters, search, cursors, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from kanton.core.outbox.models import Mail, MailState
from kanton.ui.tables import (
    Bulk,
    ChoiceColumn,
    Column,
    DateColumn,
    Empty,
    Filter,
    RowAction,
    Table,
    defused,
)
from kanton.ui.tests.factories import a_request, mails


class MailTable(Table[Mail]):
    """One of each kind of column."""

    to = Column("To", link=lambda row: f"/mail/{row.pk}", sort="to")
    subject = Column("Subject", sort="subject")
    state = ChoiceColumn("State", choices=MailState.choices, kinds={"sent": "done"})
    sent_at = DateColumn("Sent", sort="sent_at")
    search = ("to", "subject")
    filters = (Filter("state", "State", MailState.choices),)
    bulk = (Bulk("Send again", "/mail/again"),)
    default_sort = "to"
    per_page = 10
    empty = Empty("No mail yet", "It stands here once it is written.", "Write", "/mail/new")

    def row_actions(self, row: Mail) -> Sequence[RowAction]:
        """One line."""
        return (RowAction("Forget", f"/mail/{row.pk}/forget", post=True),)


def table(path: str = "/mails", **headers: str) -> MailTable:
    return MailTable(a_request(path, **headers), Mail.objects.all())


def walk(path: str) -> list[list[int]]:
    """The ids of all pages, forwards."""
    pages, address = [], path
    for _round in range(100):
        here = table(address)
        pages.append([row.pk for row in here.page.rows])
        if not here.next_url:
            return pages
        address = f"/mails{here.next_url}"
    raise AssertionError("the pages never end")


@pytest.mark.django_db
@pytest.mark.parametrize("sort", ["to", "-to", "subject", "-subject", "sent_at", "-sent_at"])
def test_every_row_stands_on_exactly_one_page_whatever_the_order(sort: str) -> None:
    mails(37, sent=12)
    pages = walk(f"/mails?sort={sort}")
    flat = [pk for page in pages for pk in page]
    assert [len(page) for page in pages] == [10, 10, 10, 7]
    assert sorted(flat) == sorted(Mail.objects.values_list("pk", flat=True))
    values = [getattr(Mail.objects.get(pk=pk), sort.lstrip("-")) for pk in flat]
    filled = [value for value in values if value is not None]
    assert filled == sorted(filled, reverse=sort.startswith("-"))
    assert values[len(filled) :] == [None] * (len(values) - len(filled)), "empty values stand at the end"


@pytest.mark.django_db
@pytest.mark.parametrize("sort", ["to", "-subject", "sent_at", "-sent_at"])
def test_going_back_shows_the_page_one_came_from(sort: str) -> None:
    mails(37, sent=12)
    first = table(f"/mails?sort={sort}")
    second = table(f"/mails{first.next_url}")
    third = table(f"/mails{second.next_url}")
    back = table(f"/mails{third.previous_url}")
    assert [row.pk for row in back.page.rows] == [row.pk for row in second.page.rows]
    start = table(f"/mails{back.previous_url}")
    assert [row.pk for row in start.page.rows] == [row.pk for row in first.page.rows]
    assert start.previous_url == "" and start.next_url


@pytest.mark.django_db
def test_a_table_asks_the_database_twice_for_ten_rows_and_for_a_thousand() -> None:
    counts = []
    for number in (10, 1000):
        Mail.objects.all().delete()
        mails(number)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            here = table("/mails?sort=-subject")
            here.body()
            assert here.total == number
        counts.append(len(queries))
    assert counts == [1, 2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cursor", ["x", "!!!", "W10", "bnVsbA", "WyJ0byIsW10sMV0", "WyJ0byIsIngiLCJ6eiJd", "A" * 5000, "%00"]
)
def test_a_broken_cursor_shows_the_first_page(cursor: str) -> None:
    mails(12)
    here = table(f"/mails?after={cursor}")
    assert [row.to for row in here.page.rows] == [f"person{index:04d}@example.ch" for index in range(10)]


@pytest.mark.django_db
def test_filters_and_search_live_in_the_address_and_can_be_taken_away() -> None:
    mails(5, state="waiting")
    Mail.objects.filter(to="person0001@example.ch").update(state="failed")
    here = table("/mails?state=failed&state=nonsense&q=person&sort=-to")
    assert [row.to for row in here.page.rows] == ["person0001@example.ch"]
    assert [(chip.label, chip.remove_url) for chip in here.chips] == [("State: Failed", "?q=person&sort=-to")]
    assert here.clear_url == "?sort=-to"
    assert here.kept == [("state", "failed"), ("state", "nonsense"), ("sort", "-to")]


@pytest.mark.django_db
def test_every_word_of_a_search_must_fit_some_field() -> None:
    mails(20)
    assert [row.to for row in table("/mails?q=0003+subject").page.rows] == ["person0003@example.ch"]
    assert table("/mails?q=0003+0004").page.rows == []


@pytest.mark.django_db
def test_sorting_by_an_unknown_field_is_ignored() -> None:
    mails(3)
    assert next(row.to for row in table("/mails?sort=text").page.rows) == "person0000@example.ch"
    assert next(row.to for row in table("/mails?sort=--to").page.rows) == "person0000@example.ch"


@pytest.mark.django_db
def test_first_use_explains_and_no_match_offers_to_clear() -> None:
    from django.template.loader import render_to_string

    def shown(path: str) -> str:
        request = a_request(path)
        return render_to_string("ui/table.html", {"table": MailTable(request, Mail.objects.all())}, request)

    assert "No mail yet" in shown("/mails") and "Write" in shown("/mails")
    mails(1)
    assert "Nothing matches" in shown("/mails?q=nobody")
    assert 'href="/mails"' in shown("/mails?q=nobody"), "clearing leads to the bare address"
    assert "No mail yet" not in shown("/mails?q=nobody")


@pytest.mark.django_db
def test_text_from_people_is_escaped_everywhere() -> None:
    from django.template.loader import render_to_string

    mails(1)
    evil = '"><script>alert(1)</script>'
    Mail.objects.update(to=evil, subject=evil)
    request = a_request("/mails", data={"q": evil})
    shown = render_to_string("ui/table.html", {"table": MailTable(request, Mail.objects.all())}, request)
    assert "<script>" not in shown and shown.count("&lt;script&gt;") >= 3


def read_csv(answer: HttpResponseBase) -> list[list[str]]:
    assert isinstance(answer, StreamingHttpResponse)
    whole = b"".join(answer.streaming_content).decode("utf-8")  # type: ignore[arg-type]
    assert whole.startswith("\ufeff")
    return list(csv.reader(io.StringIO(whole.removeprefix("\ufeff"))))


@pytest.mark.django_db
def test_the_file_has_all_matching_rows_and_no_formulas() -> None:
    mails(23)
    Mail.objects.filter(to="person0000@example.ch").update(subject="=HYPERLINK(1)", state="sent")
    here = table("/mails?q=person&after=zzz&format=csv")
    answer: Any = here.response("unused.html")
    rows = read_csv(answer)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mail.csv"'
    assert rows[0] == ["To", "Subject", "State", "Sent"]
    assert len(rows) == 24
    assert rows[1] == ["person0000@example.ch", "'=HYPERLINK(1)", "Sent", ""]


@given(st.text(max_size=40))
def test_no_cell_starts_like_a_formula_and_nothing_is_lost(text: str) -> None:
    made = defused(text)
    assert not made.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert made.removeprefix("'") == text.removeprefix("'") or made == text


@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=40), st.booleans())
def test_a_list_is_paged_like_a_query(values: list[int | None], down: bool) -> None:
    class Numbers(Table[dict[str, Any]]):
        value = Column("Value", sort="value")
        default_sort = "-value" if down else "value"
        per_page = 7
        id_field = "id"

    rows = [{"id": index, "value": value} for index, value in enumerate(values)]
    seen, address = [], "/numbers"
    for _round in range(20):
        here = Numbers(a_request(address), rows)
        seen += here.page.rows
        if not here.next_url:
            break
        address = f"/numbers{here.next_url}"
    assert sorted(row["id"] for row in seen) == list(range(len(rows)))
    filled = [row["value"] for row in seen if row["value"] is not None]
    assert filled == sorted(filled, reverse=down)


@pytest.mark.django_db
def test_htmx_gets_only_the_table_it_asks_for() -> None:
    mails(2)
    part = table("/mails", **{"HX-Request": "true", "HX-Target": "table-mail"}).response("unused.html")
    assert part.content.decode().strip().startswith('<div class="table-box" id="table-mail">')
    assert part.headers["Vary"] == "HX-Request"


@pytest.mark.django_db
def test_two_tables_on_a_page_do_not_disturb_each_other() -> None:
    mails(3)
    here = table("/mails?other-q=nobody")
    other = MailTable(a_request("/mails?other-q=nobody"), Mail.objects.all())
    other.prefix = "other-"
    other.query = "nobody"
    assert len(here.page.rows) == 3
    assert parse_qs(urlsplit(other.csv_url).query) == {"other-q": ["nobody"], "other-format": ["csv"]}
