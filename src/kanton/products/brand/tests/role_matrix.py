"""Who may do what with a Custom Brand."""

from __future__ import annotations

from collections.abc import Mapping

from kanton.products.brand.actions import (
    check_brand,
    go_live,
    pause_brand,
    prove_brand,
    release_host,
    set_look,
    set_up_brand,
)
from kanton.products.brand.models import Brand
from kanton.products.brand.rights import MANAGE, USE
from kanton.products.brand.tests.factories import make_brand, make_service
from kanton.testing_matrix import (
    ADMINISTRATORS,
    EVERYBODY,
    GRANTED,
    MEMBERS,
    NOBODY,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)

MAY = ADMINISTRATORS | GRANTED
HIDDEN: Mapping[Who, int] = {Who.COLLABORATOR: 404, Who.EXTERNAL: 404}


def brand_of(cast: Cast) -> Brand:
    """Acme's brand, made once."""
    found = Brand.objects.filter(organization=cast.acme).select_related("service", "organization").first()
    return found or make_brand(cast.acme, "manager.matrix.example")


def here(cast: Cast) -> dict[str, int]:
    """Acme's brand in an address of the console."""
    return {"number": brand_of(cast).service_id}


def account(cast: Cast) -> dict[str, int]:
    """Acme in an address of the API."""
    return {"account": cast.acme.pk}


def there(cast: Cast) -> dict[str, int]:
    """Acme's brand in an address of the API."""
    return account(cast) | {"brand": brand_of(cast).service_id}


O = "/o/<slug:organization>/brand"  # noqa: E741 - every address below begins so
A = "/2/accounts/{account}/brands"
LOOK = {"accent": "#0b686e", "greeting": "Hello", "sender": "Acme", "reply_to": "it@acme.example"}

LINES: list[Line] = [
    act(
        "brand.set_up_brand",
        lambda actor, cast: set_up_brand(actor, make_service(cast.acme)),
        allowed=NOBODY,
    ),
    act("brand.prove_brand", lambda actor, cast: prove_brand(actor, brand_of(cast)), allowed=NOBODY),
    act("brand.go_live", lambda actor, cast: go_live(actor, brand_of(cast)), allowed=NOBODY),
    act("brand.pause_brand", lambda actor, cast: pause_brand(actor, brand_of(cast)), allowed=NOBODY),
    act("brand.release_host", lambda actor, cast: release_host(actor, brand_of(cast)), allowed=NOBODY),
    act("brand.set_look", lambda actor, cast: set_look(actor, brand_of(cast)), allowed=MAY, right=MANAGE),
    act(
        "brand.check_brand",
        lambda actor, cast: check_brand(actor, brand_of(cast)),
        allowed=MAY,
        right=MANAGE,
    ),
    page(O, allowed=MEMBERS),
    page(f"{O}/<int:number>", allowed=MAY, right=USE, fill=here, but=HIDDEN),
    page(f"{O}/<int:number>/look", allowed=MAY, right=MANAGE, fill=here, but=HIDDEN),
    page(f"{O}/<int:number>/look", post=LOOK, allowed=MAY, right=MANAGE, fill=here, but=HIDDEN),
    page(f"{O}/<int:number>/check", post={}, allowed=MAY, right=MANAGE, fill=here, but=HIDDEN),
    page("/.well-known/kanton-brand", allowed=EVERYBODY),
    api("GET", A, allowed=MEMBERS, fill=account),
    api("GET", f"{A}/{{brand}}", allowed=MAY, right=USE, fill=there, but=HIDDEN),
    api("PUT", f"{A}/{{brand}}/look", data=LOOK, allowed=MAY, right=MANAGE, fill=there, but=HIDDEN),
    api("POST", f"{A}/{{brand}}/check", allowed=MAY, right=MANAGE, fill=there, but=HIDDEN),
]
