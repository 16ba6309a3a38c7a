"""App passwords of people in mail: which mailboxes they open, from when, and until when."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from kanton.accounts.apppasswords.actions import create_app_password, revoke_app_password
from kanton.accounts.apppasswords.models import AppPassword
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.jobs.testing import run_jobs
from kanton.organizations.departure.actions import Answer, remove_member
from kanton.organizations.models import Grant, Membership, Organization
from kanton.organizations.policies.actions import demand_second_factor, leave_second_factor_open
from kanton.organizations.teams.actions import (
    add_to_team,
    change_team_access,
    create_team,
    delete_team,
    remove_from_team,
    restore_team,
)
from kanton.products.mail import actions
from kanton.products.mail.engine import credentials as engine_credentials
from kanton.products.mail.engine.configured import engine_settings
from kanton.products.mail.engine.credentials import Credentials
from kanton.products.mail.engine.uses import Uses
from kanton.products.mail.models import MailService
from kanton.products.mail.rights import MANAGE, USE
from kanton.products.mail.states import domain_states
from kanton.products.mail.tasks import bring_in_uses
from kanton.products.mail.tests.factories import PASSWORD as MAILBOX_PASSWORD
from kanton.products.mail.tests.factories import RememberingEngine, make_mailbox
from kanton.testing import PASSWORD, acting


def app_password(person: Person, *scopes: str) -> tuple[AppPassword, str]:
    """A fresh one, and its text."""
    made = create_app_password(
        acting(person), person, name="Phone", scopes=scopes or ["mail"], current_password=PASSWORD
    )
    return made.app_password, made.password


@pytest.mark.spec("ACC-76", "ACC-37")
def test_an_app_password_opens_the_mailboxes_that_its_person_may_read_and_no_other(
    engine: RememberingEngine, owner: Actor, ana: Person, ben: Person, acme: Organization, mail: MailService
) -> None:
    info, team = make_mailbox(owner, mail, "info"), make_mailbox(owner, mail, "team")
    membership = Membership.objects.get(person=ben)
    run_jobs()

    def published(local: str) -> tuple[set[str], set[str]]:
        run_jobs()
        box = next(box for box in engine.published["acme.example"].mailboxes if box.local == local)
        return set(box.app_hashes), set(box.reading_hashes)

    mine, _text = app_password(ana)
    his, _text = app_password(ben)
    app_password(ana, "calendar", "drive")
    assert published("info") == published("team") == (set(), set()), (
        "a role alone opens nothing: she has linked none"
    )
    actions.link_mailbox(owner, info)
    assert published("info") == ({mine.digest}, set())

    actions.give_access(owner, info, membership=membership, may_send=False)
    assert published("info") == ({mine.digest}, {his.digest}), "he may read, and not send"
    actions.give_access(owner, team, membership=membership, may_send=True)
    assert published("team") == ({his.digest}, set())
    actions.withdraw_access(owner, info, membership=membership)
    assert published("info") == ({mine.digest}, set())

    whole = {"organization": acme, "right": MANAGE.code, "product": "mail", "service_id": mail.service_id}
    grant = Grant.objects.create(membership=membership, **whole)
    actions.link_mailbox(acting(ben), info)
    assert published("info") == ({mine.digest, his.digest}, set()), "who manages the service may send"
    grant.delete()
    assert published("info") == ({mine.digest}, set()), "what he linked outlives no right"

    one = {"right": USE.code, "service_id": mail.service_id, "resource": info.resource}
    office = create_team(owner, acme, name="Office", grants=[one])
    reading: tuple[set[str], set[str]] = ({mine.digest}, {his.digest})
    nothing: tuple[set[str], set[str]] = ({mine.digest}, set())
    add_to_team(owner, office, memberships=[membership])
    assert published("info") == reading, "what a team may, its members may"
    change_team_access(owner, office, grants=[])
    assert published("info") == nothing
    change_team_access(owner, office, grants=[one])
    assert published("info") == reading
    gone = delete_team(owner, office)
    assert published("info") == nothing
    office = restore_team(owner, gone)
    assert published("info") == reading
    remove_from_team(owner, office, memberships=[membership])
    assert published("info") == nothing

    remove_member(owner, membership, answers=[Answer(f"mail/{team.resource}", "archive")])
    assert published("team") == (set(), set()), "who leaves is locked out without waiting for anything else"
    actions.unlink_mailbox(owner, info)
    assert published("info") == (set(), set())
    actions.link_mailbox(owner, info)
    revoke_app_password(owner, mine)
    assert published("info") == (set(), set())


@pytest.mark.spec("ACC-35", "ACC-36", "ACC-37")
def test_login_and_mailbox_passwords_are_two_pairs(
    client: object, owner: Actor, ana: Person, mail: MailService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even with the same text as address: each password opens its own door only."""
    ana.email = "info@acme.example"
    ana.save()
    info = make_mailbox(owner, mail, "info")
    actions.link_mailbox(owner, info)
    _kept, text = app_password(ana)
    from kanton.products.mail.engine.published import publish

    for state in domain_states(mail):
        publish(engine_settings().published, state)
    servers = Credentials(engine_settings().published)
    assert servers.verify("info@acme.example", MAILBOX_PASSWORD)
    assert not servers.verify("info@acme.example", PASSWORD), "the login password opens no mailbox"
    refused = client.post("/login", {"email": "info@acme.example", "password": MAILBOX_PASSWORD})  # type: ignore[attr-defined]
    assert refused.status_code == 422, "the mailbox password opens no account"
    assert client.post("/login", {"email": "info@acme.example", "password": PASSWORD}).status_code == 302  # type: ignore[attr-defined]

    def never(*_arguments: object) -> bool:
        raise AssertionError("Argon2 was asked")

    monkeypatch.setattr(engine_credentials, "verify_password", never)
    for _ in range(50):
        assert servers.verify("info@acme.example", text), "a fast hash is enough for what cannot be guessed"


