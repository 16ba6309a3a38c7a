"""Everybody minds their own sessions, browsers and lock, and only their own."""

from __future__ import annotations

from allauth.usersessions.models import UserSession

from kanton.accounts.access.actions import (
    ask_to_unlock,
    change_watch,
    end_other_sessions,
    end_session,
    end_trust,
    issue_unlock,
    note_lock,
    tell_sign_in,
    trust_browser,
    unlock_by_code,
    unlock_by_link,
)
from kanton.accounts.access.errors import UnlockGone
from kanton.accounts.access.models import Device, UnlockLink
from kanton.accounts.models import Person
from kanton.core import clock
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


def session(cast: Cast) -> UserSession:
    """A session of the owner."""
    return UserSession.objects.create(user=own(cast), ip="192.0.2.1", session_key="k" * 32, user_agent="")


def device(cast: Cast) -> Device:
    """A trusted browser of the owner."""
    return Device.objects.create(
        person=own(cast), digest="d" * 64, trusted_until=clock.now().replace(year=2999)
    )


NOT_MINE = dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404)
LINES: list[Line] = [
    act(
        "accounts.end_session",
        lambda actor, cast: end_session(actor, own(cast), session(cast)),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.end_other_sessions",
        lambda actor, cast: end_other_sessions(actor, own(cast)),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.trust_browser",
        lambda actor, cast: trust_browser(actor, own(cast), device(cast)),
        allowed=OWNER_ONLY,
    ),
    act("accounts.end_trust", lambda actor, cast: end_trust(actor, device(cast)), allowed=OWNER_ONLY),
    act(
        "accounts.change_watch",
        lambda actor, cast: change_watch(actor, own(cast), threshold=5),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.tell_sign_in",
        lambda actor, cast: tell_sign_in(actor, own(cast), is_new=True),
        allowed=OWNER_ONLY,
    ),
    act("accounts.note_lock", lambda actor, cast: note_lock(actor, own(cast)), allowed=EVERYBODY),
    act(
        "accounts.ask_to_unlock",
        lambda actor, cast: ask_to_unlock(actor, email="lea@example.ch"),
        allowed=EVERYBODY,
    ),
    act(
        "accounts.issue_unlock",
        lambda actor, cast: issue_unlock(actor, own(cast), by_text=False),
        allowed=NOBODY,
    ),
    act(
        "accounts.unlock_by_link",
        lambda actor, cast: unlock_by_link(actor, secret="none"),
        allowed=EVERYBODY,
        fails=UnlockGone,
    ),
    act(
        "accounts.unlock_by_code",
        lambda actor, cast: unlock_by_code(actor, email="lea@example.ch", code="0"),
        allowed=EVERYBODY,
        fails=UnlockGone,
    ),
    page("/account/access", allowed=SIGNED_IN),
    page("/account/access/end-others", post={}, allowed=SIGNED_IN),
    page("/account/access/wishes", allowed=SIGNED_IN),
    page(
        "/account/access/<int:number>/end",
        post={},
        fill=lambda cast: {"number": session(cast).pk},
        allowed=OWNER_ONLY,
        but=NOT_MINE,
    ),
    page(
        "/account/access/trusted/<int:number>/end",
        post={},
        fill=lambda cast: {"number": device(cast).pk},
        allowed=OWNER_ONLY,
        but=NOT_MINE,
    ),
    page("/unlock", allowed=EVERYBODY),
    page("/unlock/code", post={}, allowed=EVERYBODY, status=422),
    page(
        "/unlock/<str:secret>", fill=lambda cast: {"secret": UnlockLink.issue(own(cast))}, allowed=EVERYBODY
    ),
    api("GET", "/2/profile/sessions", allowed=SIGNED_IN),
    api("DELETE", "/2/profile/sessions", allowed=SIGNED_IN),
    api(
        "DELETE",
        "/2/profile/sessions/{session_id}",
        fill=lambda cast: {"session_id": session(cast).pk},
        allowed=OWNER_ONLY,
        but=NOT_MINE,
    ),
    api("GET", "/2/profile/trusted-browsers", allowed=SIGNED_IN),
    api(
        "DELETE",
        "/2/profile/trusted-browsers/{browser_id}",
        fill=lambda cast: {"browser_id": device(cast).pk},
        allowed=OWNER_ONLY,
        but=NOT_MINE,
    ),
    api("GET", "/2/profile/security", allowed=SIGNED_IN),
    api("PATCH", "/2/profile/security", data={"threshold": 5}, allowed=SIGNED_IN),
]
