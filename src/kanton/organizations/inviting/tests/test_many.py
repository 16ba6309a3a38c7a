"""Inviting many at once, through the page, the API and the job."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.core.errors import Conflict, Forbidden, TooMany
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.actions import accept_invitation, change_role, invite_member, revoke_invitation
from kanton.organizations.inviting import actions
from kanton.organizations.inviting.actions import AT_ONCE, invite_many, send_next
from kanton.organizations.inviting.errors import LinesRefused
from kanton.organizations.inviting.lines import MOST_LINES, Line, read
from kanton.organizations.inviting.models import Batch
from kanton.organizations.inviting.queries import check
from kanton.organizations.models import Invitation, Membership, Organization, Team
from kanton.testing import acting
from kanton.testing_matrix import Cast, Who

pytestmark = pytest.mark.spec("ORG-43", "ORG-44")
PAGE = "/o/acme/people/invite/several"
RUBBISH = """email;role;teams;first name;phone
lea@example.ch;External user;;Lea;079
no address;external
;admin
LEA@example.ch;external
ben@acme.example;
ina@example.ch;boss
uma@example.ch;owner
out@example.ch;;;;;more
wait@example.ch
tim@example.ch;Inhaber
"""


def lines(number: int) -> list[Line]:
    """So many people."""
    return [Line(place, f"p{place}@example.ch") for place in range(1, number + 1)]


@pytest.fixture
def browser(client: Client, ana: Person, acme: Organization) -> Client:
    """Ana's browser."""
    client.force_login(ana)
    return client


def test_a_file_is_checked_then_everybody_is_invited_and_mailed_by_a_job(
    browser: Client, acme: Organization, outbox: Outbox
) -> None:
    table = "E-Mail;Rolle;Vorname;Nachname\nlea@example.ch;external;Léa;Roth\ntim@example.ch;;;"
    file = SimpleUploadedFile("people.csv", table.encode("cp1252"))
    page = browser.post(PAGE, {"file": file, "role": "administrator"}).content.decode()
    assert "Everything is right" in page and "Léa Roth" in page and "Invite 2 people" in page
    assert "Administrator: 1 · External user: 1" in page
    assert not Invitation.objects.exists() and not Activity.objects.exists()
    form = {
        "table": "lea@example.ch;external;;Léa;Roth\ntim@example.ch",
        "role": "administrator",
        "confirmed": "1",
    }
    answer = browser.post(PAGE, form)
    batch = Batch.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"{PAGE}/{batch.pk}")
    assert "0 of 2" in browser.get(f"{PAGE}/{batch.pk}").content.decode() and not outbox
    run_jobs()
    assert "2 of 2" in browser.get(f"{PAGE}/{batch.pk}?part=state").content.decode()
    assert [mail.to[0] for mail in outbox] == ["lea@example.ch", "tim@example.ch"]
    assert [(one.email, one.role, one.name) for one in Invitation.objects.order_by("pk")] == [
        ("lea@example.ch", "external", "Léa Roth"),
        ("tim@example.ch", "administrator", ""),
    ]
    assert [row.kind for row in Activity.objects.order_by("pk")] == [
        "inviting.many_invited",
        "organizations.member_invited",
        "organizations.member_invited",
        "inviting.mails_written",
    ]
    people = browser.get("/o/acme/people").content.decode()
    assert "lea@example.ch" in people and "Léa Roth" in people
    register = Client().get("/register", {"invitation": outbox[0].link.rsplit("/", 1)[1]}).content.decode()
    assert 'value="Léa"' in register and 'value="Roth"' in register


def test_the_page_speaks_the_language_of_its_reader(browser: Client) -> None:
    page = browser.get(PAGE, headers={"Accept-Language": "de"}).content.decode()
    assert "Höchstens 1000 Personen auf einmal" in page and "Oder eine CSV-Datei" in page


