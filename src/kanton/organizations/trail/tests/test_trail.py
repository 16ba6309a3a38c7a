"""The log leaves the house: as a file, and each day as a head that proves what was before it."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from django.test import Client

from kanton.accounts.models import Person
from kanton.activity.commands import commands
from kanton.activity.log import check
from kanton.activity.models import Activity, Chain
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.actions import edit_details
from kanton.organizations.models import Membership, Organization
from kanton.organizations.trail.actions import choose_head_readers
from kanton.organizations.trail.errors import NotAnOwner
from kanton.organizations.trail.files import place_of
from kanton.organizations.trail.models import LogExport
from kanton.organizations.trail.queries import head_readers
from kanton.organizations.trail.tasks import purge_log_exports, send_heads, write_log_export
from kanton.rest.testing import ApiClient

NOON = datetime(2027, 1, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def browser(ana: Person, acme: Organization) -> Client:
    """Ana's."""
    client = Client()
    client.force_login(ana)
    return client


def test_chosen_owners_get_the_head_once_a_day_and_it_proves_the_log(
    owner: Actor, ana: Person, ben: Person, acme: Organization, browser: Client, outbox: Outbox
) -> None:
    anas, bens = (Membership.objects.get(person=person) for person in (ana, ben))
    with pytest.raises(NotAnOwner):
        choose_head_readers(owner, acme, readers=[bens.pk])
    assert not head_readers(acme).exists()
    assert browser.post("/o/acme/activity/proof/readers", {"readers": [str(anas.pk)]}).status_code == 303
    with clock.travel(NOON):
        assert (send_heads.func(), send_heads.func()) == (1, 1)
    assert [mail.to for mail in outbox] == [[ana.email]], "once a day, however often the clock rings"
    with clock.travel(NOON + timedelta(days=1)):
        assert send_heads.func() == 1
    assert len(outbox) == 2
    chain = Chain.objects.get(name=f"organization:{acme.pk}")
    kept = f"{chain.length}:{chain.head}"
    lines = [line.strip() for line in outbox[0].text.splitlines()]
    assert f"kanton activity verify {chain.name} --kept {kept}" in lines, "on one line, to be copied"
    edit_details(owner, acme, details={"city": "Thun"})
    page = browser.get("/o/acme/activity/proof", {"kept": kept})
    assert page.status_code == 200 and "nothing up to there was changed" in page.content.decode()
    assert browser.get("/o/acme/activity/proof", {"kept": "nonsense"}).status_code == 422
    run = CliRunner().invoke(commands, ["verify", chain.name, "--kept", kept])
    assert run.exit_code == 0 and "holds what was kept" in run.output
    # Somebody with the keys writes the whole chain anew: every seal fits, and what was kept outside does not.
    other = f"{chain.length}:{'0' * 64}"
    assert (
        "The log does not have this entry"
        in browser.get("/o/acme/activity/proof", {"kept": other}).content.decode()
    )
    assert CliRunner().invoke(commands, ["verify", chain.name, "--kept", other]).exit_code == 1
    api = ApiClient(ana)
    path = f"/2/accounts/{acme.pk}/activity/proof"
    assert api.post(f"{path}/comparison", {"entries": chain.length, "head": chain.head}).data is True
    assert api.post(f"{path}/comparison", {"entries": chain.length, "head": "0" * 64}).data is False
    assert api.get(path).data["readers"] == [anas.pk]
    # Whoever is no owner any more gets nothing.
    Membership.objects.filter(pk=bens.pk).update(role=Role.OWNER)
    Membership.objects.filter(pk=anas.pk).update(role=Role.ADMINISTRATOR)
    with clock.travel(NOON + timedelta(days=2)):
        assert send_heads.func() == 0


def test_the_page_says_what_was_checked(owner: Actor, acme: Organization, browser: Client) -> None:
    edit_details(owner, acme, details={"city": "Thun"})
    edit_details(owner, acme, details={"city": "Bern"})
    assert check(f"organization:{acme.pk}") == ""
    shown = browser.get("/o/acme/activity/proof").content.decode()
    assert "1 – 2" in shown and "their order without gaps" in shown
    Activity.objects.filter(chain=f"organization:{acme.pk}", position=1).update(kind="forged")
    assert check(f"organization:{acme.pk}") != ""
    assert "This log was altered" in browser.get("/o/acme/activity/proof").content.decode()


def test_the_log_as_json_lines_is_narrowed_as_the_page_is(
    owner: Actor, ana: Person, acme: Organization, browser: Client
) -> None:
    edit_details(owner, acme, details={"city": "Thun"})
    edit_details(owner, acme, details={"name": "Acme Works"})
    assert "/o/acme/activity/export.jsonl" in browser.get("/o/acme/activity").content.decode()

    def lines(query: str = "") -> list[dict[str, object]]:
        answer = browser.get(f"/o/acme/activity/export.jsonl{query}")
        assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
        return [json.loads(line) for line in b"".join(answer.streaming_content).decode().splitlines()]  # type: ignore[attr-defined]

    found = lines()
    assert [each["position"] for each in found] == [2, 1]
    assert (found[0]["kind"], found[0]["actor"], found[0]["user_id"]) == (
        "organizations.details_changed", "Ana Keller", ana.pk,
    )  # fmt: skip
    assert len(str(found[0]["digest"])) == 64
    assert lines("?from=2999-01-01") == lines("?q=nothing-like-it") == []
    assert len(lines("?kind=organizations.details_changed&q=acme")) == 2


def test_a_file_of_the_log_is_written_in_the_background_told_and_purged(
    owner: Actor, ana: Person, ben: Person, acme: Organization, browser: Client, outbox: Outbox
) -> None:
    edit_details(owner, acme, details={"city": "Thun"})
    edit_details(owner, acme, details={"name": "=1+1"})
    told = len(outbox)
    assert browser.post("/o/acme/activity/exports", {"format": "csv"}).status_code == 303
    export = LogExport.objects.get()
    page = f"/o/acme/activity/exports/{export.pk}"
    waiting = browser.get("/o/acme/activity/exports").content.decode()
    assert page not in waiting and "Entries written" in waiting
    assert browser.get(page).status_code == 404, "it is not ready"
    run_jobs()
    write_log_export.call(export.pk)  # a second run changes nothing
    assert [(mail.to, mail.template) for mail in outbox[told:]] == [([ana.email], "trail/export_ready")]
    answer = browser.get(page)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["position"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["text"] == "Ana Keller changed the details of Acme" and len(rows[0]["digest"]) == 64
    assert all(not value.startswith(("=", "+", "@")) for row in rows for value in row.values())
    api = ApiClient(ana)
    path = f"/2/accounts/{acme.pk}/activity/exports"
    assert api.get(path).data == [{"id": export.pk, "format": "csv", "total": 3, "done": 3, "is_ready": True}]
    made = api.post(path, {"format": "jsonl", "first_on": "2999-01-01"}).data
    run_jobs()
    assert api.get(path).data[0] == {**made, "is_ready": True}
    stranger = Client()
    stranger.force_login(ben)
    assert stranger.get(page).status_code == 403
    files = [place_of(each) for each in LogExport.objects.all()]
    assert all(file.exists() for file in files) and purge_log_exports.func() == 0
    with clock.travel(clock.now() + timedelta(days=8)):
        assert purge_log_exports.func() == 2
    assert not any(file.exists() for file in files) and not LogExport.objects.exists()
