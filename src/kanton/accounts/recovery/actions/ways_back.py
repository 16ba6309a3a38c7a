"""Recovery e-mail and mobile number: effective once proven (ACC-46…50)."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass
from datetime import timedelta

import phonenumbers

from kanton.accounts.errors import LinkGone, SameAddress
from kanton.accounts.identifiers import is_substitute
from kanton.accounts.models import Person, address_key
from kanton.accounts.passwords import password_again
from kanton.accounts.places import normal_phone
from kanton.accounts.recovery import emails
from kanton.accounts.recovery.activity import Happened
from kanton.accounts.recovery.errors import NoSuchPlace, NotAMobile, UnchangedAddress, WrongCode
from kanton.accounts.recovery.models import (
    CODE_LIFE,
    CODE_TRIES,
    AddressChange,
    CodePurpose,
    PhoneCode,
    Proven,
    What,
    digits_digest,
    proven_phone,
    proven_recovery_email,
)
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.outbox import sms_is_available
from kanton.core.parity import internal
from kanton.core.rights import PUBLIC, SELF
from kanton.core.secrets import new_token, token_hash
from kanton.core.throttle import Rule, throttle, throttle_all

HOUR = timedelta(hours=1)


@action(right=SELF)
def change_recovery_email(
    actor: Actor, person: Person, *, email: str, current_password: str
) -> AddressChange | None:
    """Enter another recovery e-mail; it counts once the link sent to it is opened. Nothing removes it at once."""
    password_again(person, current_password)
    email = email.strip()
    if not email:
        _remove_recovery_email(actor, person)
        return None
    if address_key(email) == person.email_key:
        raise SameAddress(field="email")
    if is_substitute(email):
        raise NoSuchPlace
    if address_key(email) == address_key(proven_recovery_email(person) or "@"):
        raise UnchangedAddress
    throttle(f"address-change:{person.pk}", 10, HOUR).or_refuse()
    return begin_recovery_email(actor, person, email)


def begin_recovery_email(actor: Actor, person: Person, email: str) -> AddressChange:
    """Send the link; earlier ones die. For actions."""
    AddressChange.objects.filter(person=person, what=What.RECOVERY, confirmed_at=None).delete()
    secret = new_token()
    change = AddressChange.objects.create(
        person=person, what=What.RECOVERY, old=person.recovery_email, new=email, digest=token_hash(secret)
    )
    record(actor, Happened.RECOVERY_EMAIL_ASKED, person, new=email)
    emails.confirm_change(change, secret)
    return change


def _remove_recovery_email(actor: Actor, person: Person) -> None:
    previous = person.recovery_email
    if not previous:
        raise UnchangedAddress
    AddressChange.objects.filter(person=person, what=What.RECOVERY, confirmed_at=None).delete()
    AddressChange.objects.create(
        person=person, what=What.RECOVERY, old=previous, new="", digest=token_hash(new_token()),
        confirmed_at=clock.now(),
    )  # fmt: skip
    person.recovery_email = ""
    person.save(update_fields=["recovery_email"])
    record(actor, Happened.RECOVERY_EMAIL_REMOVED, person)
    emails.recovery_email_changed(person, previous)


@internal("The link in a mail leads to a page.")
@action(right=PUBLIC)
def confirm_recovery_email(actor: Actor, *, secret: str) -> Person:
    """The new recovery e-mail counts; the previous one is told (ACC-48)."""
    change = (
        AddressChange.objects.select_for_update(of=("self",))
        .select_related("person")
        .filter(digest=token_hash(secret), what=What.RECOVERY)
        .first()
    )
    if change is None or not change.can_be_confirmed or not change.person.is_active:
        raise LinkGone
    person = Person.objects.select_for_update().get(pk=change.person_id)
    if address_key(change.new) == person.email_key:
        raise SameAddress(field="email")
    previous = person.recovery_email
    change.old, change.confirmed_at = previous, clock.now()
    change.save()
    person.recovery_email = change.new
    person.save(update_fields=["recovery_email"])
    Proven.objects.update_or_create(person=person, defaults={"recovery_email": change.new})
    record(actor, Happened.RECOVERY_EMAIL_CHANGED, person, new=change.new)
    emails.recovery_email_changed(person, previous)
    return person


@dataclass(frozen=True, slots=True)
class PhoneChange:
    """What became of a number: kept as it is, or waiting for its code on the page with this secret."""

    number: str
    secret: str = ""


@action(right=SELF)
def change_phone(
    actor: Actor, person: Person, *, phone: str, current_password: str, country: str = ""
) -> PhoneChange:
    """Enter another mobile number; it counts once the code sent to it is typed. Nothing removes it at once (ACC-47).

    Without a gateway for text messages the number is kept, but opens nothing.
    """
    password_again(person, current_password)
    number = normal_phone(phone, country or person.country)
    if number and number == proven_phone(person):
        raise UnchangedAddress(field="phone")
    if not number and not person.phone:
        raise UnchangedAddress(field="phone")
    if not number or not sms_is_available():
        _set_phone(actor, person, number)
        return PhoneChange(number)
    require_mobile(number)
    limit_messages(number, f"person:{person.pk}")
    PhoneCode.objects.filter(person=person, purpose=CodePurpose.CONFIRM, entered_at=None).delete()
    code, secret = PhoneCode.begin(CodePurpose.CONFIRM, person=person, number=number)
    record(actor, Happened.PHONE_CODE_SENT, person)
    send_digits(code, language=person.language)
    return PhoneChange(number, secret)


@action(right=SELF)
def confirm_phone(actor: Actor, person: Person, *, secret: str, code: str) -> Person:
    """The number counts, since its code was right (ACC-48)."""
    row = entered_code(secret, code, CodePurpose.CONFIRM)
    if row.person_id != person.pk:
        raise WrongCode
    row.used_at = clock.now()
    row.save(update_fields=["used_at"])
    _set_phone(actor, person, row.number)
    Proven.objects.update_or_create(person=person, defaults={"phone": row.number})
    return person


def _set_phone(actor: Actor, person: Person, number: str) -> None:
    previous, person.phone = person.phone, number
    person.save(update_fields=["phone"])
    record(actor, Happened.PHONE_CHANGED if number else Happened.PHONE_REMOVED, person)
    emails.phone_changed(person, previous if previous != number else "")


def require_mobile(number: str) -> None:
    """Raises NotAMobile for numbers that cost money or reach nobody."""
    kind = phonenumbers.number_type(phonenumbers.parse(number))
    if kind not in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    ):
        raise NotAMobile(phone=number)


def limit_messages(number: str, asker: str) -> None:
    """Five text messages an hour to a number, and for one who asks (ACC-59)."""
    phone = token_hash(number)[:24]
    throttle_all([Rule(f"sms-to:{phone}", 5, HOUR), Rule(f"sms-by:{asker}", 5, HOUR)]).or_refuse()


def send_digits(code: PhoneCode, *, language: str) -> None:
    """Choose the digits, keep what proves them, and send them."""
    digits = f"{random.randbelow(1_000_000):06}"
    code.code_digest = digits_digest(code.digest, digits)
    code.save(update_fields=["code_digest"])
    emails.phone_code(code.number, digits, language=language)


def entered_code(secret: str, digits: str, purpose: CodePurpose) -> PhoneCode:
    """The row whose digits these are, marked as entered; of two at once, one gets it. WrongCode otherwise.

    Tries are counted apart from the database, so that a refusal does not take its own count back.
    """
    digest = token_hash(secret)
    row = PhoneCode.objects.select_for_update().filter(digest=digest, purpose=purpose).first()
    if row is not None:
        throttle(f"phone-code:{digest[:24]}", CODE_TRIES, CODE_LIFE).or_refuse()
    if row is None or not row.is_open or not row.fits("".join(digits.split())):
        raise WrongCode
    row.entered_at = clock.now()
    row.save(update_fields=["entered_at"])
    return row
