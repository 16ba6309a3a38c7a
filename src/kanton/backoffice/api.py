"""The API of the provider's staff: what their pages show and do."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.access.api import OpenSessionOut, session_out
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.backoffice import queries
from kanton.backoffice.actions import (
    cancel_jobs,
    end_session_of,
    end_sessions_of,
    retry_jobs,
    send_mail_again,
    try_wish_again,
)
from kanton.backoffice.errors import (
    CannotTryAgain,
    MailIsErased,
    MailIsOnItsWay,
    NothingToCancel,
    NothingToRetry,
    NotSignedIn,
    ReasonMissing,
)
from kanton.backoffice.queries import Health, Stuck
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Id, Lists, Query, Router, Rows, Timestamp, WishOut
from kanton.core.jobs.models import Job
from kanton.core.outbox.models import Mail, Sms
from kanton.core.parity import exposes
from kanton.organizations.models import Membership, Organization

router = Router("Provider's staff")

STAFF = ("staff",)
JobStates = Literal["waiting", "running", "done", "failed", "cancelled"]
MailStates = Literal["waiting", "sent", "failed"]


class HealthOut(TypedDict):
    """How the machinery is, in numbers."""

    organizations: int
    people: int
    jobs_waiting: int
    jobs_failed: int
    oldest_wait_seconds: int
    mails_waiting: int
    mails_failed: int
    wishes_failed: int
    wishes_late: int


@router.get("/2/staff/health", scopes=STAFF)
@exposes(queries.health)
def read_health(request: ApiRequest) -> HealthOut:
    """Tell how many jobs, mails and changes wait or failed."""
    found: Health = queries.health(request.actor)
    return {
        "organizations": found.organizations,
        "people": found.people,
        "jobs_waiting": found.jobs_waiting,
        "jobs_failed": found.jobs_failed,
        "oldest_wait_seconds": found.oldest_wait_seconds,
        "mails_waiting": found.mails_waiting,
        "mails_failed": found.mails_failed,
        "wishes_failed": found.wishes_failed,
        "wishes_late": found.wishes_late,
    }


class JobOut(TypedDict):
    """A job."""

    id: int
    task: str
    arguments: list[Any]
    state: JobStates
    queue: str
    priority: int
    attempts: int
    failures: int
    reason: str | None
    error: str | None
    actor: str | None
    organization_id: int | None
    run_at: Timestamp
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None


def _job_out(job: Job) -> JobOut:
    return {
        "id": job.pk,
        "task": job.short_name,
        "arguments": [*job.args, *([job.kwargs] if job.kwargs else [])],
        "state": job.state,  # type: ignore[typeddict-item]
        "queue": job.queue,
        "priority": job.priority,
        "attempts": job.attempts,
        "failures": job.failures,
        "reason": job.reason or None,
        "error": job.error or None,
        "actor": job.actor or None,
        "organization_id": job.organization_id,
        "run_at": _instant(job.run_at),
        "created_at": _instant(job.created_at),
        "started_at": clock.timestamp(job.started_at),
        "finished_at": clock.timestamp(job.finished_at),
    }


def _instant(moment: Any) -> int:
    return int(moment.timestamp())


class JobFilter(Query):
    """Which jobs."""

    state: JobStates | None = None
    task: str | None = None


class JobsQuery(Query):
    """The query of the list of jobs."""

    filter: JobFilter = JobFilter()


@router.get(
    "/2/staff/jobs",
    scopes=STAFF,
    lists=Lists(
        order={"id": "pk", "run_at": "run_at"},
        default="-id",
        search=("task", "error", "reason"),
        always_paged=True,
    ),
)
@exposes(queries.jobs)
def list_jobs(request: ApiRequest, query: JobsQuery) -> Rows[JobOut]:
    """List jobs, newest first."""
    found = queries.jobs(request.actor)
    if query.filter.state:
        found = found.filter(state=query.filter.state)
    if query.filter.task:
        found = found.filter(task__endswith=query.filter.task)
    return Rows(found, _job_out)


@router.get("/2/staff/jobs/{number}", scopes=STAFF)
@exposes(queries.job)
def read_job(request: ApiRequest, number: int) -> JobOut:
    """Read one job, with the traceback of its last failure."""
    return _job_out(queries.job(request.actor, number))


class ChosenJobs(Body):
    """Some jobs."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=1000)]


@router.post("/2/staff/jobs/retry", scopes=STAFF, errors=(NothingToRetry,), example={"ids": [4711]})
@exposes(retry_jobs)
def retry(request: ApiRequest, data: ChosenJobs) -> list[int]:
    """Start failed, cancelled or waiting jobs again, with all their tries. Answers the ids of those that will run."""
    found = queries.jobs_with(request.actor, data.ids)
    return [job.pk for job in retry_jobs(request.actor, found)]


