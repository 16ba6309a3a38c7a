"""Who may invite many at once."""

from __future__ import annotations

from kanton.organizations.inviting.actions import invite_many, send_next
from kanton.organizations.inviting.lines import Line
from kanton.organizations.inviting.models import Batch
from kanton.testing_matrix import ADMINISTRATORS, NOBODY, Cast, act, api, page
from kanton.testing_matrix import Line as MatrixLine

SEVERAL = "/o/<slug:organization>/people/invite/several"
BATCHES = "/2/accounts/{account}/invitations/batches"
TABLE = {"table": "lea@example.ch\ntim@example.ch", "role": "collaborator"}
USERS = {"users": [{"email": "lea@example.ch"}]}


def batch(cast: Cast) -> Batch:
    """A list that was sent."""
    return invite_many(cast.owner, cast.acme, lines=[Line(1, "lea@example.ch")])


def account(cast: Cast) -> dict[str, int]:
    """Acme in an address of the API."""
    return {"account": cast.acme.pk}


LINES: list[MatrixLine] = [
    act(
        "organizations.invite_many",
        lambda actor, cast: invite_many(actor, cast.acme, lines=[Line(1, "lea@example.ch")]),
        allowed=ADMINISTRATORS,
    ),
    act("organizations.send_next", lambda actor, cast: send_next(actor, batch(cast)), allowed=NOBODY),
    page(SEVERAL, allowed=ADMINISTRATORS),
    page(SEVERAL, post=TABLE | {"confirmed": "1"}, allowed=ADMINISTRATORS),
    page(f"{SEVERAL}/<int:number>", fill=lambda cast: {"number": batch(cast).pk}, allowed=ADMINISTRATORS),
    api("POST", f"{BATCHES}/check", fill=account, data=USERS, allowed=ADMINISTRATORS),
    api("POST", BATCHES, fill=account, data=USERS, allowed=ADMINISTRATORS, status=201),
    api("GET", BATCHES, fill=account, allowed=ADMINISTRATORS),
    api(
        "GET",
        f"{BATCHES}/{{batch}}",
        fill=lambda cast: account(cast) | {"batch": batch(cast).pk},
        allowed=ADMINISTRATORS,
    ),
]
