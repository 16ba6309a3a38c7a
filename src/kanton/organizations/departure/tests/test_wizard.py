"""The way out through the pages and by program: every step answered, the effect seen, password, tick; and back."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core.actor import Actor
from kanton.core.jobs.testing import waiting_jobs
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.actions import create_organization
from kanton.organizations.departure.actions import remove_member
from kanton.organizations.departure.models import Departure, State
from kanton.organizations.departure.tests.holder import Holder, carry
from kanton.organizations.models import Grant, Membership, Organization
from kanton.products.mail.models import Mailbox
from kanton.rest.testing import ApiClient
from kanton.testing import PASSWORD, acting, make_person

BIN = "/o/acme/people"


def membership_of(person: Person) -> Membership:
    return Membership.objects.get(person=person, organization__slug="acme")


@pytest.mark.spec("ORG-48", "ORG-50", "ORG-51", "ORG-52", "ORG-53")
def test_the_wizard_asks_for_each_thing_shows_the_whole_effect_and_changes_nothing_before_the_last_step(
    client: Client, ana: Person, ben: Person, holder: Holder, outbox: Outbox
) -> None:
    client.force_login(ana)
    create_organization(acting(ben), ben, name="Ben's own")
    before, mails = holder.everything(), len(outbox)
    path = f"{BIN}/{membership_of(ben).pk}/remove"
    assert f'href="{path}"' in client.get(BIN).content.decode()

    page = client.get(path).content.decode()
    for told in ("ben@acme.example, info@acme.example", "acme-domain.example", "2 open", "1 open",
                 "1 device password that the person made for a mailbox here ends.",
                 "There are no calendars and address books here, so none are lost.",
                 "The account and the other organizations of the person stay as they are."):  # fmt: skip
        assert told in page, told
    assert client.get(f"{path}/last")["Location"] == f"{path}/in/mail"

    page = client.get(f"{path}/in/mail").content.decode()
    assert page.count('type="radio"') == 5 and "checked" not in page, "nothing is chosen beforehand"
    assert "Used by Carl Roth too." in page and "signs in with this address" in page and "0\xa0B" in page
    heir = str(holder.heir.pk)
    assert client.post(f"{path}/in/mail", {"choice-0": "archive"}).status_code == 422
    no_heir = client.post(f"{path}/in/mail", {"choice-0": "hand_over", "choice-1": "withdraw"})
    assert no_heir.status_code == 422 and "Choose who gets it." in no_heir.content.decode()
    not_offered = client.post(f"{path}/in/mail", {"choice-0": "withdraw", "choice-1": "withdraw"})
    assert not_offered.status_code == 422
    answered = client.post(
        f"{path}/in/mail", {"choice-0": "hand_over", "heir-0": heir, "choice-1": "withdraw"}
    )
    assert (answered.status_code, answered["Location"]) == (303, f"{path}/in/domains")

    # Interrupted here: the answers are kept, and nothing has happened.
    page = client.get(path).content.decode()
    assert "answered" in page and f'href="{path}/in/domains"' in page
    assert holder.everything() == before and len(outbox) == mails
    refused = client.post(f"{path}/last", {"current_password": PASSWORD, "sure": "on"})
    assert refused.status_code == 422 and "Domain acme-domain.example" in refused.content.decode()
    answered = client.post(f"{path}/in/domains", {"choice-0": "hand_over", "heir-0": heir})
    assert answered["Location"] == f"{path}/last"

    page = client.get(f"{path}/last").content.decode()
    for told in ("Ana Keller removed Ben Moser from the organization",
                 "Ana Keller handed ben@acme.example of Ben Moser over to Carl Roth",
                 "Ana Keller let info@acme.example of Ben Moser stay with the organization",
                 "Ana Keller handed acme-domain.example of Ben Moser over to Carl Roth",
                 "You no longer belong to Acme", "Remove this user"):  # fmt: skip
        assert told in page, told
    for wrong in (
        {"current_password": PASSWORD},
        {"current_password": "wrong", "sure": "on"},
        {"sure": "on"},
    ):
        assert client.post(f"{path}/last", wrong).status_code == 422
    assert holder.everything() == before and len(outbox) == mails
    assert not [job for job in waiting_jobs() if "carry_on" in job[0]]

    done = client.post(f"{path}/last", {"current_password": PASSWORD, "sure": "on"})
    departure = Departure.objects.get()
    assert (done.status_code, done["Location"]) == (303, f"{BIN}/departures/{departure.pk}")
    ben_browser = Client()
    ben_browser.force_login(ben)
    assert ben_browser.get("/o/acme/settings").status_code == 404, "at once, before any job has run"
    assert ben_browser.get("/o/bens-own/settings").status_code == 200, "other organizations stay"
    assert ben_browser.get("/mail/").status_code == 200
    assert not Grant.objects.filter(membership__person=ben).exists()
    assert outbox[mails].template == "organizations/member_removed"
    assert "0 of 3" in client.get(done["Location"]).content.decode()

    assert carry(departure).state == State.DONE
    page = client.get(done["Location"]).content.decode()
    assert page.count("Settled") == 3 and "to Carl Roth" in page and "Bring the person back" in page
    carls = acting(holder.heir)
    assert set(Mailbox.objects.readable_by(carls).values_list("address", flat=True)) == {
        "ben@acme.example", "info@acme.example",
    }  # fmt: skip
    assert list(holder.domain.contacts.order_by("role").values_list("role", "first_name", "email")) == [
        ("admin", "Carl", "carl@home.example"), ("billing", "Ana", "ana@acme.example"),
        ("owner", "Ana", "ana@acme.example"), ("tech", "Carl", "carl@home.example"),
    ]  # fmt: skip
    ben.refresh_from_db()
    assert ben.email.endswith("@recovery.invalid"), "Carl cannot take the account over through the mailbox"


@pytest.mark.spec("ORG-53")
def test_whoever_is_removed_can_be_brought_back_with_everything(
    client: Client, ana: Person, owner: Actor, ben: Person, holder: Holder, outbox: Outbox
) -> None:
    client.force_login(ana)
    before = holder.everything()
    departure = carry(remove_member(owner, membership_of(ben), answers=holder.answers()))
    assert holder.everything() != before
    page = client.get(f"{BIN}/departures").content.decode()
    assert "Ben Moser" in page and "Ana Keller" in page and "Removed" in page
    path = f"{BIN}/departures/{departure.pk}/bring-back"
    assert "Ana Keller brought Ben Moser back" in client.get(path).content.decode()
    assert not Membership.objects.filter(person=ben, organization=holder.organization).exists(), "only looked"
    assert client.post(path).status_code == 303
    assert membership_of(ben).role == Role.COLLABORATOR

    assert carry(departure).state == State.RETURNED
    assert holder.everything() == before
    assert [(mail.template, mail.to) for mail in outbox[-2:]] == [
        ("recovery/given_back", ["ben@acme.example"]),
        ("departure/brought_back", ["ben@acme.example"]),
    ]
    assert client.post(path).status_code == 409
    kinds = set(Activity.objects.values_list("kind", flat=True))
    assert {
        "departure.handed_over",
        "departure.stayed",
        "departure.brought_back",
        "departure.put_back",
    } <= kinds


@pytest.mark.spec("ORG-48", "ORG-53")
def test_a_departure_by_program(ana: Person, ben: Person, acme: Organization, holder: Holder) -> None:
    api = ApiClient(ana)
    path = f"/2/accounts/{acme.pk}/users/{ben.pk}"
    before = holder.everything()
    plan = api.get(f"{path}/departure").data
    keys = [
        f"mail/{holder.own.resource}",
        f"mail/{holder.shared.resource}",
        f"domains/domain:{holder.domain.pk}",
    ]
    assert sorted(plan["unanswered"]) == sorted(keys)
    assert {one["holding"]: [offer["choice"] for offer in one["choices"]] for one in plan["holdings"]} == {
        keys[0]: ["hand_over", "archive", "delete"],
        keys[1]: ["withdraw", "hand_over"],
        keys[2]: ["hand_over", "keep"],
    }
    refused = api.delete(path)
    assert (refused.status, refused.code) == (409, "organizations.holdings_unanswered")
    assert sorted(refused.error["context"]["holdings"]) == sorted(keys)
    assert holder.everything() == before

    def answer(holding: str, choice: str, heir: int | None = None) -> dict[str, object]:
        return {"holding": holding, "choice": choice, "heir_user_id": heir}

    wrong = {
        "organizations.no_such_holding": answer("mail/mailbox:999", "archive"),
        "organizations.choice_not_offered": answer(keys[0], "withdraw"),
        "organizations.heir_needed": answer(keys[0], "hand_over"),
        "organizations.not_an_heir": answer(keys[0], "hand_over", ben.pk),
    }
    for code, one in wrong.items():
        reply = api.put(f"{path}/departure", {"answers": [one]})
        assert (reply.status, reply.error["errors"][0]["code"]) == (422, code)
    kept = api.put(
        f"{path}/departure", {"answers": [answer(keys[0], "delete"), answer(keys[1], "withdraw")]}
    ).data
    assert kept["unanswered"] == [keys[2]]
    body = {"answers": [answer(keys[2], "keep")]}
    tried = api.post(f"{path}/departure?dry_run=1", body)
    assert holder.everything() == before
    started = api.post(f"{path}/departure", body, X_Confirmation=tried.data["confirmation"]["token"])
    assert (started.status, started.data["state"], len(started.data["settlements"])) == (202, "running", 3)
    departure = carry(Departure.objects.get())
    found = api.get(f"/2/accounts/{acme.pk}/departures/{departure.pk}").data
    assert {one["choice"]: one["state"] for one in found["settlements"]} == {
        "delete": "settled", "withdraw": "settled", "keep": "settled",
    }  # fmt: skip
    assert not Mailbox.objects.alive().filter(pk=holder.own.pk).exists()
    assert [one["user_id"] for one in api.get(f"/2/accounts/{acme.pk}/departures").data] == [ben.pk]
    assert api.post(f"/2/accounts/{acme.pk}/departures/{departure.pk}/return").data["state"] == "returning"
    carry(departure)
    assert holder.everything() == before


def test_the_list_of_who_went_asks_as_often_for_many_as_for_few(
    client: Client, ana: Person, owner: Actor, acme: Organization
) -> None:
    client.force_login(ana)

    def go(number: int) -> None:
        person = make_person(f"p{number}@acme.example", f"P{number}", "X")
        remove_member(owner, Membership.objects.create(organization=acme, person=person, role=Role.EXTERNAL))

    def asked() -> int:
        client.get(f"{BIN}/departures")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{BIN}/departures").status_code == 200
        return len(queries)

    go(0)
    few = asked()
    for number in range(1, 13):
        go(number)
    assert asked() == few
