"""schemathesis asks every request of the API, in the real application: no answer is 5xx, none is undocumented (API-31).

Each request is asked as its owner would ask it, with places that exist (from the role matrix) and with invented ones,
with data that fits the description and with data that does not. What an example changes is rolled back.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from kanton.core.api import ROUTES
from kanton.rest.front import in_front_of
from kanton.rest.loading import load_routes
from kanton.testing_matrix import Cast, RequestLine, Who, lines

EXAMPLES = int(os.environ.get("KANTON_TEST_SCHEMATHESIS_EXAMPLES", "6"))
NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

load_routes()
KEYS = sorted(f"{route.method} {route.template}" for route in ROUTES)


@cache
def schema() -> Any:
    """The description, as the running application gives it."""
    return schemathesis.openapi.from_wsgi(
        "/api/openapi.json", in_front_of(get_wsgi_application(), at_once=True)
    )


@cache
def matrix() -> dict[str, RequestLine]:
    """The role matrix's lines of the API: they know how to make what an address speaks of."""
    return {line.key: line for line in lines() if isinstance(line, RequestLine) and line.api}


@pytest.fixture
def _generous(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the limit, which has tests of its own."""

    class Generous:
        class api:
            requests_per_minute = 1_000_000
            anonymous_per_minute = 1_000_000

    monkeypatch.setattr("kanton.rest.limits.config", Generous)


@pytest.mark.spec("API-6", "API-31")
@pytest.mark.django_db
@pytest.mark.usefixtures("_generous")
@pytest.mark.parametrize("key", KEYS)
def test_no_answer_is_5xx_or_undocumented(key: str) -> None:
    method, _space, template = key.partition(" ")
    cast = Cast()
    line = matrix().get(key)
    places = dict(line.fill(cast)) if line is not None and line.fill is not None else {}
    who = Who.STAFF if template.startswith("/2/staff") else Who.OWNER
    headers = cast.bearer(who)
    operation = schema()[template][method]
    checks = CHECKS.get_by_names(NAMES)
    asked = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=asked, is_real=st.sampled_from([True, True, False]))
    def ask(case: Any, is_real: bool) -> None:
        if is_real:
            case.path_parameters |= {name: places[name] for name in case.path_parameters if name in places}
        savepoint = transaction.savepoint()
        try:
            response = case.call(headers=headers)
        finally:
            transaction.savepoint_rollback(savepoint)
        case.validate_response(response, checks=checks)

    ask()