@router.post("/2/staff/jobs/cancel", scopes=STAFF, errors=(NothingToCancel,), example={"ids": [4711]})
@exposes(cancel_jobs)
def cancel(request: ApiRequest, data: ChosenJobs) -> list[int]:
    """Take waiting jobs out of the queue. Answers the ids of those that were."""
    found = queries.jobs_with(request.actor, data.ids)
    return [job.pk for job in cancel_jobs(request.actor, found)]


class MailOut(TypedDict):
    """A mail that Kanton wrote."""

    id: int
    to: str
    subject: str
    kind: str
    language: str
    template: str
    state: MailStates
    reason: str | None
    message_id: str
    transport: str | None
    actor: str | None
    organization_id: int | None
    created_at: Timestamp
    sent_at: Timestamp | None


class MailWithText(MailOut):
    """A mail with its text; null when it was erased, or holds a secret."""

    text: str | None
    html: str | None


def _mail_out(mail: Mail) -> MailOut:
    return {
        "id": mail.pk,
        "to": mail.to,
        "subject": mail.subject,
        "kind": mail.kind,
        "language": mail.language,
        "template": mail.template,
        "state": mail.state,  # type: ignore[typeddict-item]
        "reason": mail.reason or None,
        "message_id": mail.message_id,
        "transport": mail.transport or None,
        "actor": mail.actor or None,
        "organization_id": mail.organization_id,
        "created_at": _instant(mail.created_at),
        "sent_at": clock.timestamp(mail.sent_at),
    }


def _whole_mail_out(mail: Mail) -> MailWithText:
    is_readable = queries.is_readable(mail)
    return {
        **_mail_out(mail),
        "text": mail.text if is_readable else None,
        "html": mail.html if is_readable else None,
    }


class MessageFilter(Query):
    """Which messages."""

    state: MailStates | None = None
    to: str | None = None


class MessagesQuery(Query):
    """The query of the lists of messages."""

    filter: MessageFilter = MessageFilter()


@router.get(
    "/2/staff/mails",
    scopes=STAFF,
    lists=Lists(order={"id": "pk"}, default="-id", search=("to", "subject", "reason"), always_paged=True),
)
@exposes(queries.mails)
def list_mails(request: ApiRequest, query: MessagesQuery) -> Rows[MailOut]:
    """List the mails that Kanton wrote, newest first."""
    found = queries.mails(request.actor)
    if query.filter.state:
        found = found.filter(state=query.filter.state)
    if query.filter.to:
        found = found.filter(to__iexact=query.filter.to)
    return Rows(found, _mail_out)


@router.get("/2/staff/mails/{number}", scopes=STAFF)
@exposes(queries.mail)
def read_mail(request: ApiRequest, number: int) -> MailWithText:
    """Read one mail. A text that was erased, or holds a code or a link that opens something, is null."""
    return _whole_mail_out(queries.mail(request.actor, number))


@router.post("/2/staff/mails/{number}/delivery", scopes=STAFF, errors=(MailIsErased, MailIsOnItsWay))
@exposes(send_mail_again)
def send_again(request: ApiRequest, number: int) -> MailOut:
    """Deliver a mail once more, under its old Message-ID."""
    return _mail_out(send_mail_again(request.actor, queries.mail(request.actor, number)))


class SmsOut(TypedDict):
    """A text message that Kanton wrote; its text is null when it was erased, or holds a secret."""

    id: int
    to: str
    text: str | None
    kind: str
    language: str
    state: MailStates
    reason: str | None
    reference: str | None
    created_at: Timestamp
    sent_at: Timestamp | None


def _sms_out(sms: Sms) -> SmsOut:
    return {
        "id": sms.pk,
        "to": sms.to,
        "text": sms.text if queries.is_readable(sms) else None,
        "kind": sms.kind,
        "language": sms.language,
        "state": sms.state,  # type: ignore[typeddict-item]
        "reason": sms.reason or None,
        "reference": sms.reference or None,
        "created_at": _instant(sms.created_at),
        "sent_at": clock.timestamp(sms.sent_at),
    }


@router.get(
    "/2/staff/text-messages",
    scopes=STAFF,
    lists=Lists(order={"id": "pk"}, default="-id", search=("to", "reason"), always_paged=True),
)
@exposes(queries.short_messages)
def list_short_messages(request: ApiRequest, query: MessagesQuery) -> Rows[SmsOut]:
    """List the text messages that Kanton wrote, newest first."""
    found = queries.short_messages(request.actor)
    if query.filter.state:
        found = found.filter(state=query.filter.state)
    if query.filter.to:
        found = found.filter(to=query.filter.to)
    return Rows(found, _sms_out)


