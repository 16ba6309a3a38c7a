"""Every change of second factors."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from kanton.accounts import second_factor
from kanton.accounts.errors import EnforcedByOrganization
from kanton.accounts.factors import emails, passkeys, totp
from kanton.accounts.factors.activity import Happened
from kanton.accounts.factors.errors import (
    AlreadySetUp,
    BadSecret,
    NotSetUp,
    SecondStepNeeded,
    SmsNotOffered,
    TooManyKeys,
    WrongCode,
)
from kanton.accounts.factors.models import SMS_LIFE, BackupCode, SpentStep, TextCode, TextNumber, code_digest
from kanton.accounts.factors.queries import (
    Factor,
    backup_codes_left,
    factors_of_person,
    forget_known,
    is_on,
    sms_is_offered,
)
from kanton.accounts.models import Person
from kanton.accounts.passwords import password_again
from kanton.accounts.places import normal_phone
from kanton.core import clock, secrets
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.core.outbox import send_sms
from kanton.core.parity import internal
from kanton.core.rights import PUBLIC, SELF, SYSTEM
from kanton.core.throttle import Rule, throttle_all
from kanton.ui.shell import Text

MOST_KEYS = 20


def after_adding(actor: Actor, person: Person, method: Text) -> list[str]:
    """What follows a set-up, within its action: record, mail, and with the first method ten backup codes."""
    forget_known(person)
    is_first = not BackupCode.objects.filter(person=person).exists()
    record(actor, Happened.METHOD_ADDED, person, method=str(method))
    emails.method_added(person, method, is_first=is_first)
    return BackupCode.issue(person) if is_first else []


def after_removing(actor: Actor, person: Person, method: Text) -> None:
    """What follows a removal, within its action: with the last method everything is off (ACC-92, ACC-96)."""
    forget_known(person)
    record(actor, Happened.METHOD_REMOVED, person, method=str(method))
    if is_on(person):
        emails.method_removed(person, method)
    else:
        _all_off(actor, person)


@action(right=SELF)
def add_totp(
    actor: Actor, person: Person, *, secret: str, code: str, current_password: str = ""
) -> list[str]:
    """Set up a one-time password app, proven by its first code. Returns the backup codes made with a first method."""
    password_again(person, current_password)
    try:
        key = base64.b32decode(secret.replace(" ", "").upper())
    except (binascii.Error, ValueError) as error:
        raise BadSecret from error
    if len(key) < 20:
        raise BadSecret
    step = totp.matching_step(base64.b32encode(key).decode("ascii"), code, clock.now())
    if step is None:
        raise WrongCode
    data = {"secret": secrets.encrypt(base64.b32encode(key).decode("ascii"))}
    try:
        with transaction.atomic():
            Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data=data)
    except IntegrityError:
        raise AlreadySetUp from None
    SpentStep.objects.filter(person=person).delete()
    SpentStep.spend(person, step)
    return after_adding(actor, person, second_factor.method_called("totp").label)


@internal("A passkey is made by a browser.")
@action(right=SELF)
def add_key(actor: Actor, person: Person, *, name: str, sealed: str, credential: str) -> list[str]:
    """Keep a passkey or security key under this name. Returns the backup codes made with a first method."""
    password_again(person, "")
    if len(passkeys.rows_of(person)) >= MOST_KEYS:
        raise TooManyKeys(limit=MOST_KEYS)
    kept = passkeys.finish_adding(person, sealed, credential)
    data: dict[str, Any] = {"name": name.strip()[:80] or str(_("Passkey")), "credential": kept}
    Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data=data)
    return after_adding(actor, person, second_factor.method_called("key").label)


@action(right=SELF)
def rename_key(actor: Actor, person: Person, *, code: str, name: str) -> None:
    """Call a passkey or security key otherwise."""
    for row in passkeys.rows_of(person):
        if f"key-{row.pk}" == code:
            row.data["name"] = name.strip()[:80]
            row.save(update_fields=["data"])
            record(actor, Happened.KEY_RENAMED, person, name=row.data["name"])
            return
    raise NotFound(model="second factor")


@action(right=SELF)
def send_text_code(actor: Actor, person: Person, *, phone: str, current_password: str = "") -> str:
    """Send a code to a number that is to become a second factor. Returns the number in international form."""
    password_again(person, current_password)
    if not sms_is_offered(person):
        raise SmsNotOffered
    number = normal_phone(phone, person.country)
    _send_code(actor, person, number)
    return number


@action(right=SELF)
def add_text_number(actor: Actor, person: Person, *, code: str, current_password: str = "") -> list[str]:
    """The code arrived: its number is a second factor. Returns the backup codes made with a first method."""
    password_again(person, current_password)
    if not sms_is_offered(person):
        raise SmsNotOffered
    throttle_all([Rule(f"text-code-try:{person.pk}", 10, SMS_LIFE)]).or_refuse()
    phone = TextCode.spend(person, code)
    if not phone:
        raise WrongCode
    TextNumber.objects.update_or_create(
        person=person, defaults={"phone": phone, "created_at": clock.now(), "last_used_at": None}
    )
    return after_adding(actor, person, second_factor.method_called("sms").label)


@action(right=SELF)
def remove_factor(
    actor: Actor, person: Person, factor: Factor, *, current_password: str = "", is_proven: bool = False
) -> None:
    """Remove a key, the app or the number; the last one only after the second step itself (ACC-93, ACC-95)."""
    password_again(person, current_password)
    method = second_factor.method_called(factor.method)
    if not [
        one for one in factors_of_person(person) if one.method == method.code and one.code != factor.code
    ]:
        second_factor.keep_one(person, method)
        others = [one for one in second_factor.methods_of(person) if not one.is_backup and one != method]
        if not others and not is_proven:
            raise SecondStepNeeded
    if factor.code == "sms":
        TextNumber.objects.filter(person=person).delete()
    elif factor.code == "totp":
        Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).delete()
    else:
        Authenticator.objects.filter(user=person, pk=int(factor.code.removeprefix("key-"))).delete()
    after_removing(actor, person, factor.label)


@internal("Turning everything off takes a session that passed the second step; a token passes none.")
@action(right=SELF)
def turn_off_second_factor(
    actor: Actor, person: Person, *, current_password: str = "", is_proven: bool = False
) -> None:
    """Only the password protects the account from now on. Backup codes die, app passwords stay (ACC-93…96)."""
    password_again(person, current_password)
    if not is_on(person):
        raise NotSetUp
    if names := second_factor.enforced_by(person):
        raise EnforcedByOrganization(organizations=", ".join(names))
    if not is_proven:
        raise SecondStepNeeded
    Authenticator.objects.filter(user=person).delete()
    TextNumber.objects.filter(person=person).delete()
    _all_off(actor, person)


@internal("Done after staff accepted a proof of identity, and a day to object has passed.")
@action(right=SYSTEM)
def turn_off_after_identity_check(actor: Actor, person: Person) -> None:
    """Every method is lost, and the person proved who they are: they go away, backup codes too (ACC-83, ACC-97)."""
    Authenticator.objects.filter(user=person).delete()
    TextNumber.objects.filter(person=person).delete()
    for forget_method in _turning_off:
        forget_method(actor, person)
    _all_off(actor, person)


@action(right=SELF)
def make_backup_codes(actor: Actor, person: Person, *, current_password: str = "") -> list[str]:
    """Ten new codes; all old ones are void (ACC-79)."""
    password_again(person, current_password)
    if not is_on(person):
        raise NotSetUp
    codes = BackupCode.issue(person)
    forget_known(person)
    record(actor, Happened.CODES_MADE, person)
    emails.backup_codes_made(person)
    return codes


# --- during sign-in, when nobody acts yet -------------------------------------------------------------------


@internal("Only the sign-in page asks for it.")
@action(right=PUBLIC)
def pass_by_totp(actor: Actor, person: Person, *, code: str) -> None:
    """Raises WrongCode unless this is the app's code of now, and it was not accepted before (ACC-80)."""
    row = Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).first()
    if row is None:
        raise WrongCode
    step = totp.matching_step(secrets.decrypt(row.data["secret"]), code, clock.now())
    if step is None or not SpentStep.spend(person, step):
        raise WrongCode
    row.record_usage()
    record(actor, Happened.STEP_PASSED, person, method="totp")


