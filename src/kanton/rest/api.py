"""What belongs to no room: a sign of life, reference data, and the state of work that goes on."""

from __future__ import annotations

import hmac
import uuid
import zlib
from hashlib import sha256
from typing import Literal, NotRequired

from django.conf import settings
from typing_extensions import TypedDict

from kanton.core import clock, reference
from kanton.core.action import ACTIONS
from kanton.core.api import ANY, ApiRequest, Id, Lists, Query, Router, Rows, Timestamp
from kanton.core.api.schemas import BIGGEST
from kanton.core.errors import NotFound
from kanton.core.jobs.models import Job, JobState
from kanton.core.reference import CountryOut, LanguageOut, TimezoneOut
from kanton.organizations.queries import Target, organization_by_id
from kanton.organizations.resolver import held_everywhere
from kanton.organizations.rights import ACTIVITY_VIEW

router = Router("Reference data")
tasks_router = Router("Asynchronous tasks")


@router.get("/1/ping", public=True)
def ping(request: ApiRequest) -> str:
    """Say whether the API answers: “pong”."""
    return "pong"


class ActionOut(TypedDict):
    """Something that can be done, and that the activity tells of."""

    id: int
    code: str
    description: str


def action_number(code: str) -> int:
    """The number of an action, which never changes."""
    return zlib.crc32(code.encode()) & 0x7FFFFFFF


def _actions() -> list[ActionOut]:
    return [
        {"id": action_number(code), "code": code, "description": spec.summary}
        for code, spec in sorted(ACTIONS.items())
    ]


@router.get("/1/actions", scopes=ANY, lists=Lists(search=("code", "description")))
def list_actions(request: ApiRequest) -> Rows[ActionOut]:
    """List every kind of change that Kanton knows."""
    return Rows(_actions())


@router.get("/1/actions/{action_id}", scopes=ANY)
def read_action(request: ApiRequest, action_id: int) -> ActionOut:
    """Read one kind of change."""
    for found in _actions():
        if found["id"] == action_id:
            return found
    raise NotFound(model="action")


class CountriesQuery(Query):
    """Which countries to list."""

    only_enabled: bool = False
    only_enabled_exception: list[Id] = []


_NAMED = Lists(order={"id": "id", "name": "name"}, default="name", search=("name", "short_name"))


@router.get("/1/countries", scopes=ANY, lists=_NAMED)
def list_countries(request: ApiRequest, query: CountriesQuery) -> Rows[CountryOut]:
    """List countries, by name."""
    found = reference.countries().values()
    if query.only_enabled:
        found = [each for each in found if each["is_enabled"] or each["id"] in query.only_enabled_exception]  # type: ignore[assignment]
    return Rows(list(found))


@router.get("/1/countries/{country_id}", scopes=ANY)
def read_country(request: ApiRequest, country_id: int) -> CountryOut:
    """Read one country."""
    found = reference.countries().get(country_id)
    if found is None:
        raise NotFound(model="country")
    return found


@router.get("/1/languages", scopes=ANY, lists=_NAMED)
def list_languages(request: ApiRequest) -> Rows[LanguageOut]:
    """List the languages that Kanton speaks."""
    return Rows(list(reference.languages().values()))


@router.get("/1/languages/{language_id}", scopes=ANY)
def read_language(request: ApiRequest, language_id: int) -> LanguageOut:
    """Read one language."""
    found = reference.languages().get(language_id)
    if found is None:
        raise NotFound(model="language")
    return found


@router.get(
    "/1/timezones",
    scopes=ANY,
    lists=Lists(order={"id": "id", "name": "name", "gmt": "gmt"}, default="name", search=("name", "gmt")),
)
def list_timezones(request: ApiRequest) -> Rows[TimezoneOut]:
    """List time zones, by name, with their present distance from GMT."""
    return Rows(reference.timezones())


@router.get("/1/timezones/{timezone_id}", scopes=ANY)
def read_timezone(request: ApiRequest, timezone_id: int) -> TimezoneOut:
    """Read one time zone."""
    name = reference.timezone_name(timezone_id)
    if name is None:
        raise NotFound(model="timezone")
    return reference.timezone_out(name)


class TaskState(TypedDict):
    """How far the work is."""

    attempts: int
    reason: str | None


class TaskError(TypedDict):
    """Why the work failed."""

    code: str
    description: str


class TaskOut(TypedDict):
    """Work that goes on after the answer."""

    uuid: str
    status: Literal["spooled", "running", "executed", "failed"]
    created_at: Timestamp
    updated_at: Timestamp
    executed_at: Timestamp | None
    finished_at: Timestamp | None
    response: TaskState
    error: NotRequired[TaskError]


_STATUS: dict[str, Literal["spooled", "running", "executed", "failed"]] = {
    JobState.WAITING: "spooled",
    JobState.RUNNING: "running",
    JobState.DONE: "executed",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "failed",
}


def _seal(number: int) -> int:
    key = hmac.new(settings.SECRET_KEY.encode(), b"async task %d" % number, sha256).digest()
    return int.from_bytes(key[:8], "big")


def task_uuid(job_id: int) -> str:
    """The name of a job for programs: nobody can guess the next one's."""
    return str(uuid.UUID(int=_seal(job_id) << 64 | job_id))


def _job_number(text: str) -> int:
    try:
        number = uuid.UUID(text).int
    except ValueError:
        raise NotFound(model="task") from None
    job_id: int = number & BIGGEST
    if not hmac.compare_digest(str(number >> 64), str(_seal(job_id))):
        raise NotFound(model="task")
    return job_id


def _task_out(job: Job) -> TaskOut:
    changed = job.finished_at or job.started_at or job.created_at
    out: TaskOut = {
        "uuid": task_uuid(job.pk),
        "status": _STATUS[job.state],
        "created_at": clock.timestamp(job.created_at) or 0,
        "updated_at": clock.timestamp(changed) or 0,
        "executed_at": clock.timestamp(job.started_at),
        "finished_at": clock.timestamp(job.finished_at),
        "response": {"attempts": job.attempts, "reason": job.reason or None},
    }
    if job.state in (JobState.FAILED, JobState.CANCELLED):
        # The last line of a traceback is for the staff; a customer reads the reason that the job gave.
        out["error"] = {
            "code": job.state,
            "description": job.reason or "This did not work. Our staff see it and can repeat it.",
        }
    return out


@tasks_router.get(
    "/1/async/tasks",
    scopes=("accounts:read",),
    lists=Lists(order={"created_at": "pk"}, default="-created_at", always_paged=True),
)
def list_tasks(request: ApiRequest) -> Rows[TaskOut]:
    """List the work that goes on for the organizations whose activity you may see, newest first."""
    visible = [
        held.organization_id
        for held in held_everywhere(request.actor)
        if request.actor.has_right(ACTIVITY_VIEW, Target(held.organization_id))
    ]
    return Rows(Job.objects.filter(organization_id__in=visible), _task_out)


@tasks_router.get("/1/async/tasks/{task_uuid}", scopes=ANY)
def read_task(request: ApiRequest, task_uuid: str) -> TaskOut:
    """Read the state of one task of an organization that you belong to."""
    job = Job.objects.filter(pk=_job_number(task_uuid)).first()
    if job is None or job.organization_id is None:
        raise NotFound(model="task")
    organization_by_id(request.actor, job.organization_id)
    return _task_out(job)