class CustomerOut(TypedDict):
    """An organization, as the provider sees it."""

    id: int
    name: str
    slug: str
    kind: str
    street: str
    postal_code: str
    city: str
    country: str
    phone: str
    vat_number: str
    language: str
    currency: str
    members: int
    services: int
    created_at: Timestamp


class MemberOut(TypedDict):
    """Somebody in an organization."""

    person_id: int
    name: str
    role: str
    is_suspended: bool


class RunningOut(TypedDict):
    """A service, and whether its engine has confirmed it."""

    id: int
    product: str
    plan: str
    name: str
    wanted: str
    wish: WishOut


class CustomerWithAll(CustomerOut):
    """An organization with its members and services."""

    member_list: list[MemberOut]
    service_list: list[RunningOut]


def _customer_out(found: Any) -> CustomerOut:
    return {
        "id": found.pk,
        "name": found.name,
        "slug": found.slug,
        "kind": found.kind,
        "street": found.street,
        "postal_code": found.postal_code,
        "city": found.city,
        "country": found.country,
        "phone": found.phone,
        "vat_number": found.vat_number,
        "language": found.language,
        "currency": found.currency,
        "members": found.member_count,
        "services": found.service_count,
        "created_at": _instant(found.created_at),
    }


@router.get(
    "/2/staff/organizations",
    scopes=STAFF,
    lists=Lists(
        order={"id": "pk", "name": "name", "created_at": "created_at"},
        default="name",
        search=("name", "slug", "city", "postal_code", "vat_number", "phone"),
        always_paged=True,
    ),
)
@exposes(queries.organizations)
def list_customers(request: ApiRequest) -> Rows[CustomerOut]:
    """List all organizations."""
    return Rows(queries.organizations(request.actor), _customer_out)


@router.get("/2/staff/organizations/{slug}", scopes=STAFF)
@exposes(queries.organization, queries.members, queries.services)
def read_customer(request: ApiRequest, slug: str) -> CustomerWithAll:
    """Read one organization with its members and services."""
    found: Organization = queries.organization(request.actor, slug)
    return {
        **_customer_out(found),
        "member_list": [_member_out(each) for each in queries.members(request.actor, found)],
        "service_list": [
            {
                "id": each.pk,
                "product": each.product,
                "plan": each.plan,
                "name": each.name,
                "wanted": each.wanted,
                "wish": each.wish_as_json(),  # type: ignore[typeddict-item]
            }
            for each in queries.services(request.actor, found)
        ],
    }


def _member_out(membership: Membership) -> MemberOut:
    return {
        "person_id": membership.person_id,
        "name": membership.person.display_name,
        "role": membership.role,
        "is_suspended": membership.suspended_at is not None,
    }


class PersonOut(TypedDict):
    """Somebody with an account, as the provider sees it."""

    id: int
    name: str
    email: str
    language: str
    time_zone: str
    country: str
    organizations: int
    has_second_factor: bool
    is_confirmed: bool
    is_active: bool
    is_staff: bool
    created_at: Timestamp


class BelongsOut(TypedDict):
    """A membership, seen from the person."""

    organization_id: int
    organization: str
    slug: str
    role: str
    is_suspended: bool


class PersonWithAll(PersonOut):
    """Somebody with the organizations they belong to."""

    membership_list: list[BelongsOut]


def _person_out(found: Any) -> PersonOut:
    return {
        "id": found.pk,
        "name": found.display_name,
        "email": found.email,
        "language": found.language,
        "time_zone": found.time_zone,
        "country": found.country,
        "organizations": found.organization_count,
        "has_second_factor": found.has_second_factor,
        "is_confirmed": found.is_confirmed,
        "is_active": found.is_active,
        "is_staff": found.is_staff,
        "created_at": _instant(found.created_at),
    }


@router.get(
    "/2/staff/people",
    scopes=STAFF,
    lists=Lists(
        order={"id": "pk", "email": "email_key", "created_at": "created_at"},
        default="email",
        search=("email", "first_name", "last_name", "phone"),
        always_paged=True,
    ),
)
@exposes(queries.people)
def list_people(request: ApiRequest) -> Rows[PersonOut]:
    """List everybody with an account."""
    return Rows(queries.people(request.actor), _person_out)