def test_every_wrong_line_is_reported_and_nobody_is_invited(
    browser: Client, owner: Actor, ana: Person, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    invite_member(owner, acme, email="wait@example.ch")
    change_role(owner, Membership.objects.get(person=ben), role=Role.ADMINISTRATOR)
    sent = len(outbox)
    browser.force_login(ben)
    for form in ({}, {"confirmed": "1"}):
        answer = browser.post(PAGE, {"table": RUBBISH, "role": "collaborator", **form})
        page = answer.content.decode()
        assert answer.status_code == 422 and "9 lines cannot be invited as they are" in page
        assert "These columns are not used: phone" in page and "Invite 1" not in page
    checked = check(acting(ben), acme, read(RUBBISH).lines, role=Role.COLLABORATOR)
    assert [(one.line.number, one.problem) for one in checked] == [
        (2, ""),
        (3, "bad_address"),
        (4, "no_address"),
        (5, "repeated"),
        (6, "already_member"),
        (7, "unknown_role"),
        (8, "owners_only"),
        (9, "surplus"),
        (10, "already_invited"),
        (11, "owners_only"),
    ]
    assert all(one.sentence in page for one in checked)
    with pytest.raises(LinesRefused) as refused:
        invite_many(acting(ben), acme, lines=read(RUBBISH).lines)
    assert "Line 7: There is no role “boss”." in refused.value.sentence
    assert Invitation.objects.count() == 1 and len(outbox) == sent and not Batch.objects.exists()
    mended = browser.post(PAGE, {"table": RUBBISH, "role": "collaborator", "leave_out": "1"}).content.decode()
    assert "Invite 1 person" in mended and "lea@example.ch" in mended and "boss" not in mended
    browser.force_login(ana)
    page = browser.post(PAGE, {"table": "uma@example.ch;owner", "role": "collaborator"}).content.decode()
    assert "Invite 1 person" in page, "an owner may"


def test_a_list_names_teams_and_they_wait_with_the_invitation(
    browser: Client, owner: Actor, acme: Organization, zoe: Person, outbox: Outbox
) -> None:
    for name in ("Web", "Büro"):
        Team.objects.create(organization=acme, name=name)
    table = f"email;teams;role\n{zoe.email};web|BÜRO;external\nlea@example.ch;Web;administrator\n"
    page = browser.post(
        PAGE, {"table": table + "x@example.ch;Nowhere, Web", "role": "external"}
    ).content.decode()
    assert "There is no team “Nowhere”." in page and "web, BÜRO" in page
    browser.post(PAGE, {"table": table, "role": "external", "confirmed": "1"})
    assert not Invitation.objects.get(email="lea@example.ch").teams, "administrators need none"
    run_jobs()
    accept_invitation(acting(zoe), zoe, secret=outbox[0].link.rsplit("/", 1)[1])
    assert {team.name for team in Team.objects.filter(members__person=zoe)} == {"Web", "Büro"}


def test_who_may_not_invite_invites_nobody(member: Actor, acme: Organization) -> None:
    for refused in (
        lambda: invite_many(member, acme, lines=lines(2)),
        lambda: check(member, acme, lines(2), role=Role.EXTERNAL),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert not Invitation.objects.exists() and not Activity.objects.exists()


def test_a_thousand_are_checked_and_invited_with_as_many_queries_as_ten(
    owner: Actor, acme: Organization
) -> None:
    def queries(number: int) -> int:
        with CaptureQueriesContext(connection) as seen:
            found = check(owner, acme, lines(number), role=Role.EXTERNAL)
        assert len(found) == number and not any(one.problem for one in found)
        return len(seen)

    queries(1)  # the first also loads the actor's own membership
    assert queries(10) == queries(MOST_LINES) == 3
    batch = invite_many(owner, acme, lines=lines(MOST_LINES), role=Role.EXTERNAL)
    assert (batch.total, batch.sent) == (1000, 0)
    assert Invitation.objects.filter(organization=acme, role=Role.EXTERNAL).count() == 1000
    assert send_next(System("inviting"), batch) == 1000 - AT_ONCE
    batch.refresh_from_db()
    assert batch.sent == AT_ONCE


def test_a_run_that_broke_off_goes_on_and_mails_nobody_twice(
    owner: Actor, acme: Organization, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "AT_ONCE", 2)
    batch = invite_many(owner, acme, lines=lines(5))
    revoke_invitation(owner, Invitation.objects.get(email="p2@example.ch"))
    send_next(System("inviting"), batch)
    run_jobs()
    assert [mail.to[0] for mail in outbox] == [f"p{place}@example.ch" for place in (1, 3, 4, 5)]
    assert send_next(System("inviting"), batch) == 0 and len(outbox) == 4


def test_the_seven_days_begin_with_the_mail_and_an_expired_invitation_is_no_hindrance(
    owner: Actor, acme: Organization, zoe: Person, outbox: Outbox
) -> None:
    invite_member(owner, acme, email=zoe.email)
    with clock.travel(clock.now() + timedelta(days=8)):
        invite_many(owner, acme, lines=[Line(1, zoe.email)])
    with clock.travel(clock.now() + timedelta(days=20)):
        run_jobs()
        secret = outbox[-1].link.rsplit("/", 1)[1]
        assert accept_invitation(acting(zoe), zoe, secret=secret).organization == acme
    assert len(outbox) == 2


def test_two_who_invite_the_same_at_once_invite_them_once(
    owner: Actor, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = check(owner, acme, lines(3), role=Role.EXTERNAL)
    invite_member(owner, acme, email="p3@example.ch")  # after the check of the other
    monkeypatch.setattr(actions, "check", lambda *_args, **_more: checked)
    with pytest.raises(Conflict):
        invite_many(owner, acme, lines=lines(3))
    assert [one.email for one in Invitation.objects.all()] == ["p3@example.ch"] and not Batch.objects.exists()


def test_nobody_is_flooded(owner: Actor, acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    for _time in range(5):
        revoke_invitation(owner, invite_member(owner, acme, email="lea@example.ch"))
    with pytest.raises(TooMany):
        invite_many(owner, acme, lines=[Line(1, "Lea@Example.ch"), Line(2, "tim@example.ch")])
    monkeypatch.setattr("kanton.organizations.limits.A_DAY", 10)
    with pytest.raises(TooMany):
        invite_many(owner, acme, lines=lines(9))
    assert not Invitation.objects.filter(revoked_at=None).exists() and not Batch.objects.exists()


def test_programs_check_and_invite_too(db: None, client: Client) -> None:
    cast = Cast()
    base = f"/2/accounts/{cast.acme.pk}/invitations/batches"
    headers = cast.bearer(Who.ADMINISTRATOR)

    def send(path: str, **data: object) -> tuple[int, Any]:
        answer = client.post(base + path, data, content_type="application/json", headers=headers)
        return answer.status_code, answer.json()

    users = [{"email": "lea@example.ch", "role_type": "external"}, {"email": "x", "role_type": "owner"}]
    status, found = send("/check", users=users)
    assert status == 200
    assert [(one["line"], one["role_type"], one["problem"]) for one in found["data"]] == [
        (1, "external", None),
        (2, "owner", "bad_address"),
    ]
    status, refused = send("", users=users)
    assert status == 422 and "Line 2: “x” is no e-mail address." in str(refused["error"])
    assert not Invitation.objects.exists()
    status, made = send("", table="lea@example.ch\ntim@example.ch", role_type="external")
    assert status == 201 and made["data"]["total"] == 2 and not made["data"]["is_done"]
    run_jobs()
    known = client.get(f"{base}/{made['data']['id']}", headers=headers).json()["data"]
    assert (known["sent"], known["is_done"]) == (2, True)
    assert [one["id"] for one in client.get(base, headers=headers).json()["data"]] == [known["id"]]
    assert send("", users=[])[0] == 422
