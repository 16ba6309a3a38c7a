"""Creating addresses, aliases and redirections: what is unique, what is refused, what is published."""

from __future__ import annotations

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.config import config
from kanton.core import jobs
from kanton.core.action import dry_run
from kanton.core.actor import Actor, System
from kanton.core.errors import Forbidden
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.organizations.actions import change_access
from kanton.organizations.models import Membership, Organization
from kanton.products.mail.actions import (
    add_alias,
    create_mailbox,
    create_mailboxes,
    create_redirect,
    delete_mailbox,
    end_maintenance,
    give_access,
    link_domain,
    link_mailbox,
    purge_mailbox,
    restore_mailbox,
    set_aliases,
    set_mailbox_password,
    set_redirection,
    start_maintenance,
    unlink_domain,
    withdraw_access,
)
from kanton.products.mail.engine.credentials import verify_password
from kanton.products.mail.engine.port import Proof
from kanton.products.mail.errors import (
    AllAddressesUsed,
    BadLocalPart,
    BulkRefused,
    DomainTaken,
    LocalPartTaken,
    MainDomainStays,
    RedirectCircle,
    WeakPassword,
)
from kanton.products.mail.models import Mailbox, MailService
from kanton.products.mail.queries import mailboxes_of, usable_mailboxes
from kanton.products.mail.tasks import discard_mailbox, publish_mail, purge_store, withdraw_domains
from kanton.products.mail.tests.factories import PASSWORD, RememberingEngine, make_mail, make_mailbox
from kanton.rest.testing import ApiClient


@pytest.mark.spec("MAIL-1", "MAIL-14", "MAIL-23")
def test_a_new_address_is_published_with_a_hash_and_proved_by_the_engine(
    owner: Actor, mail: MailService, engine: RememberingEngine
) -> None:
    box = make_mailbox(owner, mail)
    assert (box.wish_state, box.address, box.store) == (
        "pending",
        "info@acme.example",
        f"acme.example/info~{box.pk}",
    )
    publish_mail.call(mail.pk)
    box.refresh_from_db()
    assert box.is_proved
    [state] = engine.published["acme.example"].mailboxes
    assert (state.local, state.store, state.sending_limit) == ("info", box.store, 1440)
    assert PASSWORD not in box.password_hash and verify_password(state.password_hash, PASSWORD)


def test_without_a_password_a_strong_one_is_made_and_told_once(owner: Actor, mail: MailService) -> None:
    new = create_mailbox(owner, mail, local_part="team")
    assert len(new.password) == 18 and verify_password(new.mailbox.password_hash, new.password)
    assert create_mailbox(owner, mail, local_part="team2", password=PASSWORD).password == ""


def test_until_the_engine_confirms_an_address_is_pending_with_the_reason(
    owner: Actor, mail: MailService, engine: RememberingEngine
) -> None:
    engine.answer = Proof(False, "The mail server does not answer.")
    box = make_mailbox(owner, mail)
    with pytest.raises(jobs.RetryIn):
        publish_mail.call(mail.pk)
    box.refresh_from_db()
    assert (box.wish_state, box.wish_reason) == ("pending", "The mail server does not answer.")


@pytest.mark.spec("MAIL-9")
@pytest.mark.parametrize("taken", ["info", "INFO", " Info "])
def test_a_local_part_exists_once_across_addresses_aliases_and_redirects(
    owner: Actor, mail: MailService, taken: str
) -> None:
    box = make_mailbox(owner, mail)
    other = make_mailbox(owner, mail, "ben")
    with pytest.raises(LocalPartTaken):
        create_mailbox(owner, mail, local_part=taken)
    with pytest.raises(LocalPartTaken):
        add_alias(owner, other, alias=taken)
    with pytest.raises(LocalPartTaken):
        create_redirect(owner, mail, local_part=taken, targets=["x@example.net"])
    set_aliases(owner, box, aliases=["sales"])
    with pytest.raises(LocalPartTaken):
        create_mailbox(owner, mail, local_part="sales")
    assert Mailbox.objects.filter(mail=mail).count() == 2


