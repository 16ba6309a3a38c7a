"""Proofs of identity: from the request to what acceptance does (SUP-31…42)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import override

from kanton.accounts.access.locking import is_locked
from kanton.accounts.factors.models import BackupCode
from kanton.accounts.factors.testing import give_totp
from kanton.accounts.identifiers import address_of
from kanton.accounts.models import Person
from kanton.accounts.recovery.actions.released import release_login_address
from kanton.activity.models import Activity
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import Actor, System, visitor
from kanton.core.errors import TooMany
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.models import Mail
from kanton.core.outbox.testing import Outbox
from kanton.support import documents, reasons
from kanton.support.actions.identity import (
    ask_for_identity_check,
    decide_identity_check,
    end_identity_check,
    open_identity_check,
    resend_identity_check,
    stop_identity_check,
)
from kanton.support.errors import (
    CheckGone,
    NothingToSend,
    NotThisReason,
    NotUnderExamination,
    OwnCase,
    WhichAccount,
)
from kanton.support.models import CheckState, IdentityCheck
from kanton.support.tasks import watch_identity
from kanton.support.tests.test_photos import picture
from kanton.testing import PASSWORD, acting

CONTACT = "ana@elsewhere.example"
NEW = "another horse battery staple"
SUPPORT = "support@alpenhost.example"


@pytest.fixture(autouse=True)
def _no_documents_left() -> Iterator[None]:
    yield
    for folder in (config.home / "identity").glob("*"):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def path(link: str) -> str:
    return link.removeprefix(config.web.address)


def has_app(person: Person) -> bool:
    return bool(Authenticator.objects.filter(user=person).exists())


def photo(name: str = "front") -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{name}.jpg", picture(), "image/jpeg")


def ask(client: Client, *, reason: str = "password", email: str = "ana@acme.example", **more: str) -> int:
    form = {"reason": reason, "email": email, "contact": CONTACT, "words": "My phone is gone."} | more
    return client.post("/identity-check", form).status_code


def hand_in(outbox: Outbox) -> IdentityCheck:
    """Open the newest procedure on a phone and send the photographs."""
    link = path(
        [mail for mail in outbox if mail.template in ("support/procedure", "support/lapsed")][-1].link
    )
    phone = Client()
    assert phone.post(link).status_code == 303
    assert phone.post(link, {"front": photo(), "selfie": photo("selfie")}).status_code == 200
    return IdentityCheck.objects.latest("submitted_at")


def decide(staff: Actor, case: IdentityCheck, *, accept: bool = True, email: str = "") -> IdentityCheck:
    return decide_identity_check(staff, case, is_accepted=accept, words="Seen.", email=email)


def sent(outbox: Outbox) -> list[tuple[str, str]]:
    return [(mail.template.removeprefix("support/"), mail.to[0]) for mail in outbox]


def test_a_mail_names_the_reason_in_the_language_of_its_reader(
    ana: Person, sam: Person, staff: Actor, client: Client, outbox: Outbox
) -> None:
    Person.objects.filter(pk=ana.pk).update(language="de")
    ask(client)
    case = hand_in(outbox)
    with override("en"):
        decide(staff, case)
    told = [
        " ".join(mail.text.split())
        for mail in outbox
        if mail.template in ("support/about_to_happen", "support/account_accepted")
    ]
    assert told and all("Ich habe mein Passwort vergessen" in text for text in told)


# --- the way through ---------------------------------------------------------------------------------------


@pytest.mark.spec("ACC-52", "SUP-31", "SUP-32", "SUP-33", "SUP-35", "SUP-36", "SUP-39", "SUP-41")
def test_a_forgotten_password_comes_back_by_identity_document(
    ana: Person, sam: Person, client: Client, outbox: Outbox
) -> None:
    Person.objects.filter(pk=ana.pk).update(recovery_email="back@example.ch")
    assert client.get("/help/identity?reason=password")["Location"] == "/identity-check?reason=password"
    assert ask(client) == 200
    run_jobs()
    assert sent(outbox) == [
        ("procedure", CONTACT),
        ("asked", "ana@acme.example"),
        ("asked", "back@example.ch"),
    ]
    assert outbox[0].is_secret
    mail = Mail.objects.earliest("pk")
    assert [file.name for file in mail.attachments.all()] in (["identity-check.png"], [])
    link = path(outbox[0].link)
    scanner, phone, thief = Client(), Client(), Client()
    assert "Begin" in scanner.get(link).content.decode(), "looking does not use it up"
    assert phone.post(link).status_code == 303
    page = phone.get(link).content.decode()
    assert 'capture="environment"' in page
    assert not any(word in page for word in (ana.email, "Ana", "Keller", CONTACT)), "nothing of the account"
    for answer in (
        thief.get(link),
        thief.post(link),
        thief.post(link, {"front": photo(), "selfie": photo()}),
    ):
        assert answer.status_code == 410
    assert not (config.home / "identity").exists() or not list((config.home / "identity").iterdir())
    assert phone.post(link, {"front": photo()}).status_code == 422, "the selfie is missing"
    assert phone.post(link, {"front": photo(), "back": photo(), "selfie": photo()}).status_code == 200
    assert phone.get(link).status_code == 410, "handed in once"
    case = IdentityCheck.objects.get()
    assert (case.state, case.person) == (CheckState.SUBMITTED, ana)
    assert documents.kept(case) == ["front", "back", "selfie"]
    stored = (config.home / "identity" / str(case.pk) / "front").read_bytes()
    assert b"WEBP" not in stored, "encrypted"
    assert sent(outbox)[3:] == [("received", CONTACT), ("to_examine", SUPPORT)]

    client.force_login(sam)
    assert f"IC-{case.pk}" in client.get("/staff/identity-checks").content.decode()
    page = client.get(f"/staff/identity-checks/{case.pk}").content.decode()
    assert "My phone is gone." in page
    shown = client.get(f"/staff/identity-checks/{case.pk}/photos/selfie")
    assert shown["Content-Type"] == "image/webp"
    assert "no-store" in shown["Cache-Control"]
    assert b"WEBP" in shown.content
    assert client.get(f"/staff/identity-checks/{case.pk}/photos/..").status_code == 404
    answer = client.post(
        f"/staff/identity-checks/{case.pk}", {"decision": "accept", "words": "Passport, all well."}
    )
    assert answer.status_code == 303
    run_jobs()
    assert documents.kept(case) == [], "gone with the decision"
    assert client.get(f"/staff/identity-checks/{case.pk}/photos/selfie").status_code == 404
    assert sent(outbox)[5:] == [
        ("new_password", CONTACT),
        ("accepted", CONTACT),
        ("account_accepted", "ana@acme.example"),
        ("account_accepted", "back@example.ch"),
    ]
    reset = path(outbox[5].link)
    assert Client().post(reset, {"password": NEW})["Location"] == "/login"
    assert Client().post("/login", {"email": ana.email, "password": NEW}).status_code == 302
    kinds = list(
        Activity.objects.filter(kind__startswith="support.").order_by("pk").values_list("kind", flat=True)
    )
    assert kinds == [
        "support.check_opened", "support.check_begun", "support.check_submitted", "support.check_accepted",
    ]  # fmt: skip


@pytest.mark.spec("SUP-41")
def test_a_refusal_names_its_reason_and_changes_nothing(
    ana: Person, staff: Actor, outbox: Outbox, client: Client
) -> None:
    ask(client)
    case = decide(staff, hand_in(outbox), accept=False)
    run_jobs()
    assert (case.state, documents.kept(case)) == (CheckState.REFUSED, [])
    mail = next(mail for mail in outbox if mail.template == "support/refused")
    assert mail.to == [CONTACT]
    assert "Seen." in mail.text
    assert not any(mail.template == "support/new_password" for mail in outbox)
    with pytest.raises(NotUnderExamination):
        decide(staff, case)


@pytest.mark.spec("ACC-81", "ACC-83", "ACC-97", "SUP-41")
def test_lost_second_factors_go_after_a_day_in_which_the_account_can_object(
    ana: Person, staff: Actor, client: Client, outbox: Outbox
) -> None:
    give_totp(ana)
    client.post("/login", {"email": ana.email, "password": PASSWORD})
    others = client.get("/login/second-step/other").content.decode()
    assert "/help/identity" in others
    assert 'value="second_factor"' in client.get("/identity-check").content.decode()
    assert client.post("/identity-check", {"reason": "second_factor", "contact": CONTACT}).status_code == 200
    case = hand_in(outbox)
    assert case.person == ana, "the password was right, so the account is known without typing it"
    case = decide(staff, case)
    assert case.state == CheckState.AGREED
    assert has_app(ana), "not yet"
    warned = [mail for mail in outbox if mail.template == "support/about_to_happen"]
    assert [mail.to for mail in warned] == [[ana.email]]
    run_jobs()
    assert has_app(ana)
    with clock.travel(clock.now() + timedelta(hours=24, minutes=1)):
        watch_identity.call()
        case.refresh_from_db()
        assert case.state == CheckState.ACCEPTED
        assert not has_app(ana)
        assert not BackupCode.objects.filter(person=ana).exists()
        with pytest.raises(CheckGone):
            stop_identity_check(visitor(), secret=warned[0].link.rsplit("/", 1)[1])
        reset = next(mail for mail in outbox if mail.template == "support/new_password")
        assert reset.to == [CONTACT]
        assert Client().post(path(reset.link), {"password": NEW}).status_code == 303
        assert Client().post("/login", {"email": ana.email, "password": NEW})["Location"] == "/"


@pytest.mark.spec("SUP-41")
def test_whoever_reads_the_accounts_mail_stops_it(
    ana: Person, staff: Actor, client: Client, outbox: Outbox
) -> None:
    give_totp(ana)
    ask(client, reason="second_factor")
    case = decide(staff, hand_in(outbox))
    link = path(next(mail.link for mail in outbox if mail.template == "support/about_to_happen"))
    assert Client().get(link).status_code == 200
    assert Client().post(link).status_code == 200
    assert Client().post(link).status_code == 410
    with clock.travel(clock.now() + timedelta(days=2)):
        watch_identity.call()
    case.refresh_from_db()
    assert case.state == CheckState.ENDED
    assert has_app(ana)
    assert [to for name, to in sent(outbox) if name == "stopped"] == [CONTACT, ana.email]


@pytest.mark.spec("ACC-58", "SUP-31")
def test_a_forgotten_login_email_is_told_once_staff_found_the_account(
    ana: Person, staff: Actor, client: Client, outbox: Outbox
) -> None:
    assert ask(client, reason="login", email="") == 200
    case = hand_in(outbox)
    assert case.person is None
    for email in ("", "nobody@example.ch"):
        with pytest.raises(WhichAccount):
            decide(staff, case, email=email)
    case.refresh_from_db()
    assert case.state == CheckState.SUBMITTED
    decide(staff, case, email="ANA@acme.example")
    told = next(mail for mail in outbox if mail.template == "support/login_told")
    assert told.to == [CONTACT]
    assert ana.email in told.text


@pytest.mark.spec("ACC-107", "SUP-31")
def test_a_locked_account_is_unlocked_by_identity_document(
    ana: Person, staff: Actor, client: Client, outbox: Outbox
) -> None:
    stranger = Client(REMOTE_ADDR="192.0.2.66")
    for _ in range(10):
        stranger.post("/login", {"email": ana.email, "password": "wrong"})
    assert is_locked(ana)
    assert "/help/identity" in client.get("/unlock").content.decode()
    ask(client, reason="unlock")
    case = hand_in(outbox)
    assert is_locked(ana), "handing in unlocks nothing"
    decide(staff, case)
    assert not is_locked(ana)
    assert Client().post("/login", {"email": ana.email, "password": PASSWORD}).status_code == 302


@pytest.mark.spec("ACC-66")
def test_an_account_without_address_is_given_back(
    ana: Person, staff: Actor, client: Client, outbox: Outbox
) -> None:
    release = release_login_address(System("mail"), ana, by="Ben")
    assert release is not None
    ask(client, reason="address")
    case = hand_in(outbox)
    assert case.person == ana
    decide(staff, case)
    mail = next(mail for mail in outbox if mail.template == "support/new_password")
    assert release.identifier in mail.text
    browser = Client()
    assert browser.post(path(mail.link), {"password": NEW}).status_code == 303
    assert browser.post("/login", {"email": release.identifier, "password": NEW}).status_code == 302
    assert browser.get("/")["Location"] == "/account/new-address"
    # The address has a new owner: then the name alone does not tell who asks, and staff choose.
    Person.objects.create(email="ana@acme.example", password="!")
    ask(Client(REMOTE_ADDR="192.0.2.1"), reason="address", contact="other@example.ch")
    assert IdentityCheck.objects.latest("pk").person is None
    assert Person.objects.get(pk=ana.pk).email == address_of(release.identifier)


# --- the same for everybody --------------------------------------------------------------------------------


@pytest.mark.spec("SUP-42", "ACC-53")
def test_known_and_unknown_accounts_get_the_same_answer_and_work(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    answers = []
    for number, email in enumerate((ana.email, "nobody@example.ch")):
        form = {"reason": "password", "email": email, "contact": f"c{number}@example.ch"}
        with CaptureQueriesContext(connection) as queries:
            page = client.post("/identity-check", form).content.decode()
        page = re.sub(r"\w{64}|c\d@example.ch", "", page)
        answers.append((page, len(queries)))
    assert answers[0] == answers[1]
    assert [name for name, _to in sent(outbox)] == ["procedure", "procedure"]
    texts = [re.sub(r"IC-\d+|c\d@example.ch|identity/\S+", "", mail.text) for mail in outbox]
    assert texts[0] == texts[1]


@pytest.mark.spec("SUP-42")
def test_three_cases_in_seven_days_for_a_device_and_a_contact(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    statuses = [ask(client, contact=f"c{number}@example.ch") for number in range(4)]
    assert statuses == [200, 200, 200, 422]
    others = [Client(REMOTE_ADDR=f"192.0.2.{number}") for number in range(4)]
    assert [ask(each, contact="same@example.ch", email="x@example.ch") for each in others] == [
        200,
        200,
        200,
        422,
    ]
    assert IdentityCheck.objects.count() == 6
    with clock.travel(clock.now() + timedelta(days=7, minutes=1)):
        assert ask(client) == 200


def test_only_offered_reasons_can_be_chosen(ana: Person, client: Client) -> None:
    reasons.register(reasons.Reason("hidden", "Hidden", accept=reasons.nothing, is_public=False))
    try:
        assert ask(client, reason="hidden") == 422
        with pytest.raises(NotThisReason):
            ask_for_identity_check(visitor(), reason="hidden", email="", contact=CONTACT)
        with pytest.raises(NotThisReason):
            open_identity_check(System("x"), ana, reason="no such")
    finally:
        reasons.unregister("hidden")
    assert not IdentityCheck.objects.exists()


def test_nobody_decides_about_themselves(sam: Person, staff: Actor, client: Client, outbox: Outbox) -> None:
    ask(client, email=sam.email)
    case = hand_in(outbox)
    with pytest.raises(OwnCase):
        decide(staff, case)
    assert IdentityCheck.objects.get().state == CheckState.SUBMITTED


# --- clocks ------------------------------------------------------------------------------------------------


@pytest.mark.spec("SUP-36", "SUP-37", "SUP-38", "BIL-29")
def test_documents_go_after_72_hours_whatever_happens(ana: Person, client: Client, outbox: Outbox) -> None:
    ask(client)
    case = hand_in(outbox)
    begin = clock.now()
    for hours, alarms in ((47, 0), (49, 1), (50, 1)):
        with clock.travel(begin + timedelta(hours=hours)):
            watch_identity.call()
        assert sum(mail.template == "support/alarm" for mail in outbox) == alarms
    assert documents.kept(case) == ["front", "selfie"]
    with clock.travel(begin + timedelta(hours=72, minutes=1)):
        watch_identity.call()
        case.refresh_from_db()
        assert (case.state, documents.kept(case)) == (CheckState.WAITING, [])
        assert sent(outbox)[-1] == ("lapsed", CONTACT)
        assert hand_in(outbox).state == CheckState.SUBMITTED, "and the person sends them again"
        orphan = config.folder("identity", "999999")
        (orphan / "front").write_bytes(b"x")
    with clock.travel(begin + timedelta(days=7)):
        watch_identity.call()
        assert not orphan.exists(), "also what no case knows"


@pytest.mark.spec("SUP-38")
def test_no_backup_takes_documents_along_and_a_closed_case_forgets(
    ana: Person, staff: Actor, client: Client, outbox: Outbox, tmp_path: Path
) -> None:
    from kanton.run.backup import _is_left_out

    assert _is_left_out("identity", True)
    ask(client)
    case = decide(staff, hand_in(outbox))
    with clock.travel(clock.now() + timedelta(days=15)):
        watch_identity.call()
    case.refresh_from_db()
    assert (case.contact, case.claimed, case.digest) == ("", "", "")
    assert (case.state, case.reason, case.decided_by_id) == (CheckState.ACCEPTED, "password", staff.person_id)


@pytest.mark.spec("SUP-39", "SUP-50")
def test_links_live_a_day_and_a_newer_one_voids_the_earlier(ana: Person, outbox: Outbox) -> None:
    case = open_identity_check(System("tests"), ana, reason="password")
    first = path(outbox[0].link)
    with clock.travel(clock.now() + timedelta(hours=24)):
        assert Client().get(first).status_code == 410
    for _ in range(3):
        resend_identity_check(acting(ana), case)
    with pytest.raises(TooMany):
        resend_identity_check(acting(ana), case)
    assert Client().get(first).status_code == 410
    assert Client().get(path(outbox[-1].link)).status_code == 200
    case.state = CheckState.SUBMITTED
    case.save()
    with pytest.raises(NothingToSend):
        resend_identity_check(acting(ana), case)
    assert Client().get("/identity/no-such-link").status_code == 410
    assert Client().get("/identity/stop/no-such-link").status_code == 410


@pytest.mark.spec("SUP-33", "SUP-48", "BIL-25", "BIL-27", "BIL-31")
def test_a_room_opens_a_case_and_hears_of_each_step(ana: Person, staff: Actor, outbox: Outbox) -> None:
    """The contract for blocked orders: what it is about comes back with each step, so that clocks stop and go on."""
    heard: list[tuple[str, str]] = []

    def hook(name: str) -> reasons.Hook:
        return lambda actor, case: heard.append((name, case.about))

    reasons.register(
        reasons.Reason(
            "test-order", "A blocked order", accept=hook("accept"), refuse=hook("refuse"),
            submitted=hook("submitted"), lapsed=hook("lapsed"), is_public=False,
        )
    )  # fmt: skip
    try:
        case = open_identity_check(
            System("billing"), ana, reason="test-order", about="order:7", about_label="Order 7"
        )
        assert sent(outbox) == [("procedure", ana.email)]
        assert "Order 7" in outbox[0].text
        assert open_identity_check(System("billing"), ana, reason="test-order", about="order:7") == case
        hand_in(outbox)
        with clock.travel(clock.now() + timedelta(hours=72, minutes=1)):
            watch_identity.call()
        hand_in(outbox)
        case.refresh_from_db()
        decide(staff, case)
        assert heard == [(name, "order:7") for name in ("submitted", "lapsed", "submitted", "accept")]
        other = open_identity_check(System("billing"), ana, reason="test-order", about="order:8")
        end_identity_check(System("billing"), other)
        assert Client().get(path(outbox[-1].link)).status_code == 410
    finally:
        reasons.unregister("test-order")


def test_a_bad_photograph_leaves_the_case_waiting(ana: Person, client: Client, outbox: Outbox) -> None:
    ask(client)
    link = path(outbox[0].link)
    client.post(link)
    bad = SimpleUploadedFile("front.jpg", b"<svg onload=alert(1)>", "image/jpeg")
    answer = client.post(link, {"front": bad, "selfie": photo()})
    assert answer.status_code == 422
    assert "not a photograph that we can read" in answer.content.decode()
    case = IdentityCheck.objects.get()
    assert (case.state, documents.kept(case)) == (CheckState.WAITING, [])
    assert client.post(link, {"front": photo(), "selfie": photo()}).status_code == 200


def test_the_end_of_an_account_takes_its_documents_along(ana: Person, client: Client, outbox: Outbox) -> None:
    from kanton.accounts import ending

    ask(client)
    case = hand_in(outbox)
    assert any("proof of identity" in str(effect.text) for effect in ending.effects_of(ana))
    ending.carry_out(System("tests"), ana)
    case.refresh_from_db()
    assert (case.state, case.contact, documents.kept(case)) == (CheckState.ENDED, "", [])
