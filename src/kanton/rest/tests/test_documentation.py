"""The documentation: every request is listed, in English, and every example of a tutorial really answers so."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.core.api import ROUTES, ApiCall, call_of
from kanton.organizations.models import Organization
from kanton.products.domains.tests.factories import make_zone
from kanton.rest.openapi import description
from kanton.rest.testing import ApiClient
from kanton.rest.tutorials import TUTORIALS, Example, path_of
from kanton.rest.views import chapters


def is_shown_by(shown: Any, real: Any) -> bool:
    """Has the real answer every attribute that the documentation shows, with the same type?"""
    if isinstance(shown, dict):
        return isinstance(real, dict) and all(
            name in real and is_shown_by(value, real[name]) for name, value in shown.items()
        )
    if isinstance(shown, list):
        return isinstance(real, list) and (not shown or (bool(real) and is_shown_by(shown[0], real[0])))
    return type(shown) is type(real)


@pytest.mark.spec("API-10", "API-31")
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda tutorial: tutorial.slug)
def test_the_examples_of_a_tutorial_answer_as_shown(tutorial: Any, ana: Person, acme: Organization) -> None:
    make_zone(acme, "acme.ch")
    client = ApiClient(ana)
    for step in tutorial.steps:
        if step.example is None:
            continue
        example: Example = step.example
        path, query = path_of(example)
        headers = {name.replace("-", "_"): value for name, value in example.headers.items()}
        reply = client.call(example.method, f"{path}?{query}" if query else path, example.body, **headers)
        assert reply.status == example.status, (example, reply)
        assert is_shown_by(example.answer, reply.json), (example.answer, reply.json)


def test_a_line_for_the_shell_says_what_is_asked() -> None:
    body = {"name": "l'été"}
    line = ApiCall("POST", "/1/things?a=1&b=2", body).curl("https://host.example")
    words = shlex.split(line.replace("\\\n", " "))
    assert words[words.index("-X") + 1] == "POST"
    assert json.loads(words[words.index("-d") + 1]) == body
    assert words[-1] == "https://host.example/1/things?a=1&b=2"


@pytest.mark.spec("API-8", "API-11")
def test_the_pages_list_every_request_in_english_and_ask_nobody_else(db: None) -> None:
    browser = Client(headers={"Accept-Language": "de"})
    index = browser.get("/api/docs")
    text = index.content.decode()
    assert "How the API works" in text
    assert "we do not write requests for you" in text
    for route in ROUTES:
        assert f"<code>{route.template}</code>" in text
    for chapter in chapters():
        page = browser.get(chapter.url)
        assert page.status_code == 200
        for outside in ('src="http', "@import url(http", 'href="http'):
            assert outside not in page.content.decode()
    assert browser.get("/api/docs/tutorials/none").status_code == 404
    assert browser.get("/api/docs/requests/none").status_code == 404


@pytest.mark.spec("API-31")
def test_the_description_speaks_of_every_route_once(db: None) -> None:
    told = Client().get("/api/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    names = [operation["operationId"] for methods in told["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names)) == len(ROUTES)
    assert told == json.loads(json.dumps(description()))


def test_a_page_can_show_its_action_as_a_call() -> None:
    from kanton.products.domains.actions import create_record

    call = call_of(create_record, zone="acme.ch", body={"type": "A"})
    assert call is not None
    assert (call.method, call.path) == ("POST", "/2/zones/acme.ch/records")
    assert call_of(create_record, nothing="x") is None