@pytest.mark.parametrize("local", ["", ".a", "a.", "a..b", "ä", "a b", "a@b", "a/b", "x" * 65, "-", "a:b"])
def test_what_cannot_stand_before_the_at_sign_is_refused(owner: Actor, mail: MailService, local: str) -> None:
    with pytest.raises(BadLocalPart):
        create_mailbox(owner, mail, local_part=local)


@pytest.mark.spec("MAIL-9")
def test_a_redirect_chain_that_returns_to_itself_is_refused(owner: Actor, mail: MailService) -> None:
    create_redirect(owner, mail, local_part="a", targets=["b@acme.example"])
    create_redirect(owner, mail, local_part="b", targets=["c@acme.example", "out@example.net"])
    with pytest.raises(RedirectCircle):
        create_redirect(owner, mail, local_part="c", targets=["a@acme.example"])
    box = make_mailbox(owner, mail, "c")
    with pytest.raises(RedirectCircle):
        set_redirection(owner, box, targets=["A@ACME.example"])
    set_redirection(owner, box, targets=["elsewhere@example.net"])


@pytest.mark.spec("MAIL-9")
def test_mail_to_postmaster_goes_to_the_administrators(
    owner: Actor, mail: MailService, engine: RememberingEngine
) -> None:
    publish_mail.call(mail.pk)
    # Ana's login is an address of this very domain that does not exist: the provider's support stands in.
    assert engine.published["acme.example"].administrators == (config.operator.support_email,)
    make_mailbox(owner, mail, "ana")
    publish_mail.call(mail.pk)
    assert engine.published["acme.example"].administrators == ("ana@acme.example",)


@pytest.mark.spec("MAIL-8")
def test_bulk_creation_reports_the_wrong_lines_by_number_and_creates_none(
    owner: Actor, mail: MailService
) -> None:
    make_mailbox(owner, mail, "taken")
    rows = [
        {"local_part": "anna"},
        {"local_part": "taken"},
        {"local_part": "anna"},
        {"local_part": "böb", "password": PASSWORD},
        {"local_part": "carl", "password": "short"},
    ]
    with pytest.raises(BulkRefused) as refused:
        create_mailboxes(owner, mail, rows=rows)
    assert [f"line {number}" in refused.value.sentence for number in range(1, 6)] == [
        False,
        True,
        True,
        True,
        True,
    ]
    assert Mailbox.objects.count() == 1


@pytest.mark.spec("MAIL-8")
def test_bulk_creation_makes_all_and_shows_generated_passwords_once(owner: Actor, mail: MailService) -> None:
    created = create_mailboxes(
        owner,
        mail,
        rows=[{"local_part": "anna", "name": "Anna"}, {"local_part": "bob", "password": PASSWORD}],
    )
    assert [(new.mailbox.local_part, bool(new.password)) for new in created] == [
        ("anna", True),
        ("bob", False),
    ]


@pytest.mark.spec("MAIL-11")
def test_one_address_more_than_paid_leads_to_the_offer(
    owner: Actor, acme: Organization, engine: RememberingEngine
) -> None:
    small = make_mail(acme, "small.example", plan="mail-starter", mailboxes=1)
    make_mailbox(owner, small)
    with pytest.raises(AllAddressesUsed):
        create_mailbox(owner, small, local_part="two")
    create_redirect(
        owner, small, local_part="two", targets=["x@example.net"]
    )  # counts for no mailbox (MAIL-10)
    assert Mailbox.objects.count() == 1
    assert small.sending_limit == 100


@pytest.mark.spec("MAIL-2")
def test_aliases_and_additional_domains_are_published(
    owner: Actor, mail: MailService, engine: RememberingEngine
) -> None:
    set_aliases(owner, make_mailbox(owner, mail), aliases=["sales", "hello"])
    link_domain(owner, mail, name="acme-shop.example")
    with pytest.raises(jobs.RetryIn):
        publish_mail.call(mail.pk)
    assert dict(engine.published["acme.example"].aliases) == {"hello": "info", "sales": "info"}
    assert "acme-shop.example" not in engine.published, "a domain that is not proved takes no mail"
    mail.domains.update(controlled_at=mail.created_at)
    publish_mail.call(mail.pk)
    assert engine.published["acme-shop.example"].alias_of == "acme.example"


