"""App passwords: made once, for what was chosen, never on a page of ours, and gone when they should be."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from kanton.accounts.actions import change_password, reset_password
from kanton.accounts.apppasswords import secrets
from kanton.accounts.apppasswords.actions import (
    LIMIT,
    NewAppPassword,
    create_app_password,
    revoke_app_password,
)
from kanton.accounts.apppasswords.errors import NoScope, TooManyAppPasswords
from kanton.accounts.apppasswords.models import AppPassword, Scope
from kanton.accounts.apppasswords.queries import digests_of, note_uses, person_by_app_password
from kanton.accounts.apppasswords.tasks import end_expired
from kanton.accounts.errors import WrongPassword
from kanton.accounts.models import OneTimeLink, Person, Purpose
from kanton.accounts.profile.actions import delete_account
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import visitor
from kanton.core.jobs.testing import waiting_jobs
from kanton.core.outbox.testing import Outbox
from kanton.products.mail.engine.credentials import hash_app_password
from kanton.testing import PASSWORD, acting, make_person

NEW = "an entirely different sentence"


def make(person: Person, *scopes: str, expires_at: datetime | None = None) -> NewAppPassword:
    """A fresh app password."""
    return create_app_password(
        acting(person),
        person,
        name="Phone",
        scopes=scopes or ("mail",),
        current_password=PASSWORD,
        expires_at=expires_at,
    )


@pytest.mark.spec("ACC-76")
def test_an_app_password_is_shown_once_listed_and_revoked_alone(
    client: Client, ana: Person, outbox: Outbox
) -> None:
    client.force_login(ana)
    answer = client.post("/account/app-passwords/new", {
        "name": "Mail on my phone", "scopes": ["mail", "calendar"], "days": "90", "current_password": PASSWORD,
    })  # fmt: skip
    found = re.search(r"\b(?:[a-z2-9]{4}-){5}[a-z2-9]{4}\b", answer.content.decode())
    assert found is not None
    password = found.group()
    kept = AppPassword.objects.get()
    assert (kept.name, kept.scopes, kept.hint) == ("Mail on my phone", ["mail", "calendar"], password[:4])
    assert kept.digest == secrets.digest_of(password) == hash_app_password(password)
    assert kept.expires_at is not None and (kept.expires_at - clock.now()).days in (89, 90)
    assert [mail.template for mail in outbox] == ["apppasswords/created"]
    assert password not in outbox[0].text + str(Activity.objects.last().data)  # type: ignore[union-attr]

    listed = client.get("/account/app-passwords").content.decode()
    assert "Mail on my phone" in listed
    assert password not in listed
    assert "1 app password" in client.get("/account/security").content.decode()
    other = make(ana)
    assert client.post(f"/account/app-passwords/{kept.pk}/revoke").status_code == 303
    assert list(AppPassword.objects.all()) == [other.app_password]
    assert Activity.objects.filter(kind="accounts.app_password_revoked").count() == 1


@pytest.mark.spec("ACC-76")
def test_an_app_password_never_signs_in_on_a_page_and_opens_only_what_it_is_for(
    client: Client, ana: Person, zoe: Person
) -> None:
    made = make(ana, "calendar")
    answer = client.post("/login", {"email": ana.email, "password": made.password})
    assert answer.status_code == 422
    assert "_auth_user_id" not in client.session
    with pytest.raises(WrongPassword):
        create_app_password(acting(ana), ana, name="x", scopes=["mail"], current_password=made.password)
    for login, password, scope, person in (
        ("ANA@acme.example", made.password, Scope.CALENDAR, ana),
        (ana.email, made.password, Scope.DRIVE, None),
        (ana.email, made.password, Scope.MAIL, None),
        (ana.email, made.password.replace("-", ""), Scope.CALENDAR, None),
        (ana.email, PASSWORD, Scope.CALENDAR, None),
        (zoe.email, made.password, Scope.CALENDAR, None),
    ):
        assert person_by_app_password(login, password, scope) == person
    assert digests_of([ana.pk, zoe.pk], Scope.CALENDAR) == {ana.pk: [made.app_password.digest]}
    assert digests_of([ana.pk], Scope.MAIL) == {}


def test_it_is_made_only_with_the_login_password_and_for_something(ana: Person, outbox: Outbox) -> None:
    for scopes, password, refusal in (
        (["mail"], "wrong", WrongPassword), ([], PASSWORD, NoScope), (["ssh"], PASSWORD, NoScope),
    ):  # fmt: skip
        with pytest.raises(refusal):
            create_app_password(acting(ana), ana, name="x", scopes=scopes, current_password=password)
    AppPassword.objects.bulk_create(
        AppPassword(person=ana, name=str(n), digest=str(n), scopes=["mail"]) for n in range(LIMIT)
    )
    with pytest.raises(TooManyAppPasswords):
        make(ana)
    assert AppPassword.objects.count() == LIMIT
    assert len(outbox) == 0


def test_when_its_time_is_over_it_opens_nothing_and_is_taken_away(ana: Person) -> None:
    made = make(ana, expires_at=clock.now() + timedelta(days=30))
    lasting = make(ana)
    assert any("end_expired" in name for name, _arguments in waiting_jobs())
    AppPassword.objects.filter(pk=made.app_password.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    assert person_by_app_password(ana.email, made.password, Scope.MAIL) is None
    assert digests_of([ana.pk], Scope.MAIL) == {ana.pk: [lasting.app_password.digest]}
    end_expired.call()
    assert list(AppPassword.objects.all()) == [lasting.app_password]
    assert Activity.objects.filter(kind="accounts.app_password_expired").count() == 1


@pytest.mark.spec("ACC-27", "ACC-31")
def test_a_password_change_asks_about_app_passwords_and_a_reset_ends_them(
    client: Client, ana: Person, zoe: Person
) -> None:
    client.force_login(ana)
    assert "Also revoke" not in client.get("/account/password").content.decode()
    made, foreign = make(ana), make(zoe)
    assert "Also revoke my app password" in client.get("/account/password").content.decode()
    change_password(acting(ana), ana, current_password=PASSWORD, new_password=NEW)
    assert AppPassword.objects.filter(pk=made.app_password.pk).exists(), "it survives, unless asked to go"
    client.force_login(ana)
    answer = client.post(
        "/account/password", {"current_password": NEW, "new_password": PASSWORD, "app-passwords": "on"}
    )
    assert answer.status_code == 303
    assert list(AppPassword.objects.all()) == [foreign.app_password]

    ana.refresh_from_db()
    make(ana)
    reset_password(visitor(), secret=OneTimeLink.issue(ana, Purpose.RESET), password=NEW)
    assert list(AppPassword.objects.all()) == [foreign.app_password]


def test_the_end_of_the_account_ends_them(client: Client, db: None) -> None:
    lea = make_person("lea@home.example", "Lea", "Roth")
    make(lea)
    client.force_login(lea)
    assert "1 app password stops working" in client.get("/account/deletion").content.decode()
    delete_account(acting(lea), lea, current_password=PASSWORD)
    assert not AppPassword.objects.exists()


def test_the_last_use_goes_forward_only(ana: Person) -> None:
    made = make(ana).app_password
    now = clock.now()
    assert note_uses({made.digest[:16]: now, "f" * 16: now}) == 1
    assert note_uses({made.digest[:16]: now - timedelta(hours=1)}) == 0
    made.refresh_from_db()
    assert made.last_used_at == now
    revoke_app_password(acting(ana), made)


def test_generated_passwords_are_easy_to_type_and_hard_to_guess() -> None:
    made = {secrets.generate() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"(?:[a-z2-9]{4}-){5}[a-z2-9]{4}", one) for one in made)
    assert not set("".join(made)) & set("ilo01")
    assert len(secrets.ALPHABET) ** (secrets.GROUP * secrets.GROUPS) > 2**115
