"""Everybody minds their own account, and only their own."""

from __future__ import annotations

from kanton.accounts.actions import (
    ask_for_reset,
    change_password,
    confirm_address,
    create_token,
    edit_profile,
    issue_reset,
    issue_token,
    note_failed_second_factor,
    note_failed_sign_in,
    note_sign_in,
    note_sign_out,
    purge_account,
    register,
    resend_confirmation,
    reset_password,
    revoke_token,
)
from kanton.accounts.errors import AlreadyConfirmed, LinkGone
from kanton.accounts.models import ApiToken, OneTimeLink, Person, Purpose
from kanton.core.secrets import token_hash
from kanton.testing import PASSWORD
from kanton.testing_matrix import (
    EVERYBODY,
    NOBODY,
    OWNER_ONLY,
    SIGNED_IN,
    SIGNED_OUT_ONLY,
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


def token(cast: Cast) -> ApiToken:
    """A token of the owner."""
    return ApiToken.objects.create(
        person=own(cast), name="owner's", digest=token_hash("owner's"), scopes=["all"]
    )


def link(cast: Cast, purpose: Purpose) -> str:
    """A link in a mail to the owner."""
    return OneTimeLink.issue(own(cast), purpose)


LINES: list[Line] = [
    act(
        "accounts.register",
        lambda actor, cast: register(actor, email="lea@example.ch", password=PASSWORD),
        allowed=EVERYBODY,
    ),
    act(
        "accounts.confirm_address",
        lambda actor, cast: confirm_address(actor, secret="no such secret"),
        allowed=EVERYBODY,
        fails=LinkGone,
    ),
    act(
        "accounts.resend_confirmation",
        lambda actor, cast: resend_confirmation(actor, own(cast)),
        allowed=OWNER_ONLY,
        fails=AlreadyConfirmed,
    ),
    act("accounts.note_sign_in", lambda actor, cast: note_sign_in(actor, own(cast)), allowed=OWNER_ONLY),
    act(
        "accounts.note_failed_sign_in",
        lambda actor, cast: note_failed_sign_in(actor, own(cast)),
        allowed=EVERYBODY,
    ),
    act(
        "accounts.note_failed_second_factor",
        lambda actor, cast: note_failed_second_factor(actor, own(cast)),
        allowed=EVERYBODY,
    ),
    act("accounts.note_sign_out", lambda actor, cast: note_sign_out(actor, own(cast)), allowed=OWNER_ONLY),
    act(
        "accounts.ask_for_reset",
        lambda actor, cast: ask_for_reset(actor, email="lea@example.ch"),
        allowed=EVERYBODY,
    ),
    act("accounts.issue_reset", lambda actor, cast: issue_reset(actor, own(cast)), allowed=NOBODY),
    act(
        "accounts.reset_password",
        lambda actor, cast: reset_password(actor, secret="no such secret", password=PASSWORD),
        allowed=EVERYBODY,
        fails=LinkGone,
    ),
    act(
        "accounts.change_password",
        lambda actor, cast: change_password(
            actor, own(cast), current_password=PASSWORD, new_password="another horse battery"
        ),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.edit_profile",
        lambda actor, cast: edit_profile(actor, own(cast), first_name="Other"),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.create_token",
        lambda actor, cast: create_token(
            actor, own(cast), name="new", scopes=["all"], current_password=PASSWORD
        ),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.issue_token",
        lambda actor, cast: issue_token(actor, own(cast), name="new", scopes=["all"]),
        allowed=NOBODY,
    ),
    act("accounts.revoke_token", lambda actor, cast: revoke_token(actor, token(cast)), allowed=OWNER_ONLY),
    act("accounts.purge_account", lambda actor, cast: purge_account(actor, own(cast)), allowed=NOBODY),
    page("/login", allowed=SIGNED_OUT_ONLY, but=dict.fromkeys(SIGNED_IN, 302)),
    page("/login/second-step", allowed=NOBODY, but=dict.fromkeys(SIGNED_IN, "→ /login")),
    page("/login/second-step/other", allowed=NOBODY, but=dict.fromkeys(SIGNED_IN, "→ /login")),
    page("/logout", post={}, allowed=EVERYBODY),
    page(
        "/confirm/<str:secret>",
        fill=lambda cast: {"secret": link(cast, Purpose.CONFIRM)},
        allowed=EVERYBODY,
    ),
    page("/check-your-inbox", allowed=EVERYBODY),
    page("/password/forgotten", allowed=EVERYBODY),
    page(
        "/password/new/<str:secret>",
        fill=lambda cast: {"secret": link(cast, Purpose.RESET)},
        allowed=EVERYBODY,
    ),
    page("/account/", allowed=SIGNED_IN),
    page("/account/security", allowed=SIGNED_IN),
    page("/account/again", allowed=SIGNED_IN),
    page("/account/confirmation", post={}, allowed=SIGNED_IN, status=409),
    page("/account/name", allowed=SIGNED_IN),
    page("/account/name", post={"first_name": "A", "last_name": "B"}, allowed=SIGNED_IN),
    page("/account/language", allowed=SIGNED_IN),
    page("/account/language", post={"language": "de"}, allowed=SIGNED_IN),
    page("/account/country", allowed=SIGNED_IN),
    page("/account/time-zone", allowed=SIGNED_IN),
    page("/account/password", allowed=SIGNED_IN),
    page("/account/activity", allowed=SIGNED_IN),
    page("/account/tokens", allowed=SIGNED_IN),
    page("/account/tokens/new", allowed=SIGNED_IN),
    page(
        "/account/tokens/<int:number>/revoke",
        fill=lambda cast: {"number": token(cast).pk},
        allowed=OWNER_ONLY,
        but=dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404),
    ),
    page(
        "/account/tokens/<int:number>/revoke",
        fill=lambda cast: {"number": token(cast).pk},
        post={},
        allowed=OWNER_ONLY,
        but=dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404),
    ),
    api("GET", "/1/profile", allowed=SIGNED_IN),
    api("GET", "/2/profile", allowed=SIGNED_IN),
    api("PATCH", "/2/profile", data={"firstname": "Other"}, allowed=SIGNED_IN),
    api("GET", "/2/profile/emails", allowed=SIGNED_IN),
    api("GET", "/2/profile/phones", allowed=SIGNED_IN),
    api("POST", "/2/profile/confirmation", data={}, allowed=SIGNED_IN, status=409),
    api("GET", "/2/profile/activity", allowed=SIGNED_IN),
    api("GET", "/2/profile/tokens", allowed=SIGNED_IN),
    api(
        "POST",
        "/2/profile/tokens",
        data={"name": "new", "scopes": ["all"], "current_password": PASSWORD},
        allowed=SIGNED_IN,
        status=201,
    ),
    api(
        "DELETE",
        "/2/profile/tokens/{token_id}",
        fill=lambda cast: {"token_id": token(cast).pk},
        allowed=OWNER_ONLY,
        but=dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404),
    ),
]
