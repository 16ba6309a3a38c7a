"""The account over the API: the shapes that clients rely on, and the same checks as in the console."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kanton.accounts.models import ApiToken, Person
from kanton.activity.models import Activity
from kanton.core import clock, reference
from kanton.core.outbox.testing import Outbox
from kanton.core.secrets import token_hash
from kanton.organizations.models import Organization
from kanton.rest.testing import ApiClient
from kanton.testing import PASSWORD

NEW = "an entirely different sentence"


def test_the_profile_has_every_field_that_clients_read(ana: Person) -> None:
    data = ApiClient(ana).get("/2/profile").data
    assert data == {
        "id": ana.pk, "display_name": "Ana Keller", "first_name": "Ana", "last_name": "Keller",
        "email": "ana@acme.example", "is_sso": False, "avatar": None, "login": "ana@acme.example",
        "is_confirmed": True,
    }  # fmt: skip


def test_more_is_loaded_with_with(ana: Person) -> None:
    Person.objects.filter(pk=ana.pk).update(phone="+41791234567", recovery_email="ana@elsewhere.example")
    data = ApiClient(ana).get("/2/profile?with=emails,phones,preferences,sessions").data
    assert [one["email"] for one in data["emails"]] == ["ana@acme.example", "ana@elsewhere.example"]
    assert [one["phone"] for one in data["phones"]] == ["+41791234567"]
    assert data["preferences"]["language"]["locale"] == "en_GB"
    assert data["preferences"]["country"]["short_name"] == "CH"
    assert data["preferences"]["timezone"]["name"] == "Europe/Zurich"


def test_the_profile_is_changed_as_in_the_console(ana: Person) -> None:
    body = {
        "firstname": "Anna", "locale": "de_DE", "country_id": reference.country_number("FR"),
        "timezone_id": reference.timezone_number("Europe/Paris"), "email": ana.email,
    }  # fmt: skip
    assert ApiClient(ana).patch("/2/profile", body).data["first_name"] == "Anna"
    ana.refresh_from_db()
    assert (ana.language, ana.country, ana.time_zone) == ("de", "FR", "Europe/Paris")


@pytest.mark.parametrize(
    "body",
    [
        {"language_id": 99},
        {"country_id": 99},
        {"timezone_id": 99},
        {"locale": "xx_XX"},
        {"timezone": "Mars/Olympus"},
        {"email": "other@example.ch"},
        {"firstname": "x" * 81},
        {"password": "short", "current_password": PASSWORD},
        {"password": NEW, "current_password": "wrong"},
        {"password": NEW},
    ],
)
def test_what_cannot_be_is_refused_with_its_attribute(ana: Person, body: dict[str, object]) -> None:
    reply = ApiClient(ana).patch("/2/profile", {"lastname": "Changed"} | body)
    assert reply.status == 422
    ana.refresh_from_db()
    assert ana.last_name == "Keller" and ana.check_password(PASSWORD)


def test_the_password_is_changed_with_the_present_one(ana: Person, outbox: Outbox) -> None:
    client = ApiClient(ana)
    assert client.patch("/2/profile", {"password": NEW, "current_password": PASSWORD}).status == 200
    ana.refresh_from_db()
    assert ana.check_password(NEW)
    assert [mail.template for mail in outbox] == ["accounts/password_changed"]
    assert client.get("/2/profile").status == 200, "API tokens go on"


@pytest.mark.spec("API-18", "API-19", "API-21")
def test_tokens_are_made_listed_and_revoked(ana: Person, outbox: Outbox) -> None:
    client = ApiClient(ana)
    until = int((clock.now() + timedelta(days=1)).timestamp())
    body = {"name": "DNS", "scopes": ["dns:write"], "current_password": PASSWORD, "expires_at": until}
    made = client.post("/2/profile/tokens", body).data
    token = ApiToken.objects.get(pk=made["id"])
    assert token.digest == token_hash(made["token"])
    listed = client.get("/2/profile/tokens").data
    assert [one["name"] for one in listed] == ["DNS", "test"] and "token" not in listed[0]
    new = ApiClient(token=made["token"])
    assert new.get("/2/profile").status in (401, 403), "not within its scope"
    with clock.travel(clock.now() + timedelta(days=2)):
        assert new.get("/1/countries").status == 401
    assert new.get("/1/countries").status == 200
    assert client.delete(f"/2/profile/tokens/{made['id']}").data is True
    assert new.get("/1/countries").status == 401
    assert [mail.template for mail in outbox] == ["accounts/token_created", "accounts/token_revoked"]
    row = Activity.objects.get(kind="accounts.token_revoked")
    assert (row.actor_label, row.token_name) == ("Ana Keller", "test")


@pytest.mark.spec("API-19")
def test_a_narrow_token_makes_no_wider_one(ana: Person) -> None:
    narrow = ApiClient(ana, scopes=("profile_update",))
    body = {"name": "x", "scopes": ["all"], "current_password": PASSWORD}
    assert narrow.post("/2/profile/tokens", body).status == 422
    assert narrow.post("/2/profile/tokens", body | {"scopes": ["user_info"]}).status == 201
    assert ApiToken.objects.exclude(name="test").count() == 1


def test_the_tokens_of_others_are_not_there(ana: Person, zoe: Person) -> None:
    foreign = ApiToken.objects.create(person=zoe, name="hers", digest="x", scopes=["all"])
    client = ApiClient(ana)
    assert client.delete(f"/2/profile/tokens/{foreign.pk}").status == 404
    assert "hers" not in str(client.get("/2/profile/tokens").data)
    foreign.refresh_from_db()
    assert foreign.revoked_at is None


def test_the_activity_is_listed_and_narrowed(ana: Person, acme: Organization) -> None:
    client = ApiClient(ana)
    client.patch("/2/profile", {"firstname": "Anna"})
    client.patch("/2/profile", {"firstname": "Ana"})
    reply = client.get("/2/profile/activity")
    assert [one["kind"] for one in reply.data] == ["accounts.profile_changed"] * 2
    assert reply.data[0]["token"] == "test" and reply.json["total"] == 2
    now = int(clock.now().timestamp())
    assert client.get(f"/2/profile/activity?until={now - 3600}").data == []
    assert len(client.get(f"/2/profile/activity?from={now - 3600}&search=ANNA").data) == 2
    assert client.get("/2/profile/activity?search=nobody").data == []
    assert client.get("/2/profile/activity?filter[kinds][]=accounts.signed_in").data == []
    assert client.get(f"/2/profile/activity?from={10**17}").status == 422


def test_an_inactive_person_has_no_token_any_more(ana: Person) -> None:
    client = ApiClient(ana)
    Person.objects.filter(pk=ana.pk).update(is_active=False)
    assert client.get("/2/profile").status == 401