@router.get("/2/staff/people/{number}", scopes=STAFF)
@exposes(queries.person, queries.memberships)
def read_person(request: ApiRequest, number: int) -> PersonWithAll:
    """Read one person with the organizations they belong to."""
    found: Person = queries.person(request.actor, number)
    return {
        **_person_out(found),
        "membership_list": [
            {
                "organization_id": each.organization_id,
                "organization": each.organization.name,
                "slug": each.organization.slug,
                "role": each.role,
                "is_suspended": each.suspended_at is not None,
            }
            for each in queries.memberships(request.actor, found)
        ],
    }


class ReasonIn(Body):
    """Why; the person reads it."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


@router.get("/2/staff/people/{number}/sessions", scopes=STAFF)
@exposes(queries.sessions)
def list_sessions(request: ApiRequest, number: int) -> list[OpenSessionOut]:
    """List where somebody is signed in."""
    found = queries.person(request.actor, number)
    return [session_out(each) for each in queries.sessions(request.actor, found)]


@router.delete(
    "/2/staff/people/{number}/sessions",
    scopes=STAFF,
    errors=(ReasonMissing, NotSignedIn),
    example={"reason": "Your laptop was reported stolen."},
)
@exposes(end_sessions_of)
def delete_sessions(request: ApiRequest, number: int, data: ReasonIn) -> int:
    """Sign somebody out everywhere; tell how many sessions ended. They get a mail with the reason."""
    return end_sessions_of(request.actor, queries.person(request.actor, number), reason=data.reason)


@router.delete(
    "/2/staff/people/{number}/sessions/{session}",
    scopes=STAFF,
    errors=(ReasonMissing,),
    example={"reason": "Your laptop was reported stolen."},
)
@exposes(end_session_of, queries.session)
def delete_session(request: ApiRequest, number: int, session: int, data: ReasonIn) -> bool:
    """Sign one browser of somebody out. They get a mail with the reason."""
    found = queries.session(request.actor, queries.person(request.actor, number), session)
    end_session_of(request.actor, found, reason=data.reason)
    return True


class StuckOut(TypedDict):
    """A change that its engine has refused, or not confirmed for a while."""

    kind: str
    id: int
    name: str
    organization_id: int | None
    can_try_again: bool
    wish: WishOut


def _stuck_out(row: Stuck) -> StuckOut:
    return {
        "kind": row.kind,
        "id": row.wish.pk,
        "name": row.name,
        "organization_id": row.organization.pk if row.organization else None,
        "can_try_again": row.can_try_again,
        "wish": row.wish.wish_as_json(),  # type: ignore[typeddict-item]
    }


@router.get("/2/staff/wishes", scopes=STAFF, lists=Lists())
@exposes(queries.stuck_wishes)
def list_stuck(request: ApiRequest) -> Rows[StuckOut]:
    """List changes that failed or have waited for more than ten minutes, the oldest first."""
    return Rows(queries.stuck_wishes(request.actor), _stuck_out)


@router.post("/2/staff/wishes/{kind}/{number}/attempt", scopes=STAFF, errors=(CannotTryAgain,))
@exposes(try_wish_again)
def attempt(request: ApiRequest, kind: str, number: int) -> WishOut:
    """Have an engine asked once more. `kind` is the one that the list tells, such as “products.service”."""
    found = try_wish_again(request.actor, queries.stuck_wish(request.actor, kind, number))
    return found.wish_as_json()  # type: ignore[return-value]


class HappenedOut(TypedDict):
    """One line of the log."""

    id: int
    at: Timestamp
    kind: str
    sentence: str
    organization_id: int | None
    person_id: int | None
    actor: str
    product: str | None


def _happened_out(row: Activity) -> HappenedOut:
    return {
        "id": row.pk,
        "at": _instant(row.at),
        "kind": row.kind,
        "sentence": row.sentence,
        "organization_id": row.organization_id,
        "person_id": row.person_id,
        "actor": row.actor_label,
        "product": row.product or None,
    }


class HappenedFilter(Query):
    """Which lines."""

    kind: str | None = None
    organization_id: Id | None = None
    person_id: Id | None = None


class HappenedQuery(Query):
    """The query of the log."""

    filter: HappenedFilter = HappenedFilter()


@router.get(
    "/2/staff/activity",
    scopes=STAFF,
    lists=Lists(order={"id": "pk"}, default="-id", search=("search",), always_paged=True),
)
@exposes(queries.everything_that_happened)
def list_everything(request: ApiRequest, query: HappenedQuery) -> Rows[HappenedOut]:
    """List what happened in all organizations and accounts, newest first."""
    given = {name: value for name, value in query.filter.model_dump().items() if value is not None}
    return Rows(queries.everything_that_happened(request.actor).filter(**given), _happened_out)
