"""Administrators see the proof of the log; owners choose who gets it."""

from __future__ import annotations

from kanton.core import clock
from kanton.organizations.trail.actions import choose_head_readers, order_log_export
from kanton.organizations.trail.files import place_of
from kanton.organizations.trail.models import LogExport
from kanton.testing_matrix import ADMINISTRATORS, OWNER_ONLY, Cast, Line, Who, act, api, page

O = "/o/<slug:organization>/activity"  # noqa: E741 - every address below begins so
API = "/2/accounts/{account}/activity/proof"


def account(cast: Cast) -> dict[str, int]:
    """Acme's number."""
    return {"account": cast.acme.pk}


EXPORTS = "/2/accounts/{account}/activity/exports"


def ready(cast: Cast) -> dict[str, int]:
    """A file that is ready."""
    export = LogExport.objects.create(
        organization=cast.acme, person=cast.people[Who.OWNER], format="csv", ready_at=clock.now()
    )
    place_of(export).write_text("")
    return {"number": export.pk}


LINES: list[Line] = [
    act("organizations.choose_head_readers",
        lambda actor, cast: choose_head_readers(actor, cast.acme, readers=[]), allowed=OWNER_ONLY),
    act("organizations.order_log_export",
        lambda actor, cast: order_log_export(actor, cast.acme, format="csv"), allowed=ADMINISTRATORS),
    page(f"{O}/exports", allowed=ADMINISTRATORS),
    page(f"{O}/exports/<int:number>", allowed=ADMINISTRATORS, fill=ready),
    api("GET", EXPORTS, allowed=ADMINISTRATORS, fill=account),
    api("POST", EXPORTS, allowed=ADMINISTRATORS, fill=account, data={"format": "jsonl"}, status=201),
    page(f"{O}/proof", allowed=ADMINISTRATORS),
    page(f"{O}/proof/readers", post={}, allowed=OWNER_ONLY),
    page(f"{O}/export.jsonl", allowed=ADMINISTRATORS),
    api("GET", API, allowed=ADMINISTRATORS, fill=account),
    api("POST", f"{API}/comparison", allowed=ADMINISTRATORS, fill=account, data={"entries": 1, "head": "0" * 64}),
    api("PUT", f"{API}/readers", allowed=OWNER_ONLY, fill=account, data={"readers": []}),
]  # fmt: skip
