"""Cancelling: nothing before the link, then all that belongs to it (BIL-117…125)."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.billing.actions import pay_invoice
from kanton.billing.cancellation.actions import (
    confirm_cancellation,
    request_cancellation,
    withdraw_cancellation,
)
from kanton.billing.cancellation.errors import AlreadyRequested, LinkLapsed, NotCancellable, NothingToWithdraw
from kanton.billing.cancellation.models import Cancellation
from kanton.billing.cancellation.queries import cancel_page
from kanton.billing.cancellation.tasks import carry_out_cancellations
from kanton.billing.models import Invoice
from kanton.billing.renewals.actions import end_terms, renew_services
from kanton.billing.renewals.errors import NotRenewable, RenewalInPayment
from kanton.billing.renewals.models import Renewal
from kanton.billing.renewals.plan import Choice
from kanton.billing.renewals.queries import renewals_of, rows_of, to_pay
from kanton.billing.renewals.tests.conftest import MakeService, at
from kanton.billing.tests.conftest import Kites
from kanton.core.action import dry_run
from kanton.core.actor import Actor, System
from kanton.core.errors import Conflict, Forbidden, NotFound
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.models import Membership, Organization
from kanton.products.models import Service
from kanton.testing import PASSWORD, acting, make_person

pytestmark = pytest.mark.django_db
DAY = date(2027, 3, 10)


def secret_in(outbox: Outbox) -> str:
    found = re.search(r"/cancellation/link/(\S+)", outbox[-1].text)
    assert found
    return found[1]


@pytest.mark.spec("BIL-117", "BIL-119", "BIL-120", "BIL-124", "BIL-125")
def test_nothing_ends_before_the_link_and_everything_after_it(
    ana: Person, owner: Actor, acme: Organization, make_service: MakeService, outbox: Outbox
) -> None:
    red = make_service("red", renews_automatically=True, is_guaranteed=True)
    boss = make_person("boss@acme.example", "Bo", "Ss")
    Membership.objects.create(organization=acme, person=boss, role=Role.ADMINISTRATOR)
    client = Client()
    client.force_login(ana)
    with at(DAY):
        page = client.get(f"/o/acme/cancellation/{red.pk}").content.decode()
        assert "All backups are deleted" in page
        assert client.post(f"/o/acme/cancellation/{red.pk}", {"when": ""}).status_code == 303
        assert [m.to for m in outbox] == [["ana@acme.example"]] and "All backups are deleted" in outbox[
            -1
        ].text
        secret = secret_in(outbox)
        red.refresh_from_db()
        assert (red.wanted, red.renews_automatically) == ("active", True)
        assert "Cancellation requested" in rows_of(owner, renewals_of(owner, acme))[0].note
        assert [row.name for row in to_pay(owner, acme)] == ["red"]
        waiting = renew_services(owner, acme, lines={red.pk: Choice(12)})
        link = f"/o/acme/cancellation/link/{secret}"
        answer = client.get(link)
        assert "for good" in answer.content.decode() and answer["Cache-Control"].startswith("max-age=0")
        assert client.post(link).status_code == 303
        red.refresh_from_db()
        waiting.refresh_from_db()
        assert (red.wanted, red.renews_automatically, red.is_guaranteed) == ("ended", False, False)
        assert (
            waiting.status == "cancelled"
            and list(to_pay(owner, acme)) == list(renewals_of(owner, acme)) == []
        )
        told = [m for m in outbox if m.subject == "red was cancelled"]
        assert [m.to for m in told] == [["ana@acme.example"], ["boss@acme.example"]]
        # One use.
        assert "confirmed already" in client.get(link).content.decode()
        with pytest.raises(LinkLapsed):
            confirm_cancellation(owner, Cancellation.objects.get(), token=secret)
        with pytest.raises(NotFound):
            cancel_page(owner, acme, red.pk)
        with pytest.raises(NotCancellable):
            request_cancellation(owner, red)


@pytest.mark.spec("BIL-125")
def test_a_bill_written_while_a_cancellation_is_confirmed_is_not_left_open(
    owner: Actor, acme: Organization, red: Service, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bills are looked up before the service is held; one that came between is a conflict, and nothing moves."""
    with at(DAY):
        made = request_cancellation(owner, red)
        secret = secret_in(outbox)
        waiting = renew_services(owner, acme, lines={red.pk: Choice(12)})
        with monkeypatch.context() as blind:
            blind.setattr("kanton.billing.cancellation.actions._unpaid_terms", lambda service: [])
            with pytest.raises(Conflict):
                confirm_cancellation(owner, made, token=secret)
        red.refresh_from_db()
        waiting.refresh_from_db()
        made.refresh_from_db()
        assert (red.wanted, waiting.status, made.confirmed_at) == ("active", "open", None)
        confirm_cancellation(owner, made, token=secret)
        red.refresh_from_db()
        waiting.refresh_from_db()
        assert (red.wanted, waiting.status) == ("ended", "cancelled")


