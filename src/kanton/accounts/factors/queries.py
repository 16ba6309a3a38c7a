"""Reads of second factors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import CharField, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kanton.accounts import second_factor
from kanton.accounts.factors import passkeys
from kanton.accounts.factors.models import BackupCode, TextNumber
from kanton.accounts.models import Person
from kanton.accounts.queries import person_of
from kanton.accounts.web import AccountRequest
from kanton.config import config
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.core.outbox import sms_is_available
from kanton.ui.home import Attention
from kanton.ui.shell import Text

FEW = 2
_KNOWN = "_second_factors"


def _kinds(person: Person) -> set[str]:
    """Which of our methods are active. One query, remembered with the object, for a sign-in asks several times."""
    known: set[str] | None = person.__dict__.get(_KNOWN)
    if known is None:
        authenticators = Authenticator.objects.filter(user=person).order_by().values_list("type")
        codes = BackupCode.objects.filter(person=person, used_at=None).order_by()
        numbers = TextNumber.objects.filter(person=person).order_by()
        union = authenticators.union(
            codes.annotate(type=_word("backup")).values_list("type"),
            numbers.annotate(type=_word("sms")).values_list("type"),
        )
        known = {kind for (kind,) in union}
        person.__dict__[_KNOWN] = known
    return known


def _word(word: str) -> Value:
    return Value(word, output_field=CharField())


def forget_known(person: Person) -> None:
    """After a change: look again."""
    person.__dict__.pop(_KNOWN, None)


def has_key(person: Person) -> bool:
    """A passkey or security key?"""
    return Authenticator.Type.WEBAUTHN in _kinds(person)


def has_totp(person: Person) -> bool:
    """A one-time password app?"""
    return Authenticator.Type.TOTP in _kinds(person)


def has_text_number(person: Person) -> bool:
    """A number for text messages, and somebody who carries them?"""
    return "sms" in _kinds(person) and sms_is_available()


def has_backup_codes(person: Person) -> bool:
    """Unused backup codes?"""
    return "backup" in _kinds(person)


def sms_is_offered(person: Person) -> bool:
    """Text messages only with a gateway, and only for residents of the configured countries (ACC-73, ACC-74)."""
    return sms_is_available() and person.country in config.sign_in.sms_countries


def came_by_passkey(request: HttpRequest, person: Person) -> bool:
    """A passkey is a complete sign-in: it proves possession and the person."""
    return second_factor.proven_by(request, person, method="mfa", type="webauthn", passwordless=True)


@dataclass(frozen=True)
class Factor:
    """One thing that proves a person at the second step."""

    code: str
    method: str
    kind: Text
    name: str
    icon: str
    created_at: datetime
    last_used_at: datetime | None
    signs_in_alone: bool = False

    @property
    def label(self) -> str:
        """Its name, for sentences."""
        return f"{self.kind} ({self.name})" if self.name else str(self.kind)


def factors_of(actor: Actor) -> list[Factor]:
    """The actor's keys, app and number, with their last use."""
    return factors_of_person(person_of(actor))


def factors_of_person(person: Person) -> list[Factor]:
    """The keys, app and number of this person."""
    kinds = {method.code: method for method in second_factor.all_methods()}
    found = []
    rows = Authenticator.objects.filter(user=person).exclude(type=Authenticator.Type.RECOVERY_CODES)
    for row in rows.order_by("pk"):
        if row.type == Authenticator.Type.TOTP:
            code, method, name, alone = "totp", kinds["totp"], "", False
        else:
            code, method = f"key-{row.pk}", kinds["key"]
            name, alone = row.wrap().name, passkeys.signs_in_alone(row)
        found.append(
            Factor(
                code, method.code, method.label, name, method.icon, row.created_at, row.last_used_at, alone
            )
        )
    for number in TextNumber.objects.filter(person=person):
        sms = kinds["sms"]
        found.append(
            Factor("sms", "sms", sms.label, str(number), sms.icon, number.created_at, number.last_used_at)
        )
    return found


def factor_of(actor: Actor, code: str) -> Factor:
    """One of the actor's own, or NotFound."""
    for factor in factors_of(actor):
        if factor.code == code:
            return factor
    raise NotFound(model="second factor")


def backup_codes_left(person: Person) -> int:
    """How many backup codes still work."""
    return BackupCode.objects.filter(person=person, used_at=None).count()


def is_on(person: Person) -> bool:
    """Is a second proof asked for after the password?"""
    return bool(second_factor.methods_of(person))


def box(request: AccountRequest) -> dict[str, Any]:
    """For the page "Security"."""
    methods = second_factor.methods_of(request.user)
    return {
        "methods": [method for method in methods if not method.is_backup],
        "left": backup_codes_left(request.user) if methods else 0,
        "enforced_by": second_factor.enforced_by(request.user),
    }


def few_backup_codes(request: HttpRequest) -> Iterator[Attention]:
    """For the start page: two backup codes or fewer, make new ones (ACC-79)."""
    user: Any = request.user
    if not user.is_authenticated or not is_on(user):
        return
    left = backup_codes_left(user)
    if left <= FEW:
        text = ngettext(
            "Only %(left)s backup code is left for your account. Make a new set.",
            "Only %(left)s backup codes are left for your account. Make a new set.",
            left,
        )
        yield Attention(
            text % {"left": left}, reverse("factors:new_backup_codes"), _("Make new codes"), order=8
        )
