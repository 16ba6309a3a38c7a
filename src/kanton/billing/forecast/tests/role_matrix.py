"""Who may look into the future: whoever keeps the accounts."""

from __future__ import annotations

from kanton.organizations.rights import ACCOUNTING
from kanton.testing_matrix import ADMINISTRATORS, GRANTED, Line, Who, api, page

KEEPERS = ADMINISTRATORS | GRANTED

LINES: list[Line] = [
    page("/o/<slug:organization>/forecast", allowed=KEEPERS, right=ACCOUNTING),
    api(
        "GET",
        "/1/invoicing/{account}/forecast",
        fill=lambda cast: {"account": cast.acme.pk},
        allowed=KEEPERS,
        right=ACCOUNTING,
        but={Who.STRANGER: 404, Who.STAFF: 404},
    ),
]
