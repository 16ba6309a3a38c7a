"""Everybody links and removes their own phones; apps prove themselves by signatures, not by who is signed in."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from kanton.accounts.authenticator.actions import (
    answer_request,
    ask_phones,
    authorize_this_phone,
    disown_request,
    link_device,
    note_seen,
    reach_device,
    remove_authenticator,
    show_link_code,
    use_approval,
    use_code,
)
from kanton.accounts.authenticator.errors import CodeGone, NotASignature, WrongCode
from kanton.accounts.authenticator.models import Device, LinkCode, SignInRequest
from kanton.accounts.authenticator.protocol import base64url, public_point
from kanton.accounts.models import Person
from kanton.testing import PASSWORD
from kanton.testing_matrix import (
    EVERYBODY,
    NOBODY,
    OWNER_ONLY,
    SIGNED_IN,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)


def own(cast: Cast) -> Person:
    """The owner's account: everybody else is a stranger to it."""
    return cast.people[Who.OWNER]


def phone(cast: Cast) -> Device:
    """A phone of the owner."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return Device.objects.create(person=own(cast), name="phone", public_key=base64url(public_point(key)))


def asked(cast: Cast) -> SignInRequest:
    """A sign-in of the owner that waits."""
    return SignInRequest.objects.create(person=own(cast), number="42")


STRANGERS = dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404)
UNSIGNED = 401
BACK_TO_LOGIN = dict.fromkeys(EVERYBODY, "→ /login")

LINES: list[Line] = [
    act(
        "accounts.show_link_code",
        lambda actor, cast: show_link_code(actor, own(cast), current_password=PASSWORD),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.authorize_this_phone",
        lambda actor, cast: authorize_this_phone(actor, own(cast)),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.link_device",
        lambda actor, cast: link_device(actor, code="none", name="x", public_key="x", signature="x"),
        allowed=EVERYBODY,
        fails=CodeGone,
    ),
    act(
        "accounts.reach_device",
        lambda actor, cast: reach_device(actor, phone(cast), subscription=None),
        allowed=OWNER_ONLY,
    ),
    act("accounts.ask_phones", lambda actor, cast: ask_phones(actor, own(cast)), allowed=EVERYBODY),
    act(
        "accounts.answer_request",
        lambda actor, cast: answer_request(
            actor, phone(cast), asked(cast), decision="yes", number="42", signature="x"
        ),
        allowed=OWNER_ONLY,
        fails=NotASignature,
    ),
    act(
        "accounts.disown_request",
        lambda actor, cast: disown_request(actor, phone(cast), asked(cast)),
        allowed=OWNER_ONLY,
    ),
    act("accounts.use_approval", lambda actor, cast: use_approval(actor, asked(cast)), allowed=EVERYBODY),
    act(
        "accounts.use_code",
        lambda actor, cast: use_code(actor, own(cast), code="000000"),
        allowed=EVERYBODY,
        fails=WrongCode,
    ),
    act(
        "accounts.remove_authenticator",
        lambda actor, cast: remove_authenticator(
            actor, phone(cast), current_password=PASSWORD, is_proven=True
        ),
        allowed=OWNER_ONLY,
    ),
    act("accounts.note_seen", lambda actor, cast: note_seen(actor, phone(cast)), allowed=OWNER_ONLY),
    page("/authenticator/", allowed=EVERYBODY),
    page("/authenticator/manifest.webmanifest", allowed=EVERYBODY),
    page("/authenticator/worker.js", allowed=EVERYBODY),
    # Whoever has not just proven themselves does that first.
    page("/authenticator/authorize", allowed=SIGNED_IN, status=302),
    page("/authenticator/authorize", post={}, allowed=SIGNED_IN, status=302),
    page("/authenticator/api/1/about", allowed=EVERYBODY),
    page("/authenticator/api/1/code", post={}, allowed=EVERYBODY, status=422),
    page("/authenticator/api/1/link", post={}, allowed=EVERYBODY, status=422),
    page("/authenticator/api/1/state", allowed=EVERYBODY, status=UNSIGNED),
    page("/authenticator/api/1/answer", post={}, allowed=EVERYBODY, status=422),
    page("/authenticator/api/1/not-me", post={}, allowed=EVERYBODY, status=UNSIGNED),
    page("/authenticator/api/1/push", post={}, allowed=EVERYBODY, status=UNSIGNED),
    # Without a half-done sign-in, back to its beginning.
    page("/login/authenticator", allowed=NOBODY, but=BACK_TO_LOGIN),
    page("/login/authenticator/waiting", allowed=EVERYBODY, status=303),
    page("/login/authenticator/again", post={}, allowed=NOBODY, but=BACK_TO_LOGIN),
    page("/account/authenticator", allowed=SIGNED_IN, status=302),
    page("/account/authenticator", post={}, allowed=SIGNED_IN, status=302),
    page(
        "/account/authenticator/linking/<int:number>",
        fill=lambda cast: {"number": LinkCode.issue(own(cast))[1].pk},
        allowed=SIGNED_IN,
        status=302,
    ),
    page(
        "/account/authenticator/<str:device>/remove",
        fill=lambda cast: {"device": phone(cast).public_id},
        allowed=SIGNED_IN,
        status=302,
    ),
    page(
        "/account/authenticator/<str:device>/remove",
        fill=lambda cast: {"device": phone(cast).public_id},
        post={},
        allowed=SIGNED_IN,
        status=302,
    ),
    api("GET", "/2/profile/authenticators", allowed=SIGNED_IN),
    api(
        "POST",
        "/2/profile/authenticators/{device}/removal",
        fill=lambda cast: {"device": phone(cast).public_id},
        data={"current_password": PASSWORD},
        allowed=OWNER_ONLY,
        status=403,
        but=STRANGERS,
    ),
]
