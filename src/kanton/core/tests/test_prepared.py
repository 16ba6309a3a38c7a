"""Queries that are written once give what the query set gives."""

from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Upper
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.accounts.sessions import SessionStore
from kanton.core import clock
from kanton.core.prepared import Prepared, PreparedList, PreparedModels, at_one_moment
from kanton.organizations.models import Membership, Organization

pytestmark = pytest.mark.django_db


def test_prepared_models_are_the_models_of_the_query_set(acme: Organization, globex: Organization) -> None:
    by_name = PreparedModels(lambda name: Organization.objects.filter(name=name), str)
    for wanted in (acme, globex, acme):
        found = by_name.first(wanted.name)
        assert found == wanted
        values = {
            field.attname: getattr(found, field.attname) for field in Organization._meta.concrete_fields
        }
        stored = Organization.objects.get(pk=wanted.pk)
        assert values == {name: getattr(stored, name) for name in values}
    assert by_name.first("nobody") is None and by_name("nobody") == []
    found = by_name.first(acme.name)
    assert found is not None
    found.city = "Thun"
    found.save()
    assert Organization.objects.get(pk=acme.pk).city == "Thun"


def test_a_prepared_list_is_the_query_set_in_any_order(acme: Organization, globex: Organization) -> None:
    members = PreparedList(
        lambda organization_id: (
            Membership.objects.filter(organization=organization_id)
            .select_related("person")
            .annotate(shout=Upper("person__first_name"))
            .prefetch_related("grants")
        ),
        int,
    )
    for number in range(3):
        person = Person.objects.create(
            email=f"p{number}@acme.example", email_key=f"p{number}", first_name=f"P{number}"
        )
        Membership.objects.create(organization=acme, person=person, role="collaborator")
    rows = members.of(acme.pk, organization=acme)
    for key, limit in (("pk", 10), ("-pk", 10), ("-pk", 2), ("pk", 10)):
        with CaptureQueriesContext(connection) as queries:
            found = rows.first(key, lambda key=key: [key], limit)  # type: ignore[misc]
            said = [
                (each.shout, each.person.first_name, each.organization.slug, list(each.grants.all()))  # type: ignore[attr-defined]
                for each in found
            ]
        assert len(queries) == 2, "the rows, and what is fetched along with them"
        wanted = rows.query_set().order_by(key)[:limit]
        assert found == list(wanted)
        assert said == [
            (each.person.first_name.upper(), each.person.first_name, "acme", []) for each in wanted
        ]
    assert members.of(globex.pk).first("pk", lambda: ["pk"], 10) == list(
        Membership.objects.filter(organization=globex)
    )


def test_a_session_is_read_until_it_ends_and_never_afterwards(acme: Organization) -> None:
    person = Person.objects.get(memberships__organization=acme, memberships__role="owner")
    client = Client()
    client.force_login(person)
    key = client.session.session_key
    assert key is not None
    assert SessionStore(key)["_auth_user_id"] == str(person.pk)
    Session.objects.update(expire_date=clock.now() - timedelta(seconds=1))
    assert "_auth_user_id" not in SessionStore(key)
    assert SessionStore("0" * 32).load() == {}
    assert SessionStore(None).load() == {}


def test_a_person_who_is_blocked_has_no_session_any_more(acme: Organization) -> None:
    person = Person.objects.get(memberships__organization=acme, memberships__role="owner")
    client = Client()
    client.force_login(person)
    assert client.get(f"/o/{acme.slug}/").status_code == 200
    Person.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get(f"/o/{acme.slug}/").status_code == 302


def test_arguments_stand_where_they_belong_and_constants_are_written(
    acme: Organization, globex: Organization
) -> None:
    Organization.objects.filter(pk=globex.pk).update(city="L'Abbaye 100%?")
    found = Prepared(
        lambda number, since, name: (
            Organization.objects.filter(pk=number, created_at__gte=since, name=name)
            .exclude(city="it's 5%")
            .values_list("pk", "created_at", "city")
        ),
        int,
        datetime,
        str,
    )
    long_ago = clock.now() - timedelta(days=1)
    assert found(acme.pk, long_ago, "Acme") == [(acme.pk, acme.created_at, acme.city)]
    assert found(globex.pk, long_ago, "Globex") == [(globex.pk, globex.created_at, "L'Abbaye 100%?")]
    assert found(acme.pk, long_ago, "Globex") == []
    assert found(acme.pk, clock.now() + timedelta(days=1), "Acme") == []
    assert found.first(acme.pk, long_ago, "nobody") is None


def test_who_counts_queries_sees_prepared_ones_too(acme: Organization) -> None:
    found = Prepared(lambda name: Organization.objects.filter(name=name, city="100%?").values_list("pk"), str)
    assert found("Acme") == []
    with CaptureQueriesContext(connection) as seen:
        assert found("Acme") == []
    assert len(seen) == 1


def test_an_argument_that_the_query_changes_is_refused(db: None) -> None:
    with pytest.raises(ValueError, match="not in the query as they were given"):
        Prepared(lambda name: Organization.objects.filter(name__icontains=name).values_list("pk"), str)("a")
    with pytest.raises(TypeError):
        Prepared(lambda name: Organization.objects.values_list("pk"), list)([])


@pytest.mark.django_db(transaction=True)
def test_one_moment_is_one_transaction_of_sqlite_that_refuses_to_write_and_leaves_nothing() -> None:
    acme = Organization.objects.create(name="Acme", slug="acme", kind="company")
    slugs = Prepared(lambda name: Organization.objects.filter(name=name).values_list("slug"), str)
    is_sqlite = connection.vendor == "sqlite"
    with at_one_moment():
        assert slugs("Acme") == [("acme",)]
        if is_sqlite:
            assert connection.connection.in_transaction
            with pytest.raises(OperationalError), transaction.atomic():
                acme.delete()
    if is_sqlite:
        assert not connection.connection.in_transaction
    with transaction.atomic(), at_one_moment():
        Organization.objects.update(name="Globex")  # in a transaction of somebody else it is theirs to end
    assert slugs("Globex") == [("acme",)]
