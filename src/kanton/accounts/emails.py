"""The mails of accounts. Security mails name what happened and never ask for a password (ACC-126)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kanton.accounts.identifiers import is_substitute
from kanton.accounts.models import ApiToken, Person, address_key
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.outbox import send_mail


def confirm_address(person: Person, secret: str) -> None:
    """The link that confirms the login address (ACC-6)."""
    to_one(
        person,
        "accounts/confirm",
        {"link": f"{config.web.address}/confirm/{secret}"},
        kind="confirmation",
        secret=True,
    )


def registered_again(person: Person) -> None:
    """Tell the owner of an address that somebody tried to register with it (ACC-5)."""
    links = {"sign_in": f"{config.web.address}/login", "reset": f"{config.web.address}/password/forgotten"}
    to_one(person, "accounts/registered_again", links)


def reset_password(person: Person, secret: str) -> None:
    """The link to choose a new password (ACC-54)."""
    to_one(
        person,
        "accounts/reset",
        {"link": f"{config.web.address}/password/new/{secret}"},
        secret=True,
    )


def password_changed(person: Person) -> None:
    """Tell the login and the recovery address (ACC-31)."""
    to_both(person, "accounts/password_changed", {"at": clock.now()})


def token_created(token: ApiToken) -> None:
    """Tell about a new key to the account (API-21)."""
    to_one(token.person, "accounts/token_created", {"token": token, "at": clock.now()})


def token_revoked(token: ApiToken) -> None:
    """Tell that a key no longer opens."""
    to_one(token.person, "accounts/token_revoked", {"token": token, "at": clock.now()})


def second_factor_failed(person: Person, actor: Actor) -> None:
    """Tell that somebody with the right password failed at the second step (ACC-82)."""
    values = {"at": clock.now(), "address": actor.ip, "browser": actor.user_agent}
    to_both(person, "accounts/second_factor_failed", values)


def to_both(person: Person, template: str, values: Mapping[str, Any], *, secret: bool = False) -> None:
    """A security mail to the login and the recovery address; nobody can switch it off (ACC-128)."""
    if not is_substitute(person.email):
        to_one(person, template, values, secret=secret)
    recovery = person.recovery_email
    if recovery and address_key(recovery) != person.email_key:
        to_one(person, template, values, address=recovery, secret=secret)


def to_one(
    person: Person,
    template: str,
    values: Mapping[str, Any],
    *,
    kind: str = "security",
    address: str = "",
    secret: bool = False,
) -> None:
    """A mail in the person's language and zone, to the login address unless another `address` is named.

    While the login address is gone, its recovery address stands in (ACC-61).
    """
    send_mail(
        address or person.email,
        template,
        {"person": person, **values},
        language=person.language,
        time_zone=person.time_zone,
        kind=kind,
        secret=secret,
    )
