"""Who may open the console's own pages."""

from __future__ import annotations

from kanton.core import clock
from kanton.products.mail.rights import USE
from kanton.products.models import Service
from kanton.testing_matrix import ADMINISTRATORS, GRANTED, MEMBERS, SIGNED_IN, Cast, Line, Who, api, page

O = "/o/<slug:organization>"  # noqa: E741 - every address below begins so


def account(cast: Cast) -> dict[str, object]:
    """Acme in an address of the API."""
    return {"account_id": cast.acme.pk}


def thing(cast: Cast) -> dict[str, object]:
    """The address of a mail service of Acme."""
    Service.objects.create(
        organization=cast.acme,
        product="mail",
        plan="mail",
        name="acme.ch",
        starts_on=clock.today(),
        order_line="x",
    )
    return {"key": "mail", "name": "acme.ch"}


LINES: list[Line] = [
    page("/", allowed=SIGNED_IN, status=302),
    page("/go/<slug:key>", allowed=SIGNED_IN, status=302, fill=lambda cast: {"key": "people"}),
    page(
        "/go/<slug:key>/<str:name>",
        allowed=ADMINISTRATORS | GRANTED,
        right=USE,
        status=302,
        fill=thing,
        but=dict.fromkeys([Who.COLLABORATOR, Who.EXTERNAL, Who.STRANGER, Who.STAFF], 404),
    ),
    page(f"{O}/", allowed=MEMBERS),
    page(f"{O}/search", allowed=MEMBERS),
    page(f"{O}/notices", allowed=MEMBERS),
    page(f"{O}/missing", allowed=MEMBERS),
    api("GET", "/1/accounts/{account_id}/missing", allowed=MEMBERS, fill=account),
    api("GET", "/1/accounts/{account_id}/overview", allowed=MEMBERS, fill=account),
    api("GET", "/1/accounts/{account_id}/search", allowed=MEMBERS, fill=account),
]
