"""The staff's pages: what they show, what they do, what they hide."""

from __future__ import annotations

import datetime as dt
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.backoffice import queries
from kanton.backoffice.actions import retry_jobs, send_mail_again, try_wish_again
from kanton.backoffice.activity import Happened
from kanton.backoffice.errors import CannotTryAgain, MailIsErased, MailIsOnItsWay, NothingToRetry
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden, NotFound
from kanton.core.jobs.models import Job, JobState
from kanton.core.jobs.testing import waiting_jobs
from kanton.core.outbox.models import Mail, MailState, Sms
from kanton.core.wish import WishState
from kanton.organizations.models import Organization
from kanton.products.models import Service
from kanton.rest.testing import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(sam: Person) -> Client:
    """A browser in which Sam is signed in."""
    client = Client()
    client.force_login(sam)
    return client


def make_job(**fields: Any) -> Job:
    """A job."""
    return Job.objects.create(
        **{"task": "kanton.products.domains.tasks.reconcile_zone", "args": [7], **fields}
    )


def make_mail(**fields: Any) -> Mail:
    """A mail that went out."""
    usual = {
        "to": "ana@acme.example", "subject": "Your invoice", "text": "Dear Ana", "html": "<p>Dear <b>Ana</b></p>",
        "language": "en", "template": "billing/invoice", "kind": "invoice", "state": MailState.SENT,
        "message_id": f"<{Mail.objects.count()}@tests>", "transport": "smtp",
    }  # fmt: skip
    return Mail.objects.create(**usual | fields)


def make_service(acme: Organization, **fields: Any) -> Service:
    """A service that was wished a day ago."""
    usual = {
        "organization": acme, "product": "sample", "plan": "small", "name": "acme.ch",
        "order_line": f"line-{Service.objects.count()}", "starts_on": dt.date(2026, 1, 1),
        "wished_at": clock.now() - timedelta(days=1),
    }  # fmt: skip
    return Service.objects.create(**usual | fields)


def text_of(client: Client, path: str) -> str:
    """The page."""
    response: Any = client.get(path)
    assert response.status_code == 200, path
    content: bytes = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode()


# Jobs.


def test_jobs_are_listed_with_what_stands_in_their_way(browser: Client) -> None:
    make_job(reason="the name server does not answer it yet")
    make_job(
        state=JobState.FAILED, error="Traceback …\nZeroDivisionError: no <b>zone</b>", finished_at=clock.now()
    )
    page = text_of(browser, "/staff/jobs")
    assert "domains.tasks.reconcile_zone" in page
    assert "the name server does not answer it yet" in page
    assert "ZeroDivisionError: no &lt;b&gt;zone&lt;/b&gt;" in page
    assert "name server" not in text_of(browser, "/staff/jobs?state=failed")
    assert "name server" in text_of(browser, "/staff/jobs?q=zone+server")
    assert text_of(browser, "/staff/jobs?format=csv").count("reconcile_zone") == 2


def test_a_job_shows_its_traceback_arguments_and_owner(browser: Client, acme: Organization) -> None:
    job = make_job(
        state=JobState.FAILED, error="Traceback <lines>", organization_id=acme.pk, kwargs={"deep": True}
    )
    page = text_of(browser, f"/staff/jobs/{job.pk}")
    assert "Traceback &lt;lines&gt;" in page and "7, deep=True" in page
    assert 'href="/staff/organizations/acme"' in page and "/staff/jobs/retry" in page
    assert "/staff/jobs/retry" not in text_of(browser, f"/staff/jobs/{make_job(state=JobState.RUNNING).pk}")


def test_staff_start_chosen_jobs_again_and_the_customer_sees_it(
    browser: Client, acme: Organization, sam: Person
) -> None:
    failed = make_job(state=JobState.FAILED, failures=12, organization_id=acme.pk)
    running = make_job(state=JobState.RUNNING)
    response = browser.post("/staff/jobs/retry", {"selected": [failed.pk, running.pk, "x", "9" * 30]})
    assert (response.status_code, response["Location"]) == (303, "/staff/jobs")
    failed.refresh_from_db()
    running.refresh_from_db()
    assert (failed.state, failed.failures, running.state) == (JobState.WAITING, 0, JobState.RUNNING)
    (row,) = Activity.objects.filter(kind=Happened.JOB_RETRIED.code)
    assert (row.organization_id, row.person_id) == (acme.pk, sam.pk)
    assert (
        row.sentence
        == f"Sam Frei of the provider started the job domains.tasks.reconcile_zone {failed.pk} again"
    )


def test_staff_cancel_a_job_and_stay_on_its_page(browser: Client) -> None:
    job = make_job()
    response = browser.post("/staff/jobs/cancel", {"selected": job.pk, "job": job.pk})
    assert (response.status_code, response["Location"]) == (303, f"/staff/jobs/{job.pk}")
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_jobs_that_cannot_run_again_are_refused_and_nothing_is_recorded(staff: Actor, owner: Actor) -> None:
    with pytest.raises(NothingToRetry):
        retry_jobs(staff, [make_job(state=JobState.DONE)])
    failed = make_job(state=JobState.FAILED)
    with pytest.raises(Forbidden):
        retry_jobs(owner, [failed])
    failed.refresh_from_db()
    assert failed.state == JobState.FAILED and not Activity.objects.exists()


