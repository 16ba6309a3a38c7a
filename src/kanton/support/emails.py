"""The mails of support. Whoever's account it is hears of everything (SUP-41)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import segno
from django.utils.functional import lazy

from kanton.accounts.emails import to_both
from kanton.accounts.models import Person, address_key
from kanton.accounts.recovery.emails import shown_login
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.outbox import Attachment, Prose, send_mail
from kanton.support.models import IdentityCheck
from kanton.support.reasons import label_of

#: The reason of a case, in the language of whoever reads the mail, not of the staff who decided.
in_words = lazy(label_of, str)


def procedure(case: IdentityCheck, secret: str) -> None:
    """The link and its QR code (SUP-33, SUP-43)."""
    _with_link(case, "support/procedure", secret)


def lapsed(case: IdentityCheck, secret: str) -> None:
    """The documents were deleted unexamined; a new link (SUP-37)."""
    _with_link(case, "support/lapsed", secret)


def received(case: IdentityCheck) -> None:
    """The documents arrived."""
    _to_contact(case, "support/received", {"until": case.deleted_at})


def refused(case: IdentityCheck) -> None:
    """The documents were refused, and why."""
    _to_contact(case, "support/refused", {"words": Prose(case.words)})


def agreed(case: IdentityCheck, stop: str) -> None:
    """Accepted, with a day to object: told to every address of the account, with the link that stops it."""
    values = {"case": case, "reason": in_words(case.reason), "until": case.effect_at}
    _to_contact(case, "support/agreed", values)
    if case.person is not None:
        link = f"{config.web.address}/identity/stop/{stop}"
        to_both(case.person, "support/about_to_happen", values | {"link": link}, secret=True)


def accepted(case: IdentityCheck) -> None:
    """Accepted: told to whoever asked and to every address of the account."""
    values = {"case": case, "reason": in_words(case.reason), "at": clock.now()}
    _to_contact(case, "support/accepted", values)
    _to_account(case, "support/account_accepted", values)


def stopped(case: IdentityCheck) -> None:
    """Somebody who reads the account's mail stopped it."""
    values = {"case": case, "reason": in_words(case.reason), "at": clock.now()}
    _to_contact(case, "support/stopped", values)
    _to_account(case, "support/stopped", values)


def asked(case: IdentityCheck) -> None:
    """Tell the account that somebody says to have lost the way in."""
    _to_account(case, "support/asked", {"reason": in_words(case.reason), "at": clock.now()})


def new_password(case: IdentityCheck, person: Person, secret: str) -> None:
    """The link to choose a new password, to the address that was proven by the case's own link."""
    link = f"{config.web.address}/password/new/{secret}"
    _to_contact(case, "support/new_password", {"link": link, "login": shown_login(person)}, secret=True)


def login_told(case: IdentityCheck, person: Person) -> None:
    """What the person signs in with."""
    _to_contact(case, "support/login_told", {"login": shown_login(person)})


def to_examine(case: IdentityCheck) -> None:
    """Tell the provider's support that documents wait, with priority (SUP-35)."""
    _to_support(
        "support/to_examine", {"case": case, "reason": in_words(case.reason), "link": _staff_link(case)}
    )


def alarm(case: IdentityCheck) -> None:
    """Tell the provider's support that documents have waited for two days (SUP-37)."""
    _to_support(
        "support/alarm",
        {"case": case, "reason": in_words(case.reason), "until": case.deleted_at, "link": _staff_link(case)},
    )


def wrong_codes(actor: Actor) -> None:
    """Tell the provider that a member of staff guesses support codes (SUP-8)."""
    _to_support("support/wrong_codes", {"who": actor.label, "at": clock.now()})


def _with_link(case: IdentityCheck, template: str, secret: str) -> None:
    link = f"{config.web.address}/identity/{secret}"
    picture = io.BytesIO()
    segno.make(link, error="m", micro=False).save(picture, kind="png", scale=6, border=4)
    _to_contact(
        case,
        template,
        {"link": link, "case": case, "reason": in_words(case.reason), "about": case.about_label},
        secret=True,
        attachments=[Attachment("identity-check.png", picture.getvalue(), "image/png")],
    )


def _to_contact(
    case: IdentityCheck,
    template: str,
    values: Mapping[str, Any],
    *,
    secret: bool = False,
    attachments: list[Attachment] | None = None,
) -> None:
    if case.contact:
        send_mail(
            case.contact,
            template,
            {"case": case, **values},
            language=case.language,
            time_zone=case.time_zone,
            kind="identity",
            secret=secret,
            attachments=attachments or (),
        )


def _to_account(case: IdentityCheck, template: str, values: Mapping[str, Any]) -> None:
    """Every address of the account, unless it is the one that was told already."""
    person = case.person
    if person is None:
        return
    contact = address_key(case.contact) if case.contact else ""
    if contact == person.email_key and not person.recovery_email:
        return
    to_both(person, template, values)


def _to_support(template: str, values: Mapping[str, Any]) -> None:
    send_mail(
        config.operator.support_email, template, values, time_zone=config.operator.time_zone, kind="staff"
    )


def _staff_link(case: IdentityCheck) -> str:
    return f"{config.web.address}/staff/identity-checks/{case.pk}"
