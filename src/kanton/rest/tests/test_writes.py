"""Writes: tried before they are done, confirmed, repeated without harm, and refused when somebody was faster."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.jobs.models import Job
from kanton.core.outbox.models import Mail
from kanton.organizations.models import Organization
from kanton.rest.models import KeptAnswer
from kanton.rest.tasks import forget_kept_answers
from kanton.rest.testing import ApiClient
from kanton.rest.tests import echo_api
from kanton.testing_at_once import real_database, run_program

__all__ = ["real_database"]

pytestmark = pytest.mark.usefixtures("echo")


@pytest.fixture
def client(ana: Person) -> ApiClient:
    return ApiClient(ana)


# --- dry runs ------------------------------------------------------------------------------------------------


def test_a_dry_run_tells_everything_and_changes_nothing(client: ApiClient, acme: Organization) -> None:
    before = (Activity.objects.count(), Job.objects.count(), Mail.objects.count())
    told = client.put(f"/9/organizations/{acme.pk}?dry_run=1", {"name": "Acme & Co"}).data
    assert told["dry_run"] is True
    assert [each["code"] for each in told["changes"]] == ["organizations.details_changed"]
    assert [each["to"] for each in told["mails"]] == ["ana@acme.example"]
    assert (told["price"], told["irreversible"], told["confirmation"]) == ([], [], None)
    acme.refresh_from_db()
    assert acme.name == "Acme"
    assert (Activity.objects.count(), Job.objects.count(), Mail.objects.count()) == before


def test_a_dry_run_meets_the_same_refusals(
    ben: Person, zoe: Person, client: ApiClient, acme: Organization
) -> None:
    path = f"/9/organizations/{acme.pk}?dry_run=1"
    assert ApiClient(ben).put(path, {"name": "x"}).code == "access_denied"
    assert ApiClient(zoe).put(path, {"name": "x"}).code == "object_not_found"
    assert client.put(path, {}).code == "validation_failed"


def test_dry_run_false_does_it(client: ApiClient, acme: Organization) -> None:
    assert client.put(f"/9/organizations/{acme.pk}?dry_run=0", {"name": "Acme 2"}).data["name"] == "Acme 2"


# --- confirmations -------------------------------------------------------------------------------------------


def test_what_costs_money_or_destroys_needs_the_token_of_a_dry_run(
    client: ApiClient, acme: Organization
) -> None:
    path = f"/9/organizations/{acme.pk}"
    assert client.delete(path).code == "confirmation_required"
    told = client.delete(f"{path}?dry_run=1").data
    assert told["price"] == [{"label": "Removal", "amount": {"amount": "5.00", "currency": "CHF"}}]
    assert told["irreversible"] == ["All of it is lost."]
    token = told["confirmation"]["token"]
    assert client.delete(path, X_CONFIRMATION="nonsense").code == "confirmation_stale"
    acme.refresh_from_db()
    assert acme.name == "Acme"
    assert client.delete(path, X_CONFIRMATION=token).data is True
    acme.refresh_from_db()
    assert acme.name == "gone"


def test_a_confirmation_is_for_this_request_this_person_and_this_price(
    client: ApiClient, ana: Person, zoe: Person, acme: Organization, globex: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = f"/9/organizations/{acme.pk}"
    token = client.delete(f"{path}?dry_run=1").data["confirmation"]["token"]
    assert client.put(path, {"name": "x"}, X_CONFIRMATION=token).code == "confirmation_stale"
    assert (
        ApiClient(zoe).delete(f"/9/organizations/{globex.pk}", X_CONFIRMATION=token).code
        == "confirmation_stale"
    )
    monkeypatch.setattr(echo_api, "PRICE", [900])
    assert client.delete(path, X_CONFIRMATION=token).code == "confirmation_stale"
    monkeypatch.setattr(echo_api, "PRICE", [500])
    with clock.travel(clock.now() + timedelta(minutes=11)):
        assert client.delete(path, X_CONFIRMATION=token).code == "confirmation_stale"
    acme.refresh_from_db()
    assert acme.name == "Acme"
    assert ApiClient(ana).delete(path, X_CONFIRMATION=token).data is True  # another token of the same person


# --- repeated requests ---------------------------------------------------------------------------------------


@pytest.mark.spec("API-27")
def test_a_repeated_key_returns_the_first_answer_and_does_nothing(
    client: ApiClient, acme: Organization
) -> None:
    first = client.post("/9/organizations", {"name": "New"}, IDEMPOTENCY_KEY="k1")
    again = client.post("/9/organizations", {"name": "New"}, IDEMPOTENCY_KEY="k1")
    assert (again.status, again.body) == (first.status, first.body) == (201, first.body)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Organization.objects.filter(name="New").count() == 1
    other = client.post("/9/organizations", {"name": "Other"}, IDEMPOTENCY_KEY="k1")
    assert (other.status, other.code) == (409, "conflict_error")
    assert not Organization.objects.filter(name="Other").exists()
    assert client.post("/9/organizations", {"name": "New"}, IDEMPOTENCY_KEY="k2").data != first.data


@pytest.mark.spec("API-27")
def test_a_key_is_good_for_a_day_and_for_one_person(
    client: ApiClient, zoe: Person, acme: Organization
) -> None:
    body = {"name": "New"}
    first = client.post("/9/organizations", body, IDEMPOTENCY_KEY="k1").data
    assert ApiClient(zoe).post("/9/organizations", body, IDEMPOTENCY_KEY="k1").data != first
    with clock.travel(clock.now() + timedelta(hours=23, minutes=59)):
        assert client.post("/9/organizations", body, IDEMPOTENCY_KEY="k1").data == first
        forget_kept_answers.call()
        assert KeptAnswer.objects.count() == 2
    with clock.travel(clock.now() + timedelta(hours=24, seconds=1)):
        assert client.post("/9/organizations", body, IDEMPOTENCY_KEY="k1").data != first
        forget_kept_answers.call()
        assert KeptAnswer.objects.count() == 1


def test_a_refusal_is_repeated_too(client: ApiClient, ben: Person, acme: Organization) -> None:
    body = {"name": "x", "_method": "PUT"}
    first = ApiClient(ben).post(f"/9/organizations/{acme.pk}", body)
    assert first.code == "access_denied"
    first = client.post("/9/organizations?dry_run=1", {"name": "x"}, IDEMPOTENCY_KEY="k")
    assert first.data["dry_run"] is True
    assert KeptAnswer.objects.count() == 0
    assert client.post("/9/organizations", {}, IDEMPOTENCY_KEY="k").code == "validation_failed"
    assert client.post("/9/organizations", {"name": "x"}, IDEMPOTENCY_KEY="k").status == 201


def test_a_nonsense_key_is_refused(client: ApiClient, acme: Organization) -> None:
    for key in ("x" * 256, "a\tb", "é"):
        assert client.post("/9/organizations", {"name": "x"}, IDEMPOTENCY_KEY=key).code == "bad_request"


def test_kept_answers_are_encrypted(client: ApiClient, acme: Organization) -> None:
    client.post("/9/organizations", {"name": "Very secret name"}, IDEMPOTENCY_KEY="k")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM rest_keptanswer")
        (stored,) = cursor.fetchone()
    assert "secret" not in stored
    assert "Very secret name" in KeptAnswer.objects.get().body


# --- versions of what was read -------------------------------------------------------------------------------


@pytest.mark.spec("API-29")
def test_a_lost_race_is_412_and_changes_nothing(client: ApiClient, acme: Organization) -> None:
    path = f"/9/organizations/{acme.pk}"
    seen = client.get(path).headers["ETag"]
    assert client.put(path, {"name": "First"}, IF_MATCH=seen).status == 200
    late = client.put(path, {"name": "Second"}, IF_MATCH=seen)
    assert (late.status, late.code) == (412, "precondition_failed")
    acme.refresh_from_db()
    assert acme.name == "First"
    assert client.put(path, {"name": "Third"}, IF_MATCH=client.get(path).headers["ETag"]).status == 200
    assert client.put(path, {"name": "Fourth"}, IF_MATCH="*").status == 200
    assert client.put("/9/organizations/999", {"name": "x"}, IF_MATCH="*").status == 404


def test_a_version_remembers_how_it_was_read(client: ApiClient, acme: Organization) -> None:
    path = f"/9/organizations/{acme.pk}"
    seen = client.get(f"{path}?with=city").headers["ETag"]
    assert seen != client.get(path).headers["ETag"]
    Organization.objects.filter(pk=acme.pk).update(city="Thun")
    assert client.put(path, {"name": "x"}, IF_MATCH=seen).status == 412
    seen = client.get(f"{path}?with=city").headers["ETag"]
    assert client.put(path, {"name": "x"}, IF_MATCH=f'"other", W/{seen}').status == 200


def test_what_is_known_is_not_sent_again(client: ApiClient, acme: Organization) -> None:
    path = f"/9/organizations/{acme.pk}"
    tag = client.get(path).headers["ETag"]
    assert client.get(path, IF_NONE_MATCH=tag).status == 304
    Organization.objects.filter(pk=acme.pk).update(name="New")
    assert client.get(path, IF_NONE_MATCH=tag).data["name"] == "New"


# --- many at once --------------------------------------------------------------------------------------------


@pytest.mark.spec("API-27", "API-29")
def test_of_eight_programs_at_once_one_has_an_effect(real_database: str, tmp_path: Path) -> None:
    assert run_program("kanton.rest.tests.writers_at_once", real_database, tmp_path) == {
        "bodies": 8,
        "different": 1,
        "made": 1,
        "statuses": ["200"] + ["412"] * 7,
    }


# --- the log -------------------------------------------------------------------------------------------------


@pytest.mark.spec("API-21")
def test_the_activity_names_the_token(ana: Person, acme: Organization) -> None:
    from kanton.rest.testing import token_for

    client = ApiClient(token=token_for(ana, name="deployment"))
    client.put(f"/9/organizations/{acme.pk}", {"name": "By program"})
    latest = Activity.objects.filter(organization_id=acme.pk).latest("pk")
    assert latest.person_id == ana.pk
    assert latest.via == "deployment"


def test_a_refused_write_leaves_no_trace(ben: Person, acme: Organization) -> None:
    before = Activity.objects.count()
    with transaction.atomic():
        assert ApiClient(ben).put(f"/9/organizations/{acme.pk}", {"name": "x"}).status == 403
    acme.refresh_from_db()
    assert (acme.name, Activity.objects.count()) == ("Acme", before)