# Mails.


def test_mails_are_listed_and_shown_in_a_frame_that_can_do_nothing(browser: Client) -> None:
    mail = make_mail()
    make_mail(subject="Refused", state=MailState.FAILED, reason="550 no such person")
    assert "550 no such person" in text_of(browser, "/staff/mails?state=failed")
    assert "Dear Ana" in text_of(browser, f"/staff/mails/{mail.pk}")
    preview = browser.get(f"/staff/mails/{mail.pk}/preview")
    assert preview.content == b"<p>Dear <b>Ana</b></p>"
    assert preview["Content-Security-Policy"] == "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    assert preview["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.spec("ACC-30")
def test_no_page_and_no_api_answer_shows_staff_a_code(browser: Client, sam: Person) -> None:
    mail = make_mail(is_secret=True, text="Code 874120", html="<p>Code 874120</p>")
    Sms.objects.create(to="+41791234567", text="Code 874120", language="en", template="x", is_secret=True)
    client = ApiClient(sam)
    shown = [
        text_of(browser, f"/staff/mails/{mail.pk}"),
        text_of(browser, f"/staff/mails/{mail.pk}/preview"),
        text_of(browser, "/staff/text-messages"),
        text_of(browser, "/staff/text-messages?format=csv"),
        client.get(f"/2/staff/mails/{mail.pk}").body.decode(),
        client.get("/2/staff/text-messages").body.decode(),
    ]
    assert not any("874120" in each for each in shown)
    assert "nobody but its reader" in shown[0]


def test_a_demonstration_shows_even_codes_because_the_folder_is_the_inbox(browser: Client) -> None:
    mail = make_mail(is_secret=True, text="Code 874120", transport="folder")
    assert "874120" in text_of(browser, f"/staff/mails/{mail.pk}")


def test_a_mail_is_sent_again_unless_it_is_on_its_way_or_erased(browser: Client, staff: Actor) -> None:
    mail = make_mail(state=MailState.FAILED, reason="550 no such person")
    response = browser.post(f"/staff/mails/{mail.pk}/delivery")
    assert (response.status_code, response["Location"]) == (303, f"/staff/mails/{mail.pk}")
    mail.refresh_from_db()
    assert (mail.state, mail.reason) == (MailState.WAITING, "")
    assert waiting_jobs() == [("core.outbox.tasks.deliver_mail", [mail.pk])]
    with pytest.raises(MailIsOnItsWay):
        send_mail_again(staff, mail)
    with pytest.raises(MailIsErased):
        send_mail_again(staff, make_mail(is_erased=True))


# Customers.


def test_organizations_are_found_by_name_and_counted(
    browser: Client, acme: Organization, globex: Organization, ben: Person
) -> None:
    make_service(acme)
    make_service(acme, wanted="ended")
    counted: Any = queries.organizations(sam_acting())
    rows = {each.slug: (each.member_count, each.service_count) for each in counted}
    assert rows == {"acme": (2, 1), "globex": (1, 0)}
    page = text_of(browser, "/staff/organizations?q=acm")
    assert "/staff/organizations/acme" in page and "/staff/organizations/globex" not in page


def sam_acting() -> Actor:
    """Sam, as an actor."""
    from kanton.testing import acting

    return acting(Person.objects.get(is_staff=True))


def test_an_organization_shows_its_people_and_services(
    browser: Client, acme: Organization, ben: Person
) -> None:
    make_service(acme, name="mail of acme.ch")
    page = text_of(browser, "/staff/organizations/acme")
    for expected in (
        "Ana Keller",
        "Ben Moser",
        "Owner",
        "Collaborator",
        "mail of acme.ch",
        "Marktgasse 1, 3011 Bern",
    ):
        assert expected in page
    assert browser.get("/staff/organizations/nobody").status_code == 404


def test_people_are_found_by_address(browser: Client, ana: Person, acme: Organization, zoe: Person) -> None:
    page = text_of(browser, "/staff/people?q=ana%40acme")
    assert f"/staff/people/{ana.pk}" in page and f"/staff/people/{zoe.pk}" not in page
    assert 'href="/staff/organizations/acme"' in text_of(browser, f"/staff/people/{ana.pk}")


