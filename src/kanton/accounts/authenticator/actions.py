"""Every change around the Authenticator."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from kanton.accounts import second_factor
from kanton.accounts.authenticator import emails, protocol, totp
from kanton.accounts.authenticator.activity import Happened
from kanton.accounts.authenticator.errors import (
    CodeGone,
    DeviceRemoved,
    KeyTaken,
    NotASignature,
    RequestGone,
    WrongCode,
    WrongShape,
)
from kanton.accounts.authenticator.models import Device, LinkCode, SignInRequest, State
from kanton.accounts.authenticator.queries import (
    PAUSE,
    linked_devices,
    pause_key,
    paused_minutes,
    too_many_unanswered,
    usable_code,
)
from kanton.accounts.authenticator.tasks import knock
from kanton.accounts.authenticator.webpush import Subscription
from kanton.accounts.factors.actions import after_adding, after_removing
from kanton.accounts.factors.errors import SecondStepNeeded
from kanton.accounts.models import Person
from kanton.accounts.passwords import password_again
from kanton.accounts.queries import become
from kanton.config import config
from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import PUBLIC, SELF
from kanton.core.throttle import forget, throttle

METHOD = "authenticator"
APP = "The app on the phone has a protocol of its own: docs/authenticator.md."
SIGN_IN = "A step of signing in, which programs do not do."
REMEMBERED = timedelta(days=3)  # how long a push service keeps the news of a removal, and we try to tell it


@dataclass(frozen=True, slots=True)
class NewLinkCode:
    """A code to be scanned or typed, readable only now."""

    link: LinkCode
    code: str

    @property
    def address(self) -> str:
        """What the QR code says: it opens the app, and the code stays out of every log."""
        return f"{config.web.address}/authenticator/#link={self.code}"


@internal("Linking begins at a screen that shows a QR code to a phone.")
@action(right=SELF)
def show_link_code(actor: Actor, person: Person, *, current_password: str = "") -> NewLinkCode:
    """A code that links one phone within five minutes; earlier codes die (ACC-86, ACC-87)."""
    password_again(person, current_password)
    return _new_code(actor, person, is_for_here=False)


@internal("Linking on the phone is a page of the sign-in there.")
@action(right=SELF)
def authorize_this_phone(actor: Actor, person: Person) -> NewLinkCode:
    """The same for somebody who has just signed in on the phone itself, second factor included (ACC-85)."""
    return _new_code(actor, person, is_for_here=True)


def _new_code(actor: Actor, person: Person, *, is_for_here: bool) -> NewLinkCode:
    code, link = LinkCode.issue(person, is_for_here=is_for_here)
    record(actor, Happened.CODE_SHOWN, person)
    return NewLinkCode(link, code)


@dataclass(frozen=True, slots=True)
class Linked:
    """A new device; and backup codes when it was the first method and nobody else can show them."""

    device: Device
    backup_codes: list[str]


@internal(APP)
@action(right=PUBLIC)
def link_device(actor: Actor, *, code: str, name: str, public_key: str, signature: str) -> Linked:
    """Link the phone that scanned the code and holds the private half of this key. The code is used up.

    The backup codes that come with a first method are shown by the computer with the QR code, else by the phone.
    """
    link = LinkCode.objects.select_for_update(of=("self",)).get(pk=usable_code(code).pk)
    if not link.is_usable:
        raise CodeGone
    try:
        protocol.checked_key(public_key)
    except protocol.BadKey as error:
        raise WrongShape from error
    text = protocol.linking_text(config.web.address, protocol.normal_code(code), public_key)
    if not protocol.is_signed_by(public_key, signature, text):
        raise NotASignature
    device = Device(person=link.person, name=_plain(name) or "Authenticator", public_key=public_key)
    try:
        with transaction.atomic():
            device.save(force_insert=True)
    except IntegrityError as error:
        raise KeyTaken from error
    actor = become(actor, link.person)
    record(actor, Happened.LINKED, device, key=device.fingerprint, browser=actor.user_agent)
    codes = after_adding(actor, link.person, device.label)
    link.used_at, link.device = clock.now(), device
    link.backup_codes = "" if link.is_for_here else " ".join(codes)
    link.save(update_fields=["used_at", "device", "backup_codes"])
    return Linked(device, codes if link.is_for_here else [])


@internal(APP)
@action(right=SELF, may_be_silent=True)
def reach_device(actor: Actor, device: Device, *, subscription: Subscription | None) -> None:
    """Where the phone's browser takes messages; None: nowhere any more, so that it asks by itself."""
    if subscription is not None and not subscription.is_possible:
        raise WrongShape
    kept = subscription.kept if subscription else ""
    if device.push != kept:
        device.push = kept
        device.save(update_fields=["push"])
        record(actor, Happened.PUSH_CHANGED, device)


@internal(SIGN_IN)
@action(right=PUBLIC, may_be_silent=True)
def ask_phones(
    actor: Actor, person: Person, *, browser: str = "", address: str = "", place: str = ""
) -> SignInRequest | None:
    """Ask the phones of this account about a sign-in; a newer question replaces the older (ACC-88, ACC-89).

    None when too many stayed unanswered: then the phones have peace for an hour, and the owner is told by mail.
    """
    person = Person.objects.select_for_update().get(pk=person.pk)
    if paused_minutes(person):
        return None
    if too_many_unanswered(person):
        throttle(pause_key(person), 1, PAUSE)
        record(actor, Happened.PAUSED, person)
        emails.paused(person)
        return None
    SignInRequest.objects.filter(person=person, state=State.WAITING).update(state=State.REPLACED)
    request = SignInRequest.objects.create(
        person=person,
        number=SignInRequest.new_number(),
        browser=browser[:120],
        address=address[:45],
        place=place[:120],
    )
    record(actor, Happened.ASKED, request, browser=browser, address=address)
    for device in linked_devices(person):
        if device.push:
            after_commit(knock, device.pk, "request", request.expires_at.timestamp())
    return request


