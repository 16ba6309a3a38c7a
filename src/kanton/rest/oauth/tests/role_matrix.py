"""Who may do what with applications."""

from __future__ import annotations

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import System
from kanton.rest.oauth.actions import (
    allow,
    allow_device,
    ask_on_device,
    delete_application,
    edit_application,
    exchange_code,
    machine_token,
    poll_device,
    refresh,
    refuse_device,
    register_application,
    revoke,
    rotate_key,
    rotate_secret,
    withdraw,
)
from kanton.rest.oauth.errors import Refused
from kanton.rest.oauth.models import Application, Consent, DeviceRequest
from kanton.testing import PASSWORD
from kanton.testing_matrix import (
    ADMINISTRATORS,
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

ORG = "/o/<slug:organization>/applications"
API = "/2/accounts/{account}/applications"
FIELDS = {
    "name": "Intranet",
    "scopes": ["openid"],
    "redirect_uris": ["https://intranet.acme.example/"],
    "current_password": PASSWORD,
}
FORM = FIELDS | {"redirect_uris": "https://intranet.acme.example/"}


def application(cast: Cast) -> Application:
    """A confidential application of Acme."""
    return Application.objects.create(
        organization=cast.acme, name="Intranet", is_confidential=True, scopes=["openid"],
        redirect_uris=["https://intranet.acme.example/"],
    )  # fmt: skip


def own(cast: Cast) -> Person:
    """The owner's account: for what one does to oneself."""
    return cast.people[Who.OWNER]


def consent(cast: Cast) -> Consent:
    """What the owner allowed."""
    return Consent.objects.create(application=application(cast), person=own(cast), scopes=["openid"])


def device(cast: Cast) -> DeviceRequest:
    """A device that waits."""
    return ask_on_device(System("test"), application=application(cast), scopes=["openid"])[0]


def machine(actor: object, cast: Cast) -> None:
    """Ask for a machine's token; that the application is none is said by the protocol, not by a right."""
    try:
        machine_token(actor, application=application(cast), scopes=[])  # type: ignore[arg-type]
    except Refused:
        return


def one(cast: Cast) -> dict[str, int]:
    """An application in an address of the console."""
    return {"number": application(cast).pk}


def account(cast: Cast) -> dict[str, int]:
    """Acme in an address of the API."""
    return {"account": cast.acme.pk}


def one_in(cast: Cast) -> dict[str, int]:
    """An application in an address of the API."""
    return account(cast) | {"application": application(cast).pk}


LINES: list[Line] = [
    act(
        "rest.register_application",
        lambda actor, cast: register_application(actor, cast.acme, **FIELDS),  # type: ignore[arg-type]
        allowed=ADMINISTRATORS,
    ),
    act(
        "rest.edit_application",
        lambda actor, cast: edit_application(actor, application(cast), **FIELDS),  # type: ignore[arg-type]
        allowed=ADMINISTRATORS,
    ),
    act(
        "rest.rotate_secret",
        lambda actor, cast: rotate_secret(actor, application(cast), current_password=PASSWORD),
        allowed=ADMINISTRATORS,
    ),
    act(
        "rest.delete_application",
        lambda actor, cast: delete_application(actor, application(cast)),
        allowed=ADMINISTRATORS,
    ),
    act(
        "rest.allow",
        lambda actor, cast: allow(
            actor,
            own(cast),
            application=application(cast),
            scopes=["openid"],
            redirect_uri="https://a.example/",
            auth_time=clock.now(),
        ),
        allowed=OWNER_ONLY,
    ),
    act("rest.withdraw", lambda actor, cast: withdraw(actor, consent(cast)), allowed=OWNER_ONLY),
    act(
        "rest.allow_device",
        lambda actor, cast: allow_device(actor, own(cast), asked=device(cast), auth_time=clock.now()),
        allowed=OWNER_ONLY,
    ),
    act(
        "rest.refuse_device",
        lambda actor, cast: refuse_device(actor, own(cast), asked=device(cast)),
        allowed=OWNER_ONLY,
    ),
    act(
        "rest.ask_on_device",
        lambda actor, cast: ask_on_device(actor, application=application(cast), scopes=["openid"]),
        allowed=EVERYBODY,
    ),
    act(
        "rest.poll_device",
        lambda actor, cast: poll_device(actor, application=application(cast), secret="x"),
        allowed=EVERYBODY,
    ),
    act(
        "rest.exchange_code",
        lambda actor, cast: exchange_code(
            actor, application=application(cast), code="x", redirect_uri="", verifier=""
        ),
        allowed=EVERYBODY,
    ),
    act(
        "rest.refresh",
        lambda actor, cast: refresh(actor, application=application(cast), secret="x", scopes=[]),
        allowed=EVERYBODY,
    ),
    act("rest.machine_token", machine, allowed=EVERYBODY),
    act("rest.revoke", lambda actor, cast: revoke(actor, secret="x"), allowed=EVERYBODY),
    act("rest.rotate_key", lambda actor, cast: rotate_key(actor), allowed=NOBODY),
    # Programs prove themselves by their secret, not by a session: whoever calls is answered by the protocol.
    page("/authorize", allowed=EVERYBODY, status=400),
    page("/token", post={}, allowed=EVERYBODY, status=401),
    page("/oauth2/userinfo", allowed=EVERYBODY, status=401),
    page("/oauth2/revoke", post={}, allowed=EVERYBODY, status=401),
    page("/oauth2/device", post={}, allowed=EVERYBODY, status=401),
    page("/oauth2/keys", allowed=EVERYBODY),
    page("/.well-known/openid-configuration", allowed=EVERYBODY),
    page("/.well-known/oauth-authorization-server", allowed=EVERYBODY),
    page("/device", allowed=SIGNED_IN),
    page(ORG, allowed=ADMINISTRATORS),
    page(f"{ORG}/new", allowed=ADMINISTRATORS),
    page(f"{ORG}/new", post=FORM, allowed=ADMINISTRATORS),
    page(f"{ORG}/<int:number>", fill=one, allowed=ADMINISTRATORS),
    page(f"{ORG}/<int:number>/edit", fill=one, allowed=ADMINISTRATORS),
    page(f"{ORG}/<int:number>/edit", fill=one, post=FORM, allowed=ADMINISTRATORS),
    page(f"{ORG}/<int:number>/secret", fill=one, allowed=ADMINISTRATORS),
    page(
        f"{ORG}/<int:number>/secret",
        fill=one,
        post={"current_password": PASSWORD},
        allowed=ADMINISTRATORS,
        status=200,
    ),
    page(f"{ORG}/<int:number>/delete", fill=one, allowed=ADMINISTRATORS),
    page(f"{ORG}/<int:number>/delete", fill=one, post={}, allowed=ADMINISTRATORS),
    page("/account/applications", allowed=SIGNED_IN),
    page(
        "/account/applications/<int:number>/withdraw",
        fill=lambda cast: {"number": consent(cast).pk},
        post={},
        allowed=OWNER_ONLY,
        but=dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404),
    ),
    api("GET", API, fill=account, allowed=ADMINISTRATORS),
    api("POST", API, fill=account, data=FIELDS, allowed=ADMINISTRATORS, status=201),
    api("GET", f"{API}/{{application}}", fill=one_in, allowed=ADMINISTRATORS),
    api("PUT", f"{API}/{{application}}", fill=one_in, data=FIELDS, allowed=ADMINISTRATORS),
    api("DELETE", f"{API}/{{application}}", fill=one_in, allowed=ADMINISTRATORS),
    api(
        "POST",
        f"{API}/{{application}}/secret",
        fill=one_in,
        data={"current_password": PASSWORD},
        allowed=ADMINISTRATORS,
    ),
    api("GET", "/2/profile/applications", allowed=SIGNED_IN),
    api(
        "GET",
        "/2/profile/applications/{consent}",
        fill=lambda cast: {"consent": consent(cast).pk},
        allowed=OWNER_ONLY,
        but=dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404),
    ),
    api(
        "DELETE",
        "/2/profile/applications/{consent}",
        fill=lambda cast: {"consent": consent(cast).pk},
        allowed=OWNER_ONLY,
        but=dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404),
    ),
]
