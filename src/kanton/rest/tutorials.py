"""The tutorials of the documentation. Each example is run as a test, so none of them can be wrong (API-10, API-31)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from kanton.core.api import ApiCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One request with what comes back. `answer` is complete, or holds the attributes that the text speaks of."""

    method: str = "GET"
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    answer: Any

    def curl(self, origin: str) -> str:
        """The line for a shell."""
        line = ApiCall(self.method, self.path, self.body).curl(origin)
        for name, value in self.headers.items():
            line = line.replace('curl -H "Auth', f'curl -H "{name}: {value}" \\\n  -H "Auth', 1)
        return line

    @property
    def shown_answer(self) -> str:
        """The answer, laid out for reading."""
        return json.dumps(self.answer, indent=2, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Step:
    """A paragraph, and the request it speaks of."""

    text: str
    example: Example | None = None
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tutorial:
    """A way to a first result, step by step."""

    slug: str
    title: str
    lead: str
    steps: tuple[Step, ...]


RECORD: Final = {"source": "www", "type": "A", "target": "192.0.2.7", "ttl": 3600}

TUTORIALS: Final = (
    Tutorial(
        "first-request-with-curl",
        "First request with curl",
        "From a token to an answer in three minutes, in any shell.",
        (
            Step(
                "In the Manager, open your account, then API tokens, and make a token. Give it a name, choose the"
                " scopes it needs, and copy it: it is shown once. Keep it in the shell’s environment, so that it does"
                " not stand in the history of each command: export KANTON_TOKEN='…'"
            ),
            Step(
                "Ask whether the API answers. This request is the only one that needs no token.",
                Example(path="/1/ping", answer={"result": "success", "data": "pong"}),
            ),
            Step(
                "Ask which organizations you belong to. The number `id` is what other requests call account_id.",
                Example(
                    path="/1/accounts",
                    answer={
                        "result": "success",
                        "data": [
                            {"id": 1, "name": "Acme", "legal_entity_type": "company", "locale": "en_GB"}
                        ],
                    },
                ),
            ),
            Step(
                "Ask for something that is not there. Every error looks like this one: a `code` that never changes,"
                " for your program, and a sentence for you.",
                Example(
                    path="/1/languages/99",
                    status=404,
                    answer={
                        "result": "error",
                        "error": {
                            "code": "object_not_found",
                            "description": "There is nothing here, or it is not yours to see. Check the organization"
                            " you are in.",
                            "context": {"model": "language"},
                        },
                    },
                ),
            ),
        ),
    ),
    Tutorial(
        "first-request-with-postman",
        "First request with Postman",
        "The same in a window, with every request ready to try.",
        (
            Step(
                "Import the description of this API, and Postman makes a collection of all requests, with their"
                " attributes and examples.",
                points=(
                    "Choose Import, then Link, and give the address of the description: /api/openapi.json here.",
                    "Open the new collection, choose the tab Authorization, type Bearer Token.",
                    "Paste your token, made in the Manager under API tokens, and save.",
                ),
            ),
            Step(
                "Open “Products”, “List the products of all organizations”, and press Send. The status and the time"
                " stand above the answer, and the headers tell how many requests remain in this minute.",
                Example(
                    path="/1/products?per_page=2",
                    answer={
                        "result": "success",
                        "data": [{"id": 1, "service_name": "domain", "customer_name": "acme.ch"}],
                        "total": 1,
                        "page": 1,
                        "pages": 1,
                        "items_per_page": 2,
                    },
                ),
            ),
        ),
    ),
    Tutorial(
        "dns-records",
        "Change DNS records, and see what will happen first",
        "Find a zone, try a change, make it, and repeat it without harm.",
        (
            Step(
                "Find the zone of a name. Any name in it will do.",
                Example(
                    path="/2/domains/www.acme.ch/zones",
                    answer={"result": "success", "data": [{"fqdn": "acme.ch"}]},
                ),
            ),
            Step(
                "Say what you want with `?dry_run=1`: the answer tells what would change, and nothing has changed.",
                Example(
                    method="POST",
                    path="/2/zones/acme.ch/records?dry_run=1",
                    body=RECORD,
                    answer={
                        "result": "success",
                        "data": {"dry_run": True, "changes": [], "irreversible": []},
                    },
                ),
            ),
            Step(
                "Now do it. The Idempotency-Key is any text of yours; if the line breaks and your program tries again"
                " with the same key, the record is not made twice: you get the first answer again.",
                Example(
                    method="POST",
                    path="/2/zones/acme.ch/records",
                    body=RECORD,
                    headers={"Idempotency-Key": "www-record-1"},
                    answer={
                        "result": "success",
                        "data": {"id": 17, "source": "www", "type": "A", "ttl": 3600, "target": "192.0.2.7"},
                    },
                ),
            ),
            Step(
                "Look only at what interests you. An unknown filter is refused, never passed over.",
                Example(
                    path="/2/zones/acme.ch/records?filter[types][]=A&filter[source]=www",
                    answer={
                        "result": "success",
                        "data": [
                            {"id": 17, "source": "www", "type": "A", "ttl": 3600, "target": "192.0.2.7"}
                        ],
                    },
                ),
            ),
        ),
    ),
)


def tutorial_called(slug: str) -> Tutorial | None:
    """The tutorial at this address."""
    return next((tutorial for tutorial in TUTORIALS if tutorial.slug == slug), None)


def path_of(example: Example) -> tuple[str, str]:
    """The path and the query of an example."""
    parts = urlsplit(example.path)
    return parts.path, parts.query