@pytest.mark.spec("BIL-124")
def test_the_link_lapses_after_72_hours_and_wants_the_right(
    ana: Person, ben: Person, owner: Actor, member: Actor, acme: Organization, red: Service, outbox: Outbox
) -> None:
    with at(DAY):
        made = request_cancellation(owner, red)
        secret = secret_in(outbox)
        with pytest.raises(AlreadyRequested):
            request_cancellation(owner, red)
        with pytest.raises(LinkLapsed):
            confirm_cancellation(owner, made, token="x" * 43)
        with pytest.raises(Forbidden):
            request_cancellation(member, red)
        with pytest.raises(Forbidden):
            confirm_cancellation(member, made, token=secret)
        client = Client()
        client.force_login(ben)
        assert client.get(f"/o/acme/cancellation/link/{secret}").status_code == 403
        assert client.get("/o/acme/cancellation/link/nothing").status_code == 404
    with at(DAY + timedelta(days=3), 6), pytest.raises(LinkLapsed):
        confirm_cancellation(owner, made, token=secret)
    red.refresh_from_db()
    assert red.wanted == "active"
    with at(DAY + timedelta(days=4)):
        again = request_cancellation(owner, red)
        withdraw_cancellation(owner, again)
        with pytest.raises(LinkLapsed):
            confirm_cancellation(owner, again, token=secret_in(outbox))
        with pytest.raises(NothingToWithdraw):
            withdraw_cancellation(owner, again)
    red.refresh_from_db()
    assert red.wanted == "active"


@pytest.mark.spec("BIL-118", "BIL-125")
def test_at_the_end_of_the_term_it_runs_on_and_what_is_owed_stays_owed(
    owner: Actor, acme: Organization, make_service: MakeService, outbox: Outbox
) -> None:
    red = make_service("red", is_guaranteed=True)
    with at(date(2027, 3, 31), 20):
        end_terms(System("renewals"), None, services=[red.pk])
    owed = Renewal.objects.get(origin="guarantee").invoice
    with at(date(2027, 4, 5)):
        page = cancel_page(owner, acme, red.pk)
        assert [invoice.pk for invoice in page.owed] == [owed.pk]
        made = request_cancellation(owner, Service.objects.get(), at_end=True)
        confirm_cancellation(owner, made, token=secret_in(outbox))
        assert carry_out_cancellations.call() == 0
        red.refresh_from_db()
        assert (red.wanted, red.ends_on) == ("active", date(2027, 4, 30))
        assert not renewals_of(owner, acme) and not Service.objects.get().is_guaranteed
        with pytest.raises(NotRenewable):
            renew_services(owner, acme, lines={red.pk: Choice(12)})
    with at(date(2027, 5, 1), 1):
        assert carry_out_cancellations.call() == 1
        red.refresh_from_db()
        assert red.wanted == "ended" and carry_out_cancellations.call() == 0
    assert Invoice.objects.get(pk=owed.pk).status == "open"


def test_a_payment_in_progress_is_finished_first(
    owner: Actor, acme: Organization, red: Service, outbox: Outbox
) -> None:
    with at(DAY):
        pay_invoice(owner, renew_services(owner, acme, lines={red.pk: Choice(12)}), method="test")
        made = request_cancellation(owner, red)
        with pytest.raises(RenewalInPayment):
            confirm_cancellation(owner, made, token=secret_in(outbox))
        red.refresh_from_db()
        assert red.wanted == "active"


@pytest.mark.spec("BIL-122")
def test_what_belongs_to_a_suite_is_not_cancelled_alone(
    owner: Actor, red: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dry_run(request_cancellation, owner, red).irreversible
    monkeypatch.setattr(Kites, "cancelled_with", lambda self, service: "it is part of Kite Suite.")
    with pytest.raises(NotCancellable):
        request_cancellation(owner, red)
    assert not Cancellation.objects.exists()


@pytest.mark.spec("BIL-123")
def test_closing_the_user_account_is_a_path_of_its_own_and_cancels_no_product(
    ana: Person, ben: Person, acme: Organization, make_service: MakeService, outbox: Outbox
) -> None:
    red = make_service("red", renews_automatically=True, is_guaranteed=True)
    client = Client()
    client.force_login(ana)
    with at(DAY):
        # While she is the last owner, the account stays, and so does the product.
        assert client.post("/account/deletion", {"current_password": PASSWORD}).status_code == 422
        Membership.objects.filter(organization=acme, person=ben).update(role=Role.OWNER)
        before = Service.objects.filter(pk=red.pk).values().get()
        client.post("/account/deletion", {"current_password": PASSWORD})
        assert not Person.objects.filter(pk=ana.pk).exists()
        carry_out_cancellations.call()
        assert Service.objects.filter(pk=red.pk).values().get() == before
        assert (before["wanted"], before["renews_automatically"], before["is_guaranteed"]) == (
            "active",
            True,
            True,
        )
        assert not Cancellation.objects.exists()
        assert {mail.template for mail in outbox} == {"profile/account_deleted"}
        # The other owner has it as before: it is to be paid, and is cancelled on its own page alone.
        assert [row.name for row in to_pay(acting(ben), acme)] == ["red"]
        client.force_login(ben)
        client.post(f"/o/acme/cancellation/{red.pk}", {"when": ""})
        assert client.post(f"/o/acme/cancellation/link/{secret_in(outbox)}").status_code == 303
    red.refresh_from_db()
    assert red.wanted == "ended" and Person.objects.filter(pk=ben.pk).exists()
    assert acme.memberships.get().person == ben
