"""The documentation is open to everybody; reference data to every token; tasks to those who may see activity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kanton.core.action import ACTIONS
from kanton.core.jobs.models import Job
from kanton.core.reference import timezone_number
from kanton.rest.api import action_number, task_uuid
from kanton.testing_matrix import EVERYBODY, MEMBERS, SIGNED_IN, Cast, Line, Who, api, page


def _task(cast: Cast) -> Mapping[str, Any]:
    job = Job.objects.create(task="kanton.core.jobs.tasks.forget_old_counters", organization_id=cast.acme.pk)
    return {"task_uuid": task_uuid(job.pk)}


LINES: list[Line] = [
    page("/api/docs", allowed=EVERYBODY),
    page("/api/openapi.json", allowed=EVERYBODY),
    page(
        "/api/docs/tutorials/<slug:slug>",
        allowed=EVERYBODY,
        fill=lambda cast: {"slug": "first-request-with-curl"},
    ),
    page("/api/docs/requests/<slug:slug>", allowed=EVERYBODY, fill=lambda cast: {"slug": "reference-data"}),
    api("GET", "/1/ping", allowed=EVERYBODY),
    api("GET", "/1/actions", allowed=SIGNED_IN),
    api(
        "GET",
        "/1/actions/{action_id}",
        allowed=SIGNED_IN,
        fill=lambda cast: {"action_id": action_number(min(ACTIONS))},
    ),
    api("GET", "/1/countries", allowed=SIGNED_IN),
    api("GET", "/1/countries/{country_id}", allowed=SIGNED_IN, fill=lambda cast: {"country_id": 308}),
    api("GET", "/1/languages", allowed=SIGNED_IN),
    api("GET", "/1/languages/{language_id}", allowed=SIGNED_IN, fill=lambda cast: {"language_id": 3}),
    api("GET", "/1/timezones", allowed=SIGNED_IN),
    api(
        "GET",
        "/1/timezones/{timezone_id}",
        allowed=SIGNED_IN,
        fill=lambda cast: {"timezone_id": timezone_number("Europe/Zurich")},
    ),
    api("GET", "/1/async/tasks", allowed=SIGNED_IN),
    api(
        "GET",
        "/1/async/tasks/{task_uuid}",
        allowed=MEMBERS,
        but={Who.STRANGER: 404, Who.STAFF: 404},
        fill=_task,
    ),
]