@internal("Only the sign-in page asks for it.")
@action(right=PUBLIC)
def pass_by_key(actor: Actor, person: Person, *, sealed: str, credential: str) -> None:
    """Raises NotProven unless one of the person's keys answers this challenge."""
    passkeys.finish_proving("step", sealed, credential, person)
    record(actor, Happened.STEP_PASSED, person, method="key")


@internal("Only the sign-in page asks for it.")
@action(right=PUBLIC)
def pass_by_backup_code(actor: Actor, person: Person, *, code: str) -> int:
    """Use up a backup code; returns how many are left. Used and foreign codes fail like wrong ones (ACC-79)."""
    fitting = BackupCode.objects.filter(
        person=person, digest=code_digest(person, "backup", code), used_at=None
    )
    if not fitting.update(used_at=clock.now()):
        raise WrongCode
    forget_known(person)
    left = backup_codes_left(person)
    record(actor, Happened.CODE_USED, person, left=left)
    emails.backup_code_used(person, left)
    return left


@internal("Only the sign-in page asks for it.")
@action(right=PUBLIC)
def send_step_code(actor: Actor, person: Person) -> None:
    """Send a code to the number that is a second factor."""
    number = TextNumber.objects.filter(person=person).first()
    if number is None:
        raise WrongCode
    _send_code(actor, person, number.phone)


@internal("Only the sign-in page asks for it.")
@action(right=PUBLIC)
def pass_by_text_code(actor: Actor, person: Person, *, code: str) -> None:
    """Raises WrongCode unless this is the code last sent, within ten minutes."""
    number = TextNumber.objects.filter(person=person).first()
    if number is None or TextCode.spend(person, code) != number.phone:
        raise WrongCode
    TextNumber.objects.filter(pk=number.pk).update(last_used_at=clock.now())
    record(actor, Happened.STEP_PASSED, person, method="sms")


# Methods of other rooms, told when everything is turned off: each removes its own rows.
_turning_off: list[Any] = []


def register_turning_off(forget_method: Any) -> None:
    """Called when Django starts by a room with methods of its own, with `forget_method(actor, person)`."""
    _turning_off.append(forget_method)


def _all_off(actor: Actor, person: Person) -> None:
    for forget_method in _turning_off:
        forget_method(actor, person)
    BackupCode.objects.filter(person=person).delete()
    SpentStep.objects.filter(person=person).delete()
    TextCode.objects.filter(person=person).delete()
    forget_known(person)
    record(actor, Happened.TURNED_OFF, person)
    emails.turned_off(person)


def _send_code(actor: Actor, person: Person, number: str) -> None:
    throttle_all(
        [
            Rule(f"text-code:{person.pk}", 5, second_factor.HOUR),
            Rule(f"text-code:{number}", 5, second_factor.HOUR),
        ]
    ).or_refuse()
    code = TextCode.issue(person, number)
    record(actor, Happened.TEXT_SENT, person)
    send_sms(
        number,
        "factors/code",
        {"code": code},
        language=person.language,
        time_zone=person.time_zone,
        kind="security",
        secret=True,
    )
