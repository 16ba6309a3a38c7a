"""Lists: pages, offsets, sorting, searching, optional attributes, filters; on querysets and on plain lists."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanton.accounts.models import Person
from kanton.core.api.errors import ApiError
from kanton.core.api.query import parse_query, words
from kanton.core.jobs.models import Job
from kanton.organizations.models import Organization
from kanton.rest.testing import ApiClient


@pytest.fixture
def client(ana: Person) -> ApiClient:
    return ApiClient(ana)


def ids(client: ApiClient, query: str) -> list[int]:
    """The ids of the rows."""
    return [row["id"] for row in client.get(f"/9/rows?{query}").data]


@pytest.mark.spec("API-28")
def test_without_page_the_whole_list_comes_and_with_it_pages(client: ApiClient, echo: None) -> None:
    whole = client.get("/9/rows").json
    assert list(whole) == ["result", "data"]
    assert len(whole["data"]) == 60
    second = client.get("/9/rows?page=2").json
    assert list(second) == ["result", "data", "total", "page", "pages", "items_per_page"]
    assert [row["id"] for row in second["data"]] == list(range(25, 50))
    assert (second["total"], second["page"], second["pages"], second["items_per_page"]) == (60, 2, 3, 25)


@pytest.mark.parametrize("name", ["per_page", "items_per_page", "items"])
def test_the_size_of_a_page_has_three_names(client: ApiClient, echo: None, name: str) -> None:
    reply = client.get(f"/9/rows?page=2&{name}=7").json
    assert ([row["id"] for row in reply["data"]], reply["items_per_page"]) == (list(range(7, 14)), 7)
    assert client.get(f"/9/rows?{name}=7").json["page"] == 1


@pytest.mark.spec("API-28")
def test_a_page_has_at_most_a_thousand_rows(client: ApiClient, echo: None) -> None:
    assert client.get("/9/rows?page=1&per_page=5000").json["items_per_page"] == 1000
    beyond = client.get("/9/rows?page=99").json
    assert (beyond["data"], beyond["total"], beyond["pages"]) == ([], 60, 3)


def test_offsets_and_totals(client: ApiClient, echo: None) -> None:
    assert ids(client, "limit=3&skip=5") == [5, 6, 7]
    assert ids(client, "limit=0") == []
    assert len(ids(client, "skip=58")) == 2
    assert client.get("/9/rows?return=total").data == 60
    assert client.get("/9/rows?return=total&search=row+3").data == 9


def test_sorting(client: ApiClient, echo: None) -> None:
    assert ids(client, "order_by=id&order=desc&limit=2") == [59, 58]
    assert ids(client, "order_by=name&limit=2") == [0, 7]
    assert ids(client, "order_by=name,id&order_for[id]=desc&limit=2") == [56, 49]
    assert ids(client, "order_by[]=name&order_by[]=id&order=DESC&limit=1") == [55]
    assert ids(client, "order_by=id&order_dir=desc&limit=1") == ids(
        client, "order_by=id&order_direction=DESC&limit=1"
    )


@pytest.mark.parametrize(
    "query",
    [
        "page=0", "page=x", "page=-1", "per_page=0", "limit=-1", "skip=x", "return=all", "order_by=colour",
        "order_by=id&order=up", "order_for[colour]=asc", "colour=red", "filter[colour]=red", "kind=c",
        "filter[sizes][]=x", "page=99999999999", "filter=x",
    ],
)  # fmt: skip
@pytest.mark.spec("API-28")
def test_what_makes_no_sense_is_refused_and_not_passed_over(
    client: ApiClient, echo: None, query: str
) -> None:
    reply = client.get(f"/9/rows?{query}")
    assert (reply.status, reply.code) == (422, "validation_failed")
    assert reply.error["errors"][0]["context"]["attribute"]


def test_names_that_clients_always_send_are_no_filters(client: ApiClient, echo: None) -> None:
    assert len(ids(client, "lang=en&locale=en_GB&_=123&search=&with=")) == 60


def test_filters_take_one_and_many(client: ApiClient, echo: None) -> None:
    assert ids(client, "filter[sizes][]=3&filter[sizes][]=5") == [3, 5]
    assert ids(client, "filter[sizes]=3,5") == [3, 5]
    assert ids(client, "filter%5Bsizes%5D%5B0%5D=3&filter%5Bsizes%5D%5B1%5D=5") == [3, 5]
    assert ids(client, "filter[sizes][]=3&filter[name]=") == [3]


def test_optional_attributes_come_only_when_asked_for(client: ApiClient, echo: None) -> None:
    body = {"name": "a", "size": 1}
    assert "extra" not in client.post("/9/echo", body).data
    for query in ("with=extra", "with=*", "with[]=extra", "with[0]=extra", "with=extra&with=extra"):
        assert client.post(f"/9/echo?{query}", body).data["extra"] == "yes"
    reply = client.post("/9/echo?with=extra,more", body)
    assert reply.status == 422
    assert reply.error["errors"][0]["context"] == {"attribute": "with", "values": ["extra"]}


def test_pages_of_a_queryset_are_stable_and_complete(client: ApiClient, acme: Organization) -> None:
    for number in range(30):
        Job.objects.create(task=f"kanton.tasks.t{number}", organization_id=acme.pk)
    found = []
    for page in range(1, 5):
        reply = client.get(f"/1/async/tasks?page={page}&per_page=8").json
        assert (reply["total"], reply["pages"]) == (30, 4)
        found += [row["uuid"] for row in reply["data"]]
    assert len(set(found)) == 30
    first = client.get("/1/async/tasks?order_by=created_at&limit=30&order=asc").data
    assert [row["uuid"] for row in first] == found[::-1]
    assert client.get("/1/async/tasks").json["items_per_page"] == 25
    assert client.get("/1/async/tasks?return=total").data == 30


def test_an_endless_queryset_begins_to_have_pages(
    client: ApiClient, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kanton.core.api.lists.MOST_UNPAGED", 10)
    from kanton.core.api.lists import WHOLE, Lists, Rows, cut

    for number in range(12):
        Job.objects.create(task=f"kanton.tasks.t{number}", organization_id=acme.pk)
    rows, keys = cut(
        Rows(Job.objects.all(), lambda job: job.pk), Lists(order={"id": "pk"}, default="id"), WHOLE
    )
    assert len(rows) == 10
    assert keys == {"total": 12, "page": 1, "pages": 2, "items_per_page": 10}


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=8))
def test_a_query_string_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    try:
        found = parse_query("&".join(f"{name}={value}" for name, value in pairs))
    except ApiError as error:
        assert error.status in (400, 422)
    else:
        assert isinstance(found, dict)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(max_size=20).filter(lambda t: "\0" not in t)
    )
)
def test_what_was_encoded_is_read_back(fields: dict[str, str]) -> None:
    from urllib.parse import urlencode

    try:
        encoded = urlencode(fields)
    except UnicodeEncodeError:  # half characters cannot be sent
        return
    assert parse_query(encoded) == fields


def test_nested_names() -> None:
    nested: Any = parse_query("filter[types][]=A&filter[types][]=TXT&filter[source]=x&a=1&a=2&b[=3&[c]=4")
    assert nested == {
        "filter": {"types": ["A", "TXT"], "source": "x"},
        "a": ["1", "2"],
        "b[": "3",
        "[c]": "4",
    }
    assert words(["a,b", {"0": "c"}, " d "]) == ["a", "b", "c", "d"]
