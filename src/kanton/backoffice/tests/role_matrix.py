"""Who may do what on the staff's pages: the staff everything, for all others they are not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from allauth.usersessions.models import UserSession

from kanton.backoffice.actions import (
    cancel_jobs,
    end_session_of,
    end_sessions_of,
    retry_jobs,
    send_mail_again,
    try_wish_again,
)
from kanton.core.jobs.models import Job, JobState
from kanton.core.outbox.models import Mail, MailState
from kanton.products.models import Service
from kanton.testing_matrix import SIGNED_IN, STAFF_ONLY, Cast, Fill, Line, Who, act, api, page

NOT_THERE = dict.fromkeys(SIGNED_IN - STAFF_ONLY, 404)


def failed_job(cast: Cast) -> Job:
    """A job of Acme that needs somebody."""
    return Job.objects.create(
        task="kanton.core.jobs.tasks.forget_old_counters", state=JobState.FAILED, organization_id=cast.acme.pk
    )


def waiting_job(cast: Cast) -> Job:
    """A job of Acme that waits."""
    return Job.objects.create(task="kanton.core.jobs.tasks.forget_old_counters", organization_id=cast.acme.pk)


def sent_mail(cast: Cast) -> Mail:
    """A mail that went to Acme's owner."""
    return Mail.objects.create(
        to=cast.people[Who.OWNER].email, subject="Hello", text="Hello", html="<p>Hello", language="en",
        template="x", message_id=f"<{Mail.objects.count()}@tests>", state=MailState.SENT, transport="folder",
    )  # fmt: skip


def stuck_service(cast: Cast) -> Service:
    """A service of Acme whose engine does not answer."""
    return Service.objects.create(
        organization=cast.acme, product="sample", plan="small", name="acme.ch", order_line="matrix-1",
        starts_on=dt.date(2026, 1, 1),
    )  # fmt: skip


def _job(cast: Cast) -> Mapping[str, Any]:
    return {"number": failed_job(cast).pk}


def _mail(cast: Cast) -> Mapping[str, Any]:
    return {"number": sent_mail(cast).pk}


def _person(cast: Cast) -> Mapping[str, Any]:
    return {"number": cast.people[Who.OWNER].pk}


def session_of_owner(cast: Cast) -> UserSession:
    """A browser in which Acme's owner is signed in."""
    key = f"{UserSession.objects.count():032}"
    return UserSession.objects.create(
        user=cast.people[Who.OWNER], session_key=key, ip="192.0.2.7", user_agent="Test"
    )


def _session(cast: Cast) -> Mapping[str, Any]:
    return {"number": cast.people[Who.OWNER].pk, "session": session_of_owner(cast).pk}


def _person_signed_in(cast: Cast) -> Mapping[str, Any]:
    return {"number": session_of_owner(cast).user_id}


def _organization(cast: Cast) -> Mapping[str, Any]:
    return {"slug": cast.acme.slug}


def _wish(cast: Cast) -> Mapping[str, Any]:
    return {"kind": "products.service", "number": stuck_service(cast).pk}


def staff_page(route: str, fill: Fill | None = None) -> Line:
    """A page that only staff find."""
    return page(route, allowed=STAFF_ONLY, but=NOT_THERE, fill=fill)


def staff_form(route: str, fill: Fill) -> Line:
    """A form that only staff can send."""
    return page(route, allowed=STAFF_ONLY, but=NOT_THERE, fill=fill, post={})


def staff_api(method: str, route: str, fill: Fill | None = None, **options: Any) -> Line:
    """A route that only staff find."""
    return api(method, route, allowed=STAFF_ONLY, but=NOT_THERE, fill=fill, **options)


