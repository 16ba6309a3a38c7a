"""Reference data, and the state of work that goes on."""

from __future__ import annotations

import uuid

import pytest

from kanton.accounts.models import Person
from kanton.core.action import ACTIONS
from kanton.core.jobs.models import Job, JobState
from kanton.organizations.models import Organization
from kanton.rest.api import task_uuid
from kanton.rest.testing import ApiClient


@pytest.fixture
def client(ana: Person) -> ApiClient:
    return ApiClient(ana)


def test_countries_have_numbers_that_stay(client: ApiClient) -> None:
    assert {"id": 308, "name": "Switzerland", "short_name": "CH", "is_enabled": True} in client.get(
        "/1/countries"
    ).data
    assert client.get("/1/countries/308").data["short_name"] == "CH"
    assert client.get("/1/countries/1").code == "object_not_found"
    assert [each["short_name"] for each in client.get("/1/countries?search=liecht").data] == ["LI"]
    assert [each["id"] for each in client.get("/1/countries?only_enabled=1&limit=1&order_by=id").data] == [
        103
    ]
    names = [each["name"] for each in client.get("/1/countries").data]
    assert 240 < len(names) < 270
    assert len({each["id"] for each in client.get("/1/countries").data}) == len(names)


def test_languages_and_time_zones(client: ApiClient) -> None:
    assert [each["short_name"] for each in client.get("/1/languages").data] == ["fr", "en", "de", "it", "es"]
    (zurich,) = client.get("/1/timezones?search=Zurich").data
    assert zurich["gmt"] in ("GMT+01:00", "GMT+02:00")
    assert client.get(f"/1/timezones/{zurich['id']}").data["name"] == "Europe/Zurich"
    assert client.get("/1/timezones/1").code == "object_not_found"


def test_actions_are_listed_with_what_they_do(client: ApiClient) -> None:
    found = client.get("/1/actions").data
    assert len(found) == len(ACTIONS)
    (invite,) = [each for each in found if each["code"] == "organizations.invite_member"]
    assert "nvite" in invite["description"]
    assert client.get(f"/1/actions/{invite['id']}").data == invite
    assert client.get("/1/actions?search=invite_member").data == [invite]


@pytest.mark.spec("API-30")
def test_the_state_of_a_task_can_be_read(
    client: ApiClient, ben: Person, zoe: Person, acme: Organization
) -> None:
    job = Job.objects.create(task="kanton.tasks.long", organization_id=acme.pk)
    path = f"/1/async/tasks/{task_uuid(job.pk)}"
    told = client.get(path).data
    assert (told["status"], told["executed_at"], told["finished_at"]) == ("spooled", None, None)
    for state, status in (
        (JobState.RUNNING, "running"),
        (JobState.DONE, "executed"),
        (JobState.FAILED, "failed"),
    ):
        Job.objects.update(
            state=state, reason="The registrar does not answer.", error="Traceback: secret detail"
        )
        assert client.get(path).data["status"] == status
    failed = client.get(path)
    assert failed.data["error"] == {"code": "failed", "description": "The registrar does not answer."}
    assert b"secret detail" not in failed.body
    assert ApiClient(ben).get(path).status == 200
    assert ApiClient(zoe).get(path).status == 404
    assert [each["uuid"] for each in client.get("/1/async/tasks").data] == [task_uuid(job.pk)]
    assert ApiClient(ben).get("/1/async/tasks").data == []


def test_nobody_guesses_the_name_of_a_task(client: ApiClient, acme: Organization) -> None:
    job = Job.objects.create(task="kanton.tasks.long", organization_id=acme.pk)
    nobodys = Job.objects.create(task="kanton.tasks.internal")
    for name in (
        "x",
        str(uuid.uuid4()),
        str(uuid.UUID(int=job.pk)),
        task_uuid(job.pk + 9),
        task_uuid(nobodys.pk),
    ):
        assert client.get(f"/1/async/tasks/{name}").code == "object_not_found"
