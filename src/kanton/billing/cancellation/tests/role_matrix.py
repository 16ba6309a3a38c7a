"""Who may cancel: whoever manages the product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kanton.billing.cancellation.actions import (
    cancel_with_organization,
    carry_out_cancellation,
    confirm_cancellation,
    request_cancellation,
    withdraw_cancellation,
)
from kanton.billing.cancellation.models import Cancellation
from kanton.billing.renewals.tests.role_matrix import account, product, service
from kanton.core.secrets import token_hash
from kanton.products.domains.rights import MANAGE
from kanton.testing_matrix import ADMINISTRATORS, GRANTED, NOBODY, Cast, Line, Who, act, api, page

MANAGERS = ADMINISTRATORS | GRANTED
FOREIGN = {Who.STRANGER: 404, Who.STAFF: 404}
TOKEN = "matrix-token"
ORG = "/o/<slug:organization>/cancellation"
API = "/1/invoicing/{account}/cancellation"


def requested(cast: Cast) -> Cancellation:
    """A cancellation of Acme's domain whose link holds."""
    made = request_cancellation(cast.owner, service(cast))
    Cancellation.objects.filter(pk=made.pk).update(digest=token_hash(TOKEN))
    return Cancellation.objects.select_related("service__organization").get(pk=made.pk)


def waiting(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk, "product": requested(cast).service_id}


def linked(cast: Cast) -> Mapping[str, Any]:
    requested(cast)
    return {"token": TOKEN}


def confirmable(cast: Cast) -> Mapping[str, Any]:
    requested(cast)
    return account(cast)


LINES: list[Line] = [
    act(
        "billing.request_cancellation",
        lambda actor, cast: request_cancellation(actor, service(cast)),
        allowed=MANAGERS,
        right=MANAGE,
    ),
    act(
        "billing.cancel_with_organization",
        lambda actor, cast: cancel_with_organization(actor, service(cast)),
        allowed=MANAGERS,
        right=MANAGE,
    ),
    act(
        "billing.confirm_cancellation",
        lambda actor, cast: confirm_cancellation(actor, requested(cast), token=TOKEN),
        allowed=MANAGERS,
        right=MANAGE,
    ),
    act(
        "billing.withdraw_cancellation",
        lambda actor, cast: withdraw_cancellation(actor, requested(cast)),
        allowed=MANAGERS,
        right=MANAGE,
    ),
    act(
        "billing.carry_out_cancellation",
        lambda actor, cast: carry_out_cancellation(actor, requested(cast)),
        allowed=NOBODY,
    ),
    page(
        f"{ORG}/<int:number>", fill=lambda cast: {"number": service(cast).pk}, allowed=MANAGERS, right=MANAGE
    ),
    page(
        f"{ORG}/<int:number>/withdraw",
        post={},
        fill=lambda cast: {"number": requested(cast).service_id},
        allowed=MANAGERS,
        right=MANAGE,
    ),
    page(f"{ORG}/link/<str:token>", fill=linked, allowed=MANAGERS, right=MANAGE),
    api("GET", API + "/{product}", fill=product, allowed=MANAGERS, right=MANAGE, but=FOREIGN),
    api(
        "POST",
        API + "/{product}",
        fill=product,
        data={},
        status=201,
        allowed=MANAGERS,
        right=MANAGE,
        but=FOREIGN,
    ),
    api("DELETE", API + "/{product}", fill=waiting, allowed=MANAGERS, right=MANAGE, but=FOREIGN),
    api("POST", API, fill=confirmable, data={"token": TOKEN}, allowed=MANAGERS, right=MANAGE, but=FOREIGN),
]