def test_a_reading_app_password_opens_imap_and_not_submission(
    owner: Actor, ben: Person, mail: MailService
) -> None:
    from kanton.products.mail.engine.published import publish

    info = make_mailbox(owner, mail, "info")
    actions.give_access(owner, info, membership=Membership.objects.get(person=ben), may_send=False)
    _kept, text = app_password(ben)
    for state in domain_states(mail):
        publish(engine_settings().published, state)
    servers = Credentials(engine_settings().published)
    assert servers.verify("info@acme.example", text)
    assert not servers.verify("info@acme.example", text, sending=True)
    assert servers.verify("info@acme.example", MAILBOX_PASSWORD, sending=True)


@pytest.mark.spec("ACC-76")
def test_the_last_use_flows_back_without_a_write_for_each_fetch(owner: Actor, ana: Person) -> None:
    kept, _text = app_password(ana)
    uses = Uses(engine_settings().mail)
    noted = [uses.note(kept.digest) for _ in range(100)]
    assert noted.count(True) == 1
    bring_in_uses.call()
    kept.refresh_from_db()
    assert kept.last_used_at is not None
    assert uses.take() == {}, "it is told once"
    bring_in_uses.call()


@pytest.mark.spec("ORG-62", "ORG-86")
def test_where_apps_must_prove_it_too_only_passwords_made_with_a_second_factor_open_mailboxes(
    engine: RememberingEngine, owner: Actor, ana: Person, ben: Person, acme: Organization, mail: MailService
) -> None:
    info = make_mailbox(owner, mail, "info")
    actions.link_mailbox(owner, info)
    before, _text = app_password(ana)
    device = actions.create_app_password(owner, info, label="Printer").app_password
    Authenticator.objects.create(user=ana, type=Authenticator.Type.TOTP, data={"secret": "x"})
    after, _text = app_password(ana)
    later = actions.create_app_password(owner, info, label="Scanner").app_password

    def published() -> tuple[str, set[str]]:
        run_jobs()
        [box] = engine.published["acme.example"].mailboxes
        return box.own_password_closed, set(box.app_hashes)

    everything = {one.digest for one in (before, device, after, later)}
    assert published() == ("", everything)
    with clock.travel(datetime(2027, 1, 4, 12, 0, tzinfo=UTC)):
        demand_second_factor(owner, acme, demanded_from=date(2027, 1, 11), also_for_apps=True)
        assert published() == ("", everything), "not before the day"
        page = Client()
        page.force_login(ana)
        assert (
            "1 mailbox opens in mail programs only"
            in page.get("/o/acme/rules/second-factor").content.decode()
        )
    with clock.travel(datetime(2027, 1, 10, 23, 5, tzinfo=UTC)):  # 00:05 on the day, in the operator's zone
        words, hashes = published()
        assert words.startswith("Your organization wants an app password") and hashes == {
            after.digest,
            later.digest,
        }
        demand_second_factor(owner, acme, demanded_from=date(2027, 1, 11), also_for_apps=False)
        assert published() == ("", everything)
        demand_second_factor(owner, acme, demanded_from=date(2027, 1, 11), also_for_apps=True)
        assert published()[0]
        leave_second_factor_open(owner, acme)
        assert published() == ("", everything)


@pytest.mark.spec("ORG-62")
def test_the_page_that_tests_a_pair_says_that_programs_are_refused(
    client: Client, owner: Actor, ana: Person, acme: Organization, mail: MailService
) -> None:
    from kanton.products.mail.engine.published import publish

    Authenticator.objects.create(user=ana, type=Authenticator.Type.TOTP, data={"secret": "x"})
    make_mailbox(owner, mail, "info")
    demand_second_factor(owner, acme, demanded_from=clock.today(), also_for_apps=True)
    [state] = domain_states(MailService.objects.get(pk=mail.pk))
    publish(engine_settings().published, state)
    for password, words in (
        (
            MAILBOX_PASSWORD,
            "The password is right, but mail programs are refused at the moment. Your organization",
        ),
        ("wrong", "do not go together"),
    ):
        sent = client.post("/which-password", {"address": "info@acme.example", "password": password})
        assert words in sent.content.decode()