@internal(APP)
@action(right=SELF)
def answer_request(
    actor: Actor, device: Device, request: SignInRequest, *, decision: str, number: str, signature: str
) -> SignInRequest:
    """Approve the sign-in with the number that the browser shows, or refuse it. Another number refuses it as well.

    Only a linked phone of the same account can answer, once, within two minutes, by signing what it answers.
    """
    if not device.is_linked:
        raise DeviceRemoved
    if request.person_id != device.person_id:
        raise RequestGone
    if decision not in ("yes", "no"):
        raise WrongShape
    expires = int(request.expires_at.timestamp())
    number = number if decision == "yes" else "-"
    if "\n" in number or not protocol.is_signed_by(
        device.public_key,
        signature,
        protocol.answer_text(
            config.web.address, device.public_id, request.public_id, decision, number, expires
        ),
    ):
        raise NotASignature
    request = SignInRequest.objects.select_for_update().get(pk=request.pk)
    if not request.is_waiting:
        raise RequestGone
    if decision == "no":
        request.state, happened = State.REFUSED, Happened.REFUSED
    elif number != request.number:
        request.state, happened = State.MISMATCH, Happened.MISMATCH
    else:
        request.state, happened = State.APPROVED, Happened.APPROVED
    request.answered_at, request.device = clock.now(), device
    request.save(update_fields=["state", "answered_at", "device"])
    record(actor, happened, request, device=device.name, key=device.fingerprint)
    return request


@internal(APP)
@action(right=SELF, may_be_silent=True)
def disown_request(actor: Actor, device: Device, request: SignInRequest) -> None:
    """“This was not me”: somebody else has the password. The owner is told what to do, once per sign-in."""
    if request.person_id != device.person_id:
        raise RequestGone
    request = SignInRequest.objects.select_for_update().get(pk=request.pk)
    if request.disowned_at is None:
        request.disowned_at = clock.now()
        request.save(update_fields=["disowned_at"])
        record(actor, Happened.DISOWNED, request, device=device.name)
        emails.disowned(request)


@internal(SIGN_IN)
@action(right=PUBLIC, may_be_silent=True)
def use_approval(actor: Actor, request: SignInRequest) -> bool:
    """The waiting browser goes on, once. False when the sign-in is not approved, or its approval was used."""
    request = SignInRequest.objects.select_for_update().get(pk=request.pk)
    if not request.is_usable:
        return False
    request.state = State.USED
    request.save(update_fields=["state"])
    record(actor, Happened.USED, request)
    return True


@internal(SIGN_IN)
@action(right=PUBLIC)
def use_code(actor: Actor, person: Person, *, code: str) -> Device:
    """The code that a linked phone of this person shows, accepted once (ACC-80, ACC-90); WrongCode."""
    typed, now = "".join(code.split()), clock.now()
    for device in linked_devices(person):
        for step in totp.steps_of(device.secret, typed, now):
            fresh = Device.objects.filter(pk=device.pk, last_step__lt=step, removed_at=None)
            if fresh.update(last_step=step):  # of two at once, one
                forget(pause_key(person))
                record(actor, Happened.CODE_USED, device)
                return device
    raise WrongCode


@action(right=SELF)
def remove_authenticator(
    actor: Actor, device: Device, *, current_password: str = "", is_proven: bool = False
) -> None:
    """The phone no longer approves anything and shows no more codes; it is told, and so is the owner (ACC-91).

    The last second factor goes only after a sign-in with it, and takes the second step along (ACC-92, ACC-93).
    """
    person = device.person
    password_again(person, current_password)
    if not device.is_linked:
        raise DeviceRemoved
    if linked_devices(person).count() == 1:
        method = second_factor.method_called(METHOD)
        second_factor.keep_one(person, method)
        others = [one for one in second_factor.methods_of(person) if not one.is_backup and one != method]
        if not others and not is_proven:
            raise SecondStepNeeded
    _remove(actor, device)
    after_removing(actor, person, device.label)


def remove_everything(actor: Actor, person: Person) -> None:
    """All phones of an account, inside an action that turns the second step off or ends the account."""
    for device in linked_devices(person).select_related("person"):
        _remove(actor, device)
    SignInRequest.objects.filter(person=person, state=State.WAITING).update(state=State.REPLACED)
    LinkCode.objects.filter(person=person).delete()


def _remove(actor: Actor, device: Device) -> None:
    device.removed_at, device.secret = clock.now(), ""
    device.save(update_fields=["removed_at", "secret"])
    record(actor, Happened.REMOVED, device, key=device.fingerprint)
    if device.push:
        after_commit(knock, device.pk, "removed", (clock.now() + REMEMBERED).timestamp())


@internal(APP)
@action(right=SELF, may_be_silent=True)
def note_seen(actor: Actor, device: Device) -> None:
    """Remember when the phone last asked, to the hour."""
    Device.objects.filter(pk=device.pk).update(last_seen_at=clock.now())


def is_seen_lately(device: Device, now: datetime) -> bool:
    """Is what we remember of its last question recent enough?"""
    return device.last_seen_at is not None and now - device.last_seen_at < timedelta(hours=1)


def _plain(text: str) -> str:
    """Without control signs, on one line, not long."""
    visible = "".join(sign if unicodedata.category(sign)[0] != "C" else " " for sign in text)
    return " ".join(visible.split())[:80]
