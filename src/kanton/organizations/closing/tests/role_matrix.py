"""Only an owner ends an organization."""

from __future__ import annotations

from kanton.organizations.closing.actions import delete_organization
from kanton.organizations.closing.errors import CannotDelete
from kanton.testing import PASSWORD
from kanton.testing_matrix import OWNER_ONLY, SIGNED_IN, Cast, Line, act, api, page


def account(cast: Cast) -> dict[str, int]:
    """The number of Acme."""
    return {"account": cast.acme.pk}


LINES: list[Line] = [
    act(
        "organizations.delete_organization",
        lambda actor, cast: delete_organization(actor, cast.acme, name="Acme", current_password=PASSWORD),
        allowed=OWNER_ONLY,
        fails=CannotDelete,
    ),
    page("/o/<slug:organization>/settings/deletion", allowed=OWNER_ONLY),
    page(
        "/o/<slug:organization>/settings/deletion",
        post={"name": "Acme", "current_password": "wrong"},
        allowed=OWNER_ONLY,
        status=422,
    ),
    api("GET", "/2/accounts/{account}/deletion", allowed=OWNER_ONLY, fill=account),
    # Without the token of a dry run nobody gets as far as the question of rights.
    api(
        "POST",
        "/2/accounts/{account}/deletion",
        data={"name": "Acme", "current_password": PASSWORD},
        allowed=SIGNED_IN,
        fill=account,
        status=409,
    ),
]
