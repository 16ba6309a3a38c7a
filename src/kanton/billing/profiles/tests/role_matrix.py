"""Who may keep ways to pay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kanton.billing.models import PaymentProfile
from kanton.billing.profiles.actions import (
    begin_profile,
    finish_profile,
    keep_prepaid_profile,
    make_default,
    remove_profile,
    tell_expiry,
)
from kanton.billing.profiles.models import ProfileRequest
from kanton.config import overriding
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.organizations.rights import ACCOUNTING
from kanton.testing_matrix import ADMINISTRATORS, GRANTED, NOBODY, Cast, Fill, Line, Who, act, api, page

KEEPERS = ADMINISTRATORS | GRANTED
FOREIGN = {Who.STRANGER: 404, Who.STAFF: 404}
ORG, PROFILE = "/o/<slug:organization>/payment-profiles", "/1/invoicing/{account}/payment_profile"


def profile(cast: Cast) -> PaymentProfile:
    """The prepaid account among Acme's profiles."""
    return PaymentProfile.objects.create(
        organization=cast.acme, provider="prepaid", label="Prepaid", expires_on=clock.today()
    )


def begun(cast: Cast) -> ProfileRequest:
    """A profile of Acme in the making."""
    return ProfileRequest.objects.create(organization=cast.acme, provider="test")


def on_demo(do: Callable[[Actor, Cast], object]) -> Callable[[Actor, Cast], object]:
    """Where the test provider is offered."""

    def call(actor: Actor, cast: Cast) -> object:
        with overriding(demo=True):
            return do(actor, cast)

    return call


def number(cast: Cast) -> Mapping[str, Any]:
    return {"number": profile(cast).pk}


def account(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk}


def kept(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk, "profile": profile(cast).pk}


def keyed(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk, "key": begun(cast).key}


def console(route: str, fill: Fill | None = None, **more: Any) -> Line:
    return page(route, allowed=KEEPERS, right=ACCOUNTING, fill=fill, **more)


def keep(method: str, route: str, fill: Fill = account, **more: Any) -> Line:
    return api(method, route, allowed=KEEPERS, right=ACCOUNTING, fill=fill, but=FOREIGN, **more)


LINES: list[Line] = [
    act(
        "billing.begin_profile",
        on_demo(lambda actor, cast: begin_profile(actor, cast.acme, method="test")),
        allowed=KEEPERS,
    ),
    act("billing.finish_profile", on_demo(lambda a, cast: finish_profile(a, begun(cast))), allowed=KEEPERS),
    act("billing.keep_prepaid_profile", lambda a, cast: keep_prepaid_profile(a, cast.acme), allowed=KEEPERS),
    act("billing.make_default", lambda a, cast: make_default(a, profile(cast)), allowed=KEEPERS),
    act("billing.remove_profile", lambda a, cast: remove_profile(a, profile(cast)), allowed=KEEPERS),
    act("billing.tell_expiry", lambda a, cast: tell_expiry(a, profile(cast)), allowed=NOBODY),
    console(ORG),
    console(f"{ORG}/add", post={"method": "prepaid"}),
    console(f"{ORG}/added/<str:key>", lambda cast: {"key": begun(cast).key}, status=303),
    console(f"{ORG}/<int:number>/renew", number, post={}, status=422),
    console(f"{ORG}/<int:number>/default", number, post={}),
    console(f"{ORG}/<int:number>/remove", number, post={}),
    keep("GET", PROFILE + "/list"),
    # No provider is offered here that keeps something: those who may are told so.
    keep("POST", PROFILE, data={"method": "none"}, status=422),
    keep("POST", PROFILE + "/prepaid", status=201),
    keep("POST", PROFILE + "/{key}/completion", keyed, status=409),
    keep("PUT", PROFILE + "/{profile}/default", kept),
    keep("DELETE", PROFILE + "/{profile}", kept),
]
