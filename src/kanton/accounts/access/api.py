"""Sessions, trusted browsers and security mails of one's own account by program."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.access.actions import (
    change_watch,
    end_other_sessions,
    end_session,
    end_trust,
)
from kanton.accounts.access.models import FEWEST, MOST, Device, Watch
from kanton.accounts.access.queries import (
    OpenSession,
    open_sessions,
    session_of,
    trusted_browser_of,
    trusted_browsers,
    watch_of,
)
from kanton.accounts.browsers import browser_of
from kanton.accounts.geo import place_of
from kanton.accounts.queries import person_of
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Router, Timestamp
from kanton.core.parity import exposes

router = Router("Account access")


class OpenSessionOut(TypedDict):
    """A browser that is signed in."""

    id: int
    browser: str
    device: str
    location: str
    ip: str
    user_agent: str
    created_at: Timestamp
    last_accessed_at: Timestamp


class TrustedBrowserOut(TypedDict):
    """A browser that goes without second factor."""

    id: int
    browser: str
    location: str
    ip: str
    last_used_at: Timestamp
    trusted_until: Timestamp | None


class WatchOut(TypedDict):
    """Which sign-ins raise a mail, and when the account locks."""

    mail_new_place: bool
    mail_every: bool
    mail_failed: bool
    threshold: int


class WatchIn(Body):
    """What may be changed; what is left out stays."""

    mail_new_place: bool | None = None
    mail_every: bool | None = None
    mail_failed: bool | None = None
    threshold: Annotated[int | None, Field(ge=FEWEST, le=MOST)] = None


def session_out(session: OpenSession) -> OpenSessionOut:
    """A session as the API tells it."""
    return {
        "id": session.number,
        "browser": session.browser.name,
        "device": session.browser.system,
        "location": session.place,
        "ip": session.address,
        "user_agent": session.user_agent,
        "created_at": int(session.created_at.timestamp()),
        "last_accessed_at": int(session.last_seen_at.timestamp()),
    }


def browser_out(device: Device) -> TrustedBrowserOut:
    """A trusted browser as the API tells it."""
    return {
        "id": device.pk,
        "browser": str(browser_of(device.user_agent)),
        "location": place_of(device.address),
        "ip": device.address,
        "last_used_at": int(device.last_used_at.timestamp()),
        "trusted_until": clock.timestamp(device.trusted_until),
    }


def watch_out(watch: Watch) -> WatchOut:
    """The wishes as the API tells them."""
    return {
        "mail_new_place": watch.mail_new_place,
        "mail_every": watch.mail_every,
        "mail_failed": watch.mail_failed,
        "threshold": watch.threshold,
    }


@router.get("/2/profile/sessions", scopes=("user_info",))
@exposes(open_sessions)
def list_sessions(request: ApiRequest) -> list[OpenSessionOut]:
    """List the browsers that are signed in, the latest first."""
    return [session_out(session) for session in open_sessions(request.actor)]


@router.delete("/2/profile/sessions", scopes=("profile_update",))
@exposes(end_other_sessions)
def end_all_sessions(request: ApiRequest) -> int:
    """Sign every browser out, and tell how many there were. Tokens go on working."""
    return end_other_sessions(request.actor, person_of(request.actor))


@router.delete("/2/profile/sessions/{session_id}", scopes=("profile_update",))
@exposes(end_session)
def end_one_session(request: ApiRequest, session_id: int) -> bool:
    """Sign a browser out; it notices with its next request."""
    end_session(request.actor, person_of(request.actor), session_of(request.actor, session_id))
    return True


@router.get("/2/profile/trusted-browsers", scopes=("user_info",))
@exposes(trusted_browsers)
def list_trusted_browsers(request: ApiRequest) -> list[TrustedBrowserOut]:
    """List the browsers that go without second factor."""
    return [browser_out(device) for device in trusted_browsers(request.actor)]


@router.delete("/2/profile/trusted-browsers/{browser_id}", scopes=("profile_update",))
@exposes(end_trust)
def distrust_browser(request: ApiRequest, browser_id: int) -> bool:
    """Ask a browser for the second factor again, from its next sign-in on."""
    end_trust(request.actor, trusted_browser_of(request.actor, browser_id))
    return True


@router.get("/2/profile/security", scopes=("user_info",))
@exposes(watch_of)
def read_watch(request: ApiRequest) -> WatchOut:
    """Read which sign-ins raise a mail, and when the account locks."""
    return watch_out(watch_of(request.actor))


@router.patch("/2/profile/security", scopes=("profile_update",), example={"threshold": 5})
@exposes(change_watch)
def write_watch(request: ApiRequest, data: WatchIn) -> WatchOut:
    """Choose which sign-ins raise a mail, and when the account locks."""
    return watch_out(change_watch(request.actor, person_of(request.actor), **data.model_dump()))