LINES: list[Line] = [
    act(
        "backoffice.retry_jobs",
        lambda actor, cast: retry_jobs(actor, [failed_job(cast)]),
        allowed=STAFF_ONLY,
    ),
    act(
        "backoffice.cancel_jobs",
        lambda actor, cast: cancel_jobs(actor, [waiting_job(cast)]),
        allowed=STAFF_ONLY,
    ),
    act(
        "backoffice.send_mail_again",
        lambda actor, cast: send_mail_again(actor, sent_mail(cast)),
        allowed=STAFF_ONLY,
    ),
    act(
        "backoffice.try_wish_again",
        lambda actor, cast: try_wish_again(actor, stuck_service(cast)),
        allowed=STAFF_ONLY,
    ),
    act(
        "backoffice.end_session_of",
        lambda actor, cast: end_session_of(actor, session_of_owner(cast), reason="Lost laptop"),
        allowed=STAFF_ONLY,
    ),
    act(
        "backoffice.end_sessions_of",
        lambda actor, cast: end_sessions_of(actor, session_of_owner(cast).user, reason="Lost laptop"),
        allowed=STAFF_ONLY,
    ),
    staff_page("/staff/"),
    staff_page("/staff/jobs"),
    staff_page("/staff/jobs/<int:number>", _job),
    # With nothing chosen there is nothing to do (409); others do not learn even that.
    page("/staff/jobs/retry", allowed=STAFF_ONLY, but=NOT_THERE, post={}, status=409),
    page("/staff/jobs/cancel", allowed=STAFF_ONLY, but=NOT_THERE, post={}, status=409),
    staff_page("/staff/mails"),
    staff_page("/staff/mails/<int:number>", _mail),
    staff_page("/staff/mails/<int:number>/preview", _mail),
    staff_form("/staff/mails/<int:number>/delivery", _mail),
    staff_page("/staff/text-messages"),
    staff_page("/staff/organizations"),
    staff_page("/staff/organizations/<slug:slug>", _organization),
    staff_page("/staff/people"),
    staff_page("/staff/people/<int:number>", _person),
    staff_page("/staff/people/<int:number>/sessions/end", _person),
    page(
        "/staff/people/<int:number>/sessions/end",
        fill=_person_signed_in,
        post={"reason": "Lost laptop"},
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
    staff_page("/staff/people/<int:number>/sessions/<int:session>/end", _session),
    page(
        "/staff/people/<int:number>/sessions/<int:session>/end",
        fill=_session,
        post={"reason": "Lost laptop"},
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
    staff_page("/staff/wishes"),
    staff_form("/staff/wishes/<str:kind>/<int:number>/attempt", _wish),
    staff_page("/staff/activity"),
    staff_api("GET", "/2/staff/health"),
    staff_api("GET", "/2/staff/jobs"),
    staff_api("GET", "/2/staff/jobs/{number}", _job),
    staff_api("POST", "/2/staff/jobs/retry", data={"ids": [1]}, status=409),
    staff_api("POST", "/2/staff/jobs/cancel", data={"ids": [1]}, status=409),
    staff_api("GET", "/2/staff/mails"),
    staff_api("GET", "/2/staff/mails/{number}", _mail),
    staff_api("POST", "/2/staff/mails/{number}/delivery", _mail),
    staff_api("GET", "/2/staff/text-messages"),
    staff_api("GET", "/2/staff/organizations"),
    staff_api("GET", "/2/staff/organizations/{slug}", _organization),
    staff_api("GET", "/2/staff/people"),
    staff_api("GET", "/2/staff/people/{number}", _person),
    staff_api("GET", "/2/staff/people/{number}/sessions", _person),
    staff_api(
        "DELETE", "/2/staff/people/{number}/sessions", _person_signed_in, data={"reason": "Lost laptop"}
    ),
    staff_api(
        "DELETE", "/2/staff/people/{number}/sessions/{session}", _session, data={"reason": "Lost laptop"}
    ),
    staff_api("GET", "/2/staff/wishes"),
    staff_api("POST", "/2/staff/wishes/{kind}/{number}/attempt", _wish),
    staff_api("GET", "/2/staff/activity"),
]
