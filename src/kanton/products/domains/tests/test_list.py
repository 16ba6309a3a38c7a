"""The list of domains asks the database as often for many as for few, whichever way it is narrowed."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.organizations.models import Organization
from kanton.products.domains.tests.factories import make_domain
from kanton.ui import kept

pytestmark = pytest.mark.django_db
PATHS = ("", "?sort=-expires_on", "?state=registering&state=active", "?q=example", "?format=csv")


def asked(client: Client, query: str) -> tuple[int, str]:
    path = f"/o/acme/domains{query}"
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    assert answer.status_code == 200
    return len(queries), text.decode()


def test_ten_times_the_domains_cost_no_more_queries(client: Client, ana: Person, acme: Organization) -> None:
    client.force_login(ana)
    make_domain(acme, "first.example")
    few = {query: asked(client, query) for query in PATHS}
    for number in range(10):
        make_domain(acme, f"more{number}.example")
    for query, (count, text) in few.items():
        now, longer = asked(client, query)
        assert now == count, query
        assert "first.example" in text and "more9.example" not in text
        assert all(f"more{number}.example" in longer for number in range(10)), query


def test_page_and_table_are_kept(
    client: Client, ana: Person, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tag in the shell that reads the request would make every list slow, and nobody would see it."""
    monkeypatch.setattr(kept, "_kept", {})
    make_domain(acme, "first.example")
    client.force_login(ana)
    client.get("/o/acme/domains")
    assert sorted(key[0] for key, piece in kept._kept.items() if piece is not None) == ["page", "table"]  # type: ignore[index]