def test_lists_cost_the_same_number_of_queries_for_ten_and_for_forty_rows(
    browser: Client, acme: Organization, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries_for(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            text_of(browser, path)
        return len(found)

    def more(number: int) -> None:
        for _ in range(number):
            make_job(organization_id=acme.pk)
            make_mail()
            make_service(acme, wish_state=WishState.FAILED)

    more(10)
    paths = (
        "/staff/jobs",
        "/staff/mails",
        "/staff/wishes",
        "/staff/organizations",
        "/staff/people",
        "/staff/",
    )
    queries_for("/staff/")  # the first page also writes when this session was last seen
    few = {path: queries_for(path) for path in paths}
    more(30)
    assert {path: queries_for(path) for path in paths} == few


# Stuck changes.


def test_changes_that_failed_or_wait_for_long_are_told_with_reason_and_remedy(
    browser: Client, acme: Organization
) -> None:
    make_service(acme, name="refused.ch", wish_state=WishState.FAILED, wish_reason="The name is taken",
                 wish_remedy="Choose another")  # fmt: skip
    make_service(acme, name="late.ch")
    make_service(acme, name="fresh.ch", wished_at=clock.now())
    make_service(acme, name="fine.ch", wish_state=WishState.DONE)
    page = text_of(browser, "/staff/wishes")
    for expected in ("refused.ch", "The name is taken", "Choose another", "late.ch"):
        assert expected in page
    assert "fresh.ch" not in page and "fine.ch" not in page
    assert "late.ch" not in text_of(browser, "/staff/wishes?wish_state=failed")
    assert (queries.health(sam_acting()).wishes_failed, queries.health(sam_acting()).wishes_late) == (1, 1)


def test_a_change_is_tried_again(browser: Client, acme: Organization, staff: Actor) -> None:
    service = make_service(acme, wish_state=WishState.FAILED, wish_version=3)
    response = browser.post(f"/staff/wishes/products.service/{service.pk}/attempt")
    assert response.status_code == 303
    service.refresh_from_db()
    assert (service.wish_state, service.wish_version) == (WishState.PENDING, 4)
    assert waiting_jobs() == [("tasks.reconcile_service", [service.pk])]
    assert browser.post("/staff/wishes/auth.user/1/attempt").status_code == 404
    with pytest.raises(CannotTryAgain):
        try_wish_again(staff, make_service(acme, wish_state=WishState.DONE))


# The log, the overview, the API.


def test_the_log_of_everybody_names_the_organization(
    browser: Client, acme: Organization, staff: Actor
) -> None:
    job = make_job(state=JobState.FAILED, organization_id=acme.pk)
    retry_jobs(staff, [job])
    page = text_of(browser, "/staff/activity")
    assert "of the provider started the job" in page and "Acme" in page


def test_the_overview_counts_what_needs_a_hand(browser: Client) -> None:
    make_job(state=JobState.FAILED)
    make_job(run_at=clock.now() - timedelta(seconds=90))
    make_mail(state=MailState.FAILED)
    health = queries.health(sam_acting())
    assert (health.jobs_failed, health.jobs_waiting, health.mails_failed) == (1, 1, 1)
    assert 90 <= health.oldest_wait_seconds < 100
    assert "/staff/jobs?state=failed" in text_of(browser, "/staff/")


def test_the_api_tells_and_does_the_same(sam: Person, acme: Organization, ben: Person) -> None:
    client = ApiClient(sam)
    job = make_job(state=JobState.FAILED, error="Traceback", organization_id=acme.pk)
    mail = make_mail()
    service = make_service(acme, wish_state=WishState.FAILED, wish_reason="no")
    assert [row["id"] for row in client.get("/2/staff/jobs?filter[state]=failed").data] == [job.pk]
    assert client.get(f"/2/staff/jobs/{job.pk}").data["error"] == "Traceback"
    assert client.post("/2/staff/jobs/retry", {"ids": [job.pk]}).data == [job.pk]
    assert client.post("/2/staff/jobs/cancel", {"ids": [job.pk]}).data == [job.pk]
    assert client.post("/2/staff/jobs/cancel", {"ids": [job.pk]}).code == "backoffice.nothing_to_cancel"
    assert client.get(f"/2/staff/mails/{mail.pk}").data["text"] == "Dear Ana"
    assert client.post(f"/2/staff/mails/{mail.pk}/delivery").data["state"] == "waiting"
    acme_out = client.get("/2/staff/organizations/acme").data
    assert [each["name"] for each in acme_out["member_list"]] == ["Ana Keller", "Ben Moser"]
    assert acme_out["service_list"][0]["wish"]["reason"] == "no"
    assert client.get(f"/2/staff/people/{ben.pk}").data["membership_list"][0]["role"] == "collaborator"
    assert [each["kind"] for each in client.get("/2/staff/wishes").data] == ["products.service"]
    assert client.post(f"/2/staff/wishes/products.service/{service.pk}/attempt").data["state"] == "pending"
    assert client.get("/2/staff/health").data["organizations"] == 1
    kinds = [row["kind"] for row in client.get(f"/2/staff/activity?filter[organization_id]={acme.pk}").data]
    assert kinds == ["backoffice.wish_tried_again", "backoffice.job_cancelled", "backoffice.job_retried"]


def test_a_token_without_the_scope_of_staff_finds_nothing(sam: Person, ana: Person) -> None:
    make_job()
    assert ApiClient(sam, ("domain",)).get("/2/staff/jobs").status == 401
    assert ApiClient(ana, ("staff",)).get("/2/staff/jobs").status == 404
    with pytest.raises(NotFound):
        queries.jobs(Actor("person", "Ana", person_id=ana.pk))  # type: ignore[arg-type]
