"""Owners and administrators decide on the look (ORG-92)."""

from __future__ import annotations

import functools

from kanton.organizations.branding.actions import (
    remove_wide_logo,
    reset_branding,
    set_corner,
    set_wide_logo,
    undo_branding,
)
from kanton.organizations.branding.api import EXAMPLE
from kanton.organizations.branding.logos import Drawn
from kanton.organizations.branding.models import Logo, Shape
from kanton.testing_matrix import ADMINISTRATORS, EVERYBODY, Cast, Line, act, api, page

DRAWN = Drawn(b"pixels", 100, 40, is_small=False)


def account(cast: Cast) -> dict[str, int]:
    """The number of Acme."""
    return {"account": cast.acme.pk}


def changed(cast: Cast) -> dict[str, int]:
    """The number of Acme, whose look was changed before."""
    set_corner(cast.owner, cast.acme, corner="initials", initials="AC")
    return account(cast)


def undoable(cast: Cast) -> dict[str, str]:
    """Acme's look was changed before."""
    changed(cast)
    return {}


def logo(cast: Cast) -> dict[str, str]:
    """The address of a logo of Acme."""
    Logo.objects.create(
        organization=cast.acme, shape=Shape.WIDE, key="k" * 43, content=b"pixels", width=1, height=1
    )
    return {"key": "k" * 43}


O = "/o/<slug:organization>/settings/appearance"  # noqa: E741 - every address below begins so
A = "/2/accounts/{account}/branding"
for_administrators = functools.partial(page, allowed=ADMINISTRATORS)
by_administrators = functools.partial(api, allowed=ADMINISTRATORS)

LINES: list[Line] = [
    act(
        "organizations.set_corner",
        lambda actor, cast: set_corner(actor, cast.acme, corner="initials", initials="AC"),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.set_wide_logo",
        lambda actor, cast: set_wide_logo(actor, cast.acme, logo=DRAWN),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.remove_wide_logo",
        lambda actor, cast: remove_wide_logo(actor, cast.acme),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.reset_branding",
        lambda actor, cast: reset_branding(actor, cast.acme),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.undo_branding",
        lambda actor, cast: (changed(cast), undo_branding(actor, cast.acme)),
        allowed=ADMINISTRATORS,
    ),
    for_administrators(O),
    for_administrators(f"{O}/corner"),
    for_administrators(f"{O}/corner", post={"corner": "initials", "initials": "AC", "colour": ""}),
    for_administrators(f"{O}/logo"),
    for_administrators(f"{O}/logo", post={}, status=422),
    for_administrators(f"{O}/logo/removal", post={}),
    for_administrators(f"{O}/default", post={}),
    for_administrators(f"{O}/undo", post={}, fill=undoable),
    page("/logos/<str:key>.webp", allowed=EVERYBODY, fill=logo),
    by_administrators("GET", A, fill=account),
    by_administrators("DELETE", A, fill=account),
    by_administrators("PUT", f"{A}/corner", data={"corner": "initials"}, fill=account),
    by_administrators("PUT", f"{A}/logo", data={"logo": EXAMPLE}, fill=account),
    by_administrators("DELETE", f"{A}/logo", fill=account),
    by_administrators("POST", f"{A}/undo", fill=changed),
]
