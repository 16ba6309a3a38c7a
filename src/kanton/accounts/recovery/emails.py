"""Mails and text messages about the ways back into an account (ACC-126, ACC-128)."""

from __future__ import annotations

from kanton.accounts.emails import to_both, to_one
from kanton.accounts.identifiers import is_substitute
from kanton.accounts.models import Person
from kanton.accounts.recovery.models import AddressChange, Released
from kanton.config import config
from kanton.core import clock
from kanton.core.outbox import send_sms, sms_is_available


def confirm_change(change: AddressChange, secret: str) -> None:
    """The link that makes a new address effective, sent to it (ACC-24, ACC-48)."""
    link = f"{config.web.address}/account/address/confirm/{secret}"
    template = f"recovery/confirm_{change.what}"
    to_one(change.person, template, {"link": link}, address=change.new, kind="confirmation", secret=True)


def login_change_asked(change: AddressChange) -> None:
    """Tell the old address and the recovery address, with a link that stops it (ACC-24)."""
    values = {"new": change.new, "at": clock.now(), "link": _undo_link(change)}
    to_both(change.person, "recovery/login_change_asked", values, secret=True)


def login_changed(change: AddressChange) -> None:
    """Tell all three addresses; the two that are not the new one can undo it (ACC-24)."""
    person = change.person
    values = {"new": change.new, "old": change.old, "at": clock.now()}
    to_one(person, "recovery/login_changed", values | {"link": ""})
    if not is_substitute(change.old):
        values["link"] = _undo_link(change)
    else:
        values |= {"old": "", "link": ""}
    others = {person.recovery_email, "" if is_substitute(change.old) else change.old} - {"", change.new}
    for address in sorted(others):
        to_one(person, "recovery/login_changed", values, address=address, secret=bool(values["link"]))


def change_undone(person: Person) -> None:
    """Tell that the login e-mail is what it was."""
    to_both(person, "recovery/change_undone", {"at": clock.now()})


def recovery_email_changed(person: Person, previous: str) -> None:
    """Tell the login address and the previous recovery address (ACC-48)."""
    values = {"new": person.recovery_email, "at": clock.now()}
    to_one(person, "recovery/recovery_email_changed", values)
    if previous and previous != person.recovery_email:
        to_one(person, "recovery/recovery_email_changed", values, address=previous)


def phone_changed(person: Person, previous: str) -> None:
    """Tell both addresses, and the previous number (ACC-48)."""
    to_both(person, "recovery/phone_changed", {"at": clock.now(), "is_removed": not person.phone})
    if previous and sms_is_available():
        _sms(person, previous, "recovery/phone_changed", {})


def phone_code(number: str, digits: str, *, language: str) -> None:
    """The digits to type."""
    send_sms(number, "recovery/code", {"digits": digits}, language=language, kind="security", secret=True)


def reset_to_recovery(person: Person, secret: str) -> None:
    """The link to choose a new password, sent to the recovery address (ACC-51)."""
    link = f"{config.web.address}/password/new/{secret}"
    to_one(person, "recovery/reset", {"link": link}, address=person.recovery_email, secret=True)


def login_found_by_mail(person: Person) -> None:
    """The login e-mail, sent to the recovery address (ACC-57)."""
    to_one(person, "recovery/login_found", {"login": shown_login(person)}, address=person.recovery_email)


def login_found_by_sms(person: Person) -> None:
    """The login e-mail, sent to the phone (ACC-57)."""
    _sms(person, person.phone, "recovery/login_found", {"login": shown_login(person)})


def released(release: Released) -> None:
    """The substitute user name, by mail and by text message (ACC-61)."""
    person = release.person
    values = {"identifier": release.identifier, "old": release.address}
    if person.recovery_email:
        to_one(person, "recovery/released", values, address=person.recovery_email)
    if person.phone and sms_is_available():
        _sms(person, person.phone, "recovery/released", values)


def given_back(person: Person) -> None:
    """The old login address works again; the substitute user name does not (ACC-61)."""
    to_both(person, "recovery/given_back", {"login": person.email})


def shown_login(person: Person) -> str:
    """What the person types to sign in."""
    if not is_substitute(person.email):
        return person.email
    return person.email.partition("@")[0].upper()


def _sms(person: Person, number: str, template: str, values: dict[str, str]) -> None:
    send_sms(number, template, values, language=person.language, time_zone=person.time_zone, kind="security")


def _undo_link(change: AddressChange) -> str:
    return f"{config.web.address}/account/address/undo/{change.undo_secret()}"