@pytest.mark.spec("MAIL-4")
def test_a_foreign_domain_takes_no_mail_until_control_is_proved(
    owner: Actor, acme: Organization, engine: RememberingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = make_mail(acme, "elsewhere.example", controlled=False)
    answers: list[str] = []
    monkeypatch.setattr("kanton.products.mail.tasks.text_records", lambda name: answers)
    with pytest.raises(jobs.RetryIn):
        publish_mail.call(elsewhere.pk)
    domain = elsewhere.domains.get()
    assert (engine.published, domain.wish_state) == ({}, "failed")
    answers.append(f"kanton-mail={domain.control_token}")
    publish_mail.call(elsewhere.pk)
    domain.refresh_from_db()
    assert domain.is_proved and "elsewhere.example" in engine.published


def test_a_domain_belongs_to_one_mail_service_and_the_main_one_stays(
    owner: Actor, mail: MailService, globex: Organization, engine: RememberingEngine
) -> None:
    with pytest.raises(DomainTaken):
        make_mail(globex, "ACME.example")
    with pytest.raises(MainDomainStays):
        unlink_domain(owner, mail.domains.get())
    extra = link_domain(owner, mail, name="more.example")
    unlink_domain(owner, extra)
    withdraw_domains.call(["more.example"])
    assert "more.example" not in engine.published


def test_a_deleted_address_comes_back_with_aliases_and_is_purged_after_a_month(
    owner: Actor, mail: MailService, engine: RememberingEngine
) -> None:
    box = make_mailbox(owner, mail)
    set_aliases(owner, box, aliases=["sales"])
    delete_mailbox(owner, box)
    discard_mailbox.call(box.pk)
    publish_mail.call(mail.pk)
    assert not list(engine.published["acme.example"].mailboxes) and engine.discarded == {box.store}
    restore_mailbox(owner, Mailbox.objects.get(pk=box.pk))
    publish_mail.call(mail.pk)
    state = engine.published["acme.example"].mailboxes[0]
    assert (state.store, dict(engine.published["acme.example"].aliases)) == (box.store, {"sales": "info"})
    assert engine.discarded == set()
    delete_mailbox(owner, Mailbox.objects.get(pk=box.pk))
    again = make_mailbox(owner, mail)
    assert again.store != box.store, "a new mailbox never gets an old store"
    purge_mailbox(System("mail"), Mailbox.objects.get(pk=box.pk))
    purge_store.call(str(box.store))
    assert engine.calls[-1] == f"purge {box.store}"


def test_the_dry_run_of_a_deletion_says_what_is_lost(owner: Actor, mail: MailService) -> None:
    box = make_mailbox(owner, mail)
    effect = dry_run(delete_mailbox, owner, box)
    assert len(effect.irreversible) == 1 and Mailbox.objects.alive().filter(pk=box.pk).exists()


@pytest.mark.parametrize("password", ["short", "password1234", "x" * 200, "my-info-box-long-enough\n"])
def test_weak_passwords_are_refused_with_the_reason(owner: Actor, mail: MailService, password: str) -> None:
    box = make_mailbox(owner, mail)
    before = box.password_hash
    with pytest.raises(WeakPassword):
        set_mailbox_password(owner, box, password=password)
    box.refresh_from_db()
    assert box.password_hash == before


# Who may


def test_a_collaborator_sees_and_changes_nothing(owner: Actor, member: Actor, mail: MailService) -> None:
    box = make_mailbox(owner, mail)
    assert list(MailService.objects.visible_to(member, mail.organization)) == []
    for change in (
        lambda: create_mailbox(member, mail, local_part="x"),
        lambda: set_mailbox_password(member, box, password=PASSWORD),
        lambda: delete_mailbox(member, box),
    ):
        with pytest.raises(Forbidden):
            change()
    assert Mailbox.objects.count() == 1


@pytest.mark.spec("MAIL-24", "MAIL-25")
def test_an_invited_colleague_uses_one_address_and_nothing_else(
    owner: Actor, member: Actor, mail: MailService, ben: Person
) -> None:
    box, other = make_mailbox(owner, mail, "team"), make_mailbox(owner, mail, "boss")
    membership = Membership.objects.get(person=ben)
    give_access(owner, box, membership=membership)
    member.loaded.clear()
    assert [one.address for one in usable_mailboxes(member)] == ["team@acme.example"]
    assert list(mailboxes_of(member, mail)) == [box]
    with pytest.raises(Forbidden):
        set_mailbox_password(member, box, password=PASSWORD)
    with pytest.raises(Forbidden):
        link_mailbox(member, other)
    give_access(owner, box, membership=membership, may_change_password=True)
    member.loaded.clear()
    set_mailbox_password(member, box, password="Anders-Kiesel-417-Wolke")
    withdraw_access(owner, box, membership=membership)
    member.loaded.clear()
    assert usable_mailboxes(member) == [] and list(mailboxes_of(member, mail)) == []


def test_administrators_open_a_mailbox_only_after_a_line_in_the_activity(
    owner: Actor, mail: MailService
) -> None:
    box = make_mailbox(owner, mail)
    assert usable_mailboxes(owner) == []
    link_mailbox(owner, box)
    assert usable_mailboxes(owner) == [box]
    start_maintenance(owner, mail)
    assert usable_mailboxes(owner) == []


@pytest.mark.spec("MAIL-96")
def test_in_maintenance_the_engine_is_told_to_refuse_logins_and_go_on_receiving(
    owner: Actor, mail: MailService, engine: RememberingEngine
) -> None:
    make_mailbox(owner, mail)
    start_maintenance(owner, mail)
    publish_mail.call(mail.pk)
    state = engine.published["acme.example"]
    assert "maintenance" in state.maintenance and state.mailboxes[0].receives


@pytest.mark.spec("ORG-84")
def test_the_list_of_products_tells_of_maintenance(owner: Actor, ana: Person, mail: MailService) -> None:
    client = ApiClient(ana)

    def told() -> list[bool]:
        plain, full = client.get("/1/products").data[0], client.get("/1/products?with=status").data[0]
        return [plain["has_maintenance"], full["has_maintenance"], full["status"]["maintenance"]["superuser"]]

    assert told() == [False, False, False]
    start_maintenance(owner, mail)
    assert told() == [True, True, True]
    end_maintenance(owner, mail)
    assert told() == [False, False, False]


@pytest.mark.spec("ORG-84", "ORG-85", "MAIL-98")
def test_maintenance_closes_the_webmail_with_an_honest_page_and_everybody_else_is_told(
    owner: Actor, member: Actor, ben: Person, mail: MailService, outbox: Outbox
) -> None:
    box = make_mailbox(owner, mail)
    membership = Membership.objects.get(person=ben)
    change_access(owner, membership, grants=[{"right": "mail.manage", "service_id": mail.service_id}])
    link_mailbox(member, box)
    run_jobs()
    written = len(outbox)
    browser = Client()
    browser.force_login(ben)
    page = f"/o/acme/mail/{mail.service_id}"
    # Whoever manages the service by a grant does not close it for everybody.
    shown = browser.get(page).content.decode()
    assert f'href="{page}/maintenance"' not in shown and "put mail services into maintenance" in shown
    for do in (start_maintenance, end_maintenance):
        with pytest.raises(Forbidden):
            do(member, mail)
    start_maintenance(owner, mail)
    start_maintenance(owner, mail)
    run_jobs()
    assert [(letter.to, letter.subject) for letter in outbox[written:]] == [
        (["ben@acme.example"], "acme.example is in maintenance")
    ]
    for address in (f"/mail/{box.pk}/", "/mail/"):
        answer = browser.get(address)
        assert (answer.status_code, "This mail service is in maintenance" in answer.content.decode()) == (
            503,
            True,
        )
    assert "In maintenance since" in browser.get(page).content.decode()
    end_maintenance(owner, mail)
    run_jobs()
    assert [letter.subject for letter in outbox[written + 1 :]] == [
        "The maintenance of acme.example has ended"
    ]
    assert usable_mailboxes(member) == [box]
