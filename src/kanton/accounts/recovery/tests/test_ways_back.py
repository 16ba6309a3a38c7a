"""Recovery e-mail and phone, forgotten password, forgotten login e-mail (ACC-46…59)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from kanton.accounts.actions import confirm_address, register
from kanton.accounts.errors import SameAddress, WrongPassword
from kanton.accounts.models import Person
from kanton.accounts.recovery import queries
from kanton.accounts.recovery.actions.ways_back import (
    change_phone,
    change_recovery_email,
    confirm_phone,
    confirm_recovery_email,
)
from kanton.accounts.recovery.errors import NotAMobile, UnchangedAddress, WrongCode
from kanton.accounts.recovery.models import (
    AddressChange,
    PhoneCode,
    Proven,
    proven_phone,
    proven_recovery_email,
)
from kanton.accounts.recovery.tasks import forget_old_recovery
from kanton.config import config, overriding
from kanton.core import clock
from kanton.core.actor import visitor
from kanton.core.errors import TooMany
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.testing import PASSWORD, acting

BACK = "back@elsewhere.example"
PHONE = "+41791234567"
NEW = "another horse battery staple"


def proven(person: Person, *, email: str = BACK, phone: str = PHONE) -> Person:
    """The person with both ways back."""
    person.recovery_email, person.phone = email, phone
    person.save()
    Proven.objects.update_or_create(person=person, defaults={"recovery_email": email, "phone": phone})
    return Person.objects.select_related("proven").get(pk=person.pk)


def digits(outbox: Outbox) -> str:
    return str(re.findall(r"\d{6}", outbox.messages[-1][1])[0])


# --- recovery e-mail and phone -----------------------------------------------------------------------------


@pytest.mark.spec("ACC-46", "ACC-48")
def test_a_recovery_email_counts_once_confirmed_and_the_previous_one_is_told(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    ana = proven(ana, email="old@elsewhere.example")
    client.force_login(ana)
    refused = client.post("/account/recovery-email", {"email": BACK, "current_password": "wrong"})
    assert refused.status_code == 422
    assert not outbox
    assert (
        client.post("/account/recovery-email", {"email": BACK, "current_password": PASSWORD}).status_code
        == 303
    )
    assert [(mail.template, mail.to) for mail in outbox] == [("recovery/confirm_recovery", [BACK])]
    assert Person.objects.get(pk=ana.pk).recovery_email == "old@elsewhere.example"
    link = outbox[0].link.removeprefix(config.web.address)
    assert Client().get(link).status_code == 200
    assert Client().post(link).status_code == 303
    ana = Person.objects.get(pk=ana.pk)
    assert proven_recovery_email(ana) == BACK
    assert [(mail.template, mail.to[0]) for mail in outbox[1:]] == [
        ("recovery/recovery_email_changed", ana.email),
        ("recovery/recovery_email_changed", "old@elsewhere.example"),
    ]
    assert Client().post(link).status_code == 410
    page = client.get("/account/security").content.decode()
    assert BACK in page
    client.post("/account/recovery-email", {"email": "", "current_password": PASSWORD})
    assert Person.objects.get(pk=ana.pk).recovery_email == ""
    assert outbox[-1].to == [BACK]


@pytest.mark.spec("ACC-22")
def test_login_and_recovery_address_differ_in_both_directions(ana: Person, outbox: Outbox) -> None:
    for email in ("Ana@Acme.example", "ANA@acme.example"):
        with pytest.raises(SameAddress) as caught:
            change_recovery_email(acting(ana), ana, email=email, current_password=PASSWORD)
        assert caught.value.field == "email"
    change_recovery_email(acting(ana), ana, email=BACK, current_password=PASSWORD)
    Person.objects.filter(pk=ana.pk).update(email=BACK, email_key=BACK)
    with pytest.raises(SameAddress):
        confirm_recovery_email(visitor(), secret=outbox[0].link.rsplit("/", 1)[1])


@pytest.mark.spec("ACC-3", "ACC-48")
def test_the_recovery_email_of_a_registration_is_proven_after_the_login_address(
    db: None, outbox: Outbox
) -> None:
    person = register(
        visitor(), email="lea@example.ch", password=NEW, recovery_email=BACK, phone="079 123 45 67"
    )
    assert person is not None
    assert [mail.to for mail in outbox] == [["lea@example.ch"]]
    confirm_address(visitor(), secret=outbox[0].link.rsplit("/", 1)[1])
    assert [mail.to for mail in outbox[1:]] == [[BACK]]
    assert proven_recovery_email(person) == ""
    confirm_recovery_email(visitor(), secret=outbox[1].link.rsplit("/", 1)[1])
    assert proven_recovery_email(Person.objects.get(pk=person.pk)) == BACK


@pytest.mark.spec("ACC-47", "ACC-48")
def test_a_phone_counts_once_its_code_is_typed(
    ana: Person, client: Client, outbox: Outbox, gateway: None
) -> None:
    ana = proven(ana, phone="+41790000001")
    client.force_login(ana)
    form = {"country": "CH", "phone": "079 123 45 67", "current_password": PASSWORD}
    assert client.post("/account/recovery-phone", form | {"current_password": "no"}).status_code == 422
    assert not outbox.messages
    page = client.post("/account/recovery-phone", form)["Location"]
    assert [number for number, _text in outbox.messages] == [PHONE]
    assert Person.objects.get(pk=ana.pk).phone == "+41790000001"
    assert client.post(page, {"code": "000000" if digits(outbox) != "000000" else "1"}).status_code == 422
    assert client.post(page, {"code": digits(outbox)}).status_code == 303
    ana = Person.objects.get(pk=ana.pk)
    assert proven_phone(ana) == PHONE
    assert outbox.messages[-1][0] == "+41790000001", "the previous number is told"
    assert [mail.to[0] for mail in outbox] == [ana.email, BACK]
    assert client.get(page).status_code == 410


@pytest.mark.spec("ACC-47")
def test_a_code_is_bound_to_its_person_number_and_time(
    ana: Person, zoe: Person, outbox: Outbox, gateway: None
) -> None:
    made = change_phone(acting(ana), ana, phone=PHONE, current_password=PASSWORD)
    code = digits(outbox)
    with pytest.raises(WrongCode):
        confirm_phone(acting(zoe), zoe, secret=made.secret, code=code)
    with clock.travel(clock.now() + timedelta(minutes=15)), pytest.raises(WrongCode):
        confirm_phone(acting(ana), ana, secret=made.secret, code=code)
    for _ in range(3):
        with pytest.raises(WrongCode):
            confirm_phone(acting(ana), ana, secret=made.secret, code="x")
    with pytest.raises(TooMany):
        confirm_phone(acting(ana), ana, secret=made.secret, code=code)
    assert Person.objects.get(pk=ana.pk).phone == ""
    with pytest.raises(NotAMobile):
        change_phone(acting(ana), ana, phone="+41 44 668 18 00", current_password=PASSWORD)
    with pytest.raises(WrongPassword):
        change_phone(acting(ana), ana, phone="", current_password="")
    with pytest.raises(UnchangedAddress):
        change_phone(acting(ana), ana, phone="", current_password=PASSWORD)


@pytest.mark.spec("ACC-48")
def test_without_a_gateway_the_number_is_kept_unconfirmed_and_the_page_says_so(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    client.force_login(ana)
    assert "cannot be confirmed" in client.get("/account/recovery-phone").content.decode()
    client.post("/account/recovery-phone", {"country": "CH", "phone": PHONE, "current_password": PASSWORD})
    ana = Person.objects.get(pk=ana.pk)
    assert (ana.phone, proven_phone(ana)) == (PHONE, "")
    assert "not confirmed" in client.get("/account/security").content.decode()
    assert queries.ways_for(ana.email) == queries.Ways("", "")


@pytest.mark.spec("ACC-49")
def test_the_page_warns_of_an_address_that_could_be_lost_together(
    ana: Person, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_dependencies", [])
    queries.register_dependency(
        lambda person, address: f"{address} depends on you." if address == BACK else ""
    )
    proven(ana)
    client.force_login(ana)
    assert f"{BACK} depends on you." in client.get("/account/security").content.decode()
    assert f"{BACK} depends on you." in client.get("/account/recovery-email").content.decode()


# --- a forgotten password ----------------------------------------------------------------------------------


@pytest.mark.spec("ACC-51", "ACC-54")
def test_the_link_goes_to_the_recovery_email_and_lets_choose_a_password(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    proven(ana)
    page = client.post("/password/forgotten", {"email": ana.email}).content.decode()
    assert "Send the link to b•••@e•••.example" in page
    assert "Send a code" not in page, "without a gateway no text messages are offered"
    assert "/help/identity" in page
    client.post("/password/forgotten/recovery-email", {"email": ana.email})
    run_jobs()
    sent = [mail for mail in outbox if mail.template == "recovery/reset"]
    assert [(mail.to, mail.is_secret) for mail in sent] == [([BACK], True)]
    first = next(mail.link for mail in outbox if mail.template == "accounts/reset")
    assert client.get(first.removeprefix(config.web.address)).status_code == 410, "the next request kills it"
    link = sent[0].link.removeprefix(config.web.address)
    assert client.post(link, {"password": NEW}).status_code == 303
    assert Person.objects.get(pk=ana.pk).check_password(NEW)


@pytest.mark.spec("ACC-51", "ACC-55")
def test_the_code_on_the_phone_lets_choose_a_password_and_2fa_stays(
    ana: Person, client: Client, outbox: Outbox, gateway: None
) -> None:
    proven(ana)
    Authenticator.objects.create(user=ana, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert (
        "Send a code to •••• 67" in client.post("/password/forgotten", {"email": ana.email}).content.decode()
    )
    page = client.post("/password/forgotten/phone", {"email": ana.email})["Location"]
    run_jobs()
    assert [number for number, _text in outbox.messages] == [PHONE]
    assert client.post(page, {"code": "12"}).status_code == 422
    link = client.post(page, {"code": digits(outbox)})["Location"]
    assert client.post(page, {"code": digits(outbox)}).status_code == 410, "the code works once"
    assert client.post(link, {"password": NEW})["Location"] == "/login"
    assert client.get("/account/").status_code == 302, "a reset does not sign in"
    assert Authenticator.objects.filter(user=ana).count() == 1


@pytest.mark.spec("ACC-53")
def test_unknown_addresses_get_plausible_constant_options(
    ana: Person, client: Client, outbox: Outbox, gateway: None
) -> None:
    seen = [queries.ways_for(f"nobody{number}@example.ch") for number in range(40)]
    assert seen == [queries.ways_for(f"NOBODY{number}@example.ch") for number in range(40)]
    assert all(way.recovery or way.phone for way in seen)
    assert len({bool(way.recovery) for way in seen}) == len({bool(way.phone) for way in seen}) == 2
    for way in seen:
        assert re.fullmatch(r"(\w•••@\w•••\.\w+)?", way.recovery)
        assert re.fullmatch(r"(•••• \d\d)?", way.phone)
    answers = []
    proven(ana)
    for email in (ana.email, "nobody@example.ch"):
        asked = client.post("/password/forgotten/phone", {"email": email})
        run_jobs()
        wrong = client.post(asked["Location"], {"code": "99"})
        answers.append((asked.status_code, len(asked["Location"]), wrong.status_code))
        sent = client.post("/password/forgotten/recovery-email", {"email": email})
        answers[-1] += (re.sub(r"\w{64}", "", sent.content.decode()),)  # type: ignore[assignment]
        run_jobs()
    assert answers[0] == answers[1]
    assert len(outbox.messages) == 1
    assert [mail.to for mail in outbox] == [[BACK]]


@pytest.mark.spec("ACC-53")
def test_known_and_unknown_addresses_cost_the_same_queries(
    ana: Person, client: Client, django_assert_num_queries: object, gateway: None
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    proven(ana)
    counts = []
    for email in (ana.email, "nobody@example.ch"):
        with CaptureQueriesContext(connection) as found:
            client.post("/password/forgotten", {"email": email})
            client.post("/password/forgotten/phone", {"email": email})
        counts.append(len(found))
    assert counts[0] == counts[1]


@pytest.mark.spec("ACC-50")
def test_a_number_of_several_accounts_resets_none(
    ana: Person, zoe: Person, client: Client, outbox: Outbox, gateway: None
) -> None:
    proven(ana)
    proven(zoe, email="zoe@elsewhere.example")
    assert queries.ways_for(ana.email).phone == ""
    client.post("/password/forgotten/phone", {"email": ana.email})
    run_jobs()
    assert not outbox.messages


@pytest.mark.spec("ACC-59")
def test_each_way_is_limited_for_known_and_unknown_alike(ana: Person, client: Client, gateway: None) -> None:
    for email in (ana.email, "nobody@example.ch"):
        for way in ("phone", "recovery-email"):
            statuses = [
                client.post(f"/password/forgotten/{way}", {"email": email}).status_code for _ in range(6)
            ]
            assert statuses[5] == 429
            assert 429 not in statuses[:5]


@pytest.mark.spec("ACC-59")
def test_the_days_text_messages_are_capped_without_telling_anybody(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    proven(ana)
    with overriding(outbox={"sms_gateway": "log", "sms_per_day": 1}):
        for _ in range(2):
            assert client.post("/password/forgotten/phone", {"email": ana.email}).status_code == 303
        run_jobs()
    assert len(outbox.messages) == 1


# --- a forgotten login e-mail ------------------------------------------------------------------------------


def search(client: Client, outbox: Outbox) -> str:
    """The page behind the right code."""
    page = client.post("/login/forgotten", {"country": "CH", "phone": "079 123 45 67"})["Location"]
    run_jobs()
    assert client.post(page, {"code": digits(outbox)}).status_code == 303
    return page


@pytest.mark.spec("ACC-56", "ACC-57")
def test_the_login_email_is_sent_and_never_shown(
    ana: Person, client: Client, outbox: Outbox, gateway: None
) -> None:
    proven(ana)
    page = search(client, outbox)
    shown = client.get(page).content.decode()
    assert "b•••@e•••.example" in shown
    assert ana.email not in shown
    sent = client.post(page, {"way": "mail"})
    assert ana.email not in sent.content.decode()
    assert (outbox[-1].to, outbox[-1].template) == ([BACK], "recovery/login_found")
    assert ana.email in outbox[-1].text
    assert client.post(page, {"way": "mail"}).status_code == 410, "once"
    page = search(client, outbox)
    client.post(page, {"way": "sms"})
    assert outbox.messages[-1][0] == PHONE
    assert ana.email in outbox.messages[-1][1]


@pytest.mark.spec("ACC-56", "ACC-50")
def test_the_recovery_email_tells_accounts_with_one_number_apart(
    ana: Person, zoe: Person, client: Client, outbox: Outbox, gateway: None
) -> None:
    proven(ana)
    proven(zoe, email="zoe@elsewhere.example")
    page = search(client, outbox)
    assert "Several accounts" in client.get(page).content.decode()
    assert client.post(page, {"recovery_email": "wrong@example.ch"}).status_code == 422
    assert client.post(page, {"way": "sms"}).status_code == 422
    assert client.post(page, {"recovery_email": "ZOE@elsewhere.example"}).status_code == 200
    client.post(page, {"way": "mail", "recovery_email": "zoe@elsewhere.example"})
    assert outbox[-1].to == ["zoe@elsewhere.example"]
    assert zoe.email in outbox[-1].text


@pytest.mark.spec("ACC-58")
def test_found_and_not_found_differ_only_behind_the_code(
    ana: Person, client: Client, outbox: Outbox, gateway: None
) -> None:
    pages = []
    for known in (False, True):
        if known:
            proven(ana)
        asked = client.post("/login/forgotten", {"country": "CH", "phone": PHONE})
        run_jobs()
        pages.append(re.sub(r"[\w-]{43,64}", "", client.get(asked["Location"]).content.decode()))
    assert pages[0] == pages[1]
    assert [number for number, _text in outbox.messages] == [PHONE, PHONE]
    Proven.objects.all().delete()
    page = search(client, outbox)
    shown = client.get(page).content.decode()
    assert "No account has this number" in shown
    assert "/help/identity?reason=login" in shown


@pytest.mark.spec("ACC-59")
def test_searches_are_limited_by_phone_and_network(db: None, client: Client, gateway: None) -> None:
    form = {"country": "CH", "phone": PHONE}
    assert [client.post("/login/forgotten", form).status_code for _ in range(6)] == [303] * 5 + [422]
    assert client.post("/login/forgotten", form | {"phone": "+41791234568"}).status_code == 422, (
        "same network"
    )
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert elsewhere.post("/login/forgotten", form | {"phone": "+41791234568"}).status_code == 303
    assert elsewhere.post("/login/forgotten", form).status_code == 422, "same number"
    assert client.post("/login/forgotten", {"country": "CH", "phone": "0900 123 456"}).status_code == 422


def test_without_a_gateway_the_search_leads_to_identity_verification(db: None, client: Client) -> None:
    assert "/help/identity?reason=login" in client.get("/login/forgotten").content.decode()


def test_old_codes_and_changes_are_forgotten(ana: Person, outbox: Outbox, gateway: None) -> None:
    change_phone(acting(ana), ana, phone=PHONE, current_password=PASSWORD)
    change_recovery_email(acting(ana), ana, email=BACK, current_password=PASSWORD)
    with clock.travel(clock.now() + timedelta(days=17)):
        forget_old_recovery.call()
    assert not PhoneCode.objects.exists()
    assert not AddressChange.objects.exists()
