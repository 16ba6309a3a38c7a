"""Reads of the ways back into an account."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from kanton.accounts.models import Person, address_key
from kanton.accounts.recovery.models import (
    UNDO_WITHIN,
    AddressChange,
    CodePurpose,
    PhoneCode,
    Proven,
    Released,
    What,
    proven_phone,
    proven_recovery_email,
)
from kanton.core import clock
from kanton.core.outbox import sms_is_available
from kanton.core.secrets import keyed_digest, token_hash

DOTS = "•••"


def masked_address(address: str) -> str:
    """j•••@e•••.ch"""
    local, _at, domain = address.rpartition("@")
    name, _dot, ending = domain.rpartition(".")
    return f"{local[:1]}{DOTS}@{(name or domain)[:1]}{DOTS}.{ending}"


def masked_phone(number: str) -> str:
    """•••• 34"""
    return f"•••• {number[-2:]}"


@dataclass(frozen=True, slots=True)
class Ways:
    """The recovery options as the page shows them: masked, empty where there is none (ACC-53)."""

    recovery: str
    phone: str


def ways_for(email: str) -> Ways:
    """The options of the account with this address, or constant plausible ones; the work is the same (ACC-53)."""
    key = address_key(email)
    person = Person.objects.select_related("proven").filter(email_key=key, is_active=True).first()
    recovery, phone = plausible_ways(key)
    number = phone
    if person is not None:
        recovery, number = proven_recovery_email(person), proven_phone(person)
    is_shared = shares_phone(number)
    return Ways(
        masked_address(recovery) if recovery else "",
        masked_phone(number) if number and not is_shared and sms_is_available() else "",
    )


def plausible_ways(key: str) -> tuple[str, str]:
    """A recovery address and a number that an account with this address might have, always the same ones."""
    seed = hashlib.sha256(keyed_digest("plausible-ways", key.encode()).encode()).digest()
    letters = "abcdefghijklmnoprstvw"
    local, name = letters[seed[0] % len(letters)], "ghbiopmy"[seed[1] % 8]
    ending = ("ch", "com", "com", "ch", "de", "fr", "net", "com")[seed[2] % 8]
    has_both, only = seed[3] % 2 == 0, seed[4] % 3
    recovery = f"{local}x@{name}x.{ending}" if has_both or only > 0 else ""
    phone = f"+4179000{seed[5]:03}{seed[6] % 100:02}" if has_both or only == 0 else ""
    if not sms_is_available() and not recovery:
        recovery = f"{local}x@{name}x.{ending}" if seed[7] % 4 else ""
    return recovery, phone


def shares_phone(number: str) -> bool:
    """Is this number proven for several accounts? Then it alone opens none of them (ACC-50)."""
    return len(people_with_phone(number)) > 1


def people_with_phone(number: str) -> list[Person]:
    """The accounts for which this number was proven and still holds."""
    rows = Proven.objects.filter(phone=number, person__phone=number, person__is_active=True)
    return [row.person for row in rows.exclude(phone="").select_related("person")[:20]]


def people_found(code: PhoneCode, recovery_email: str = "") -> list[Person]:
    """The accounts with the number of this entered code, told apart by the recovery e-mail where given (ACC-56)."""
    people = people_with_phone(code.number)
    if recovery_email:
        wanted = address_key(recovery_email)
        people = [each for each in people if address_key(proven_recovery_email(each)) == wanted]
    return people


def change_by_link(secret: str) -> AddressChange | None:
    """The waiting change that this link confirms. Looking does not use it up."""
    change = AddressChange.objects.select_related("person").filter(digest=token_hash(secret)).first()
    return change if change is not None and change.can_be_confirmed and change.person.is_active else None


def change_by_undo_link(secret: str) -> AddressChange | None:
    """The change that this link undoes."""
    number, _dash, _rest = secret.partition("-")
    if not number.isdecimal() or len(number) > 18:
        return None
    change = AddressChange.objects.select_related("person").filter(pk=int(number), what=What.LOGIN).first()
    if change is None or not compare_digest(change.undo_secret(), secret):
        return None
    return change if change.can_be_undone else None


def waiting_change(person: Person, what: What) -> AddressChange | None:
    """The new address that waits for its link."""
    change = AddressChange.objects.filter(person=person, what=what, confirmed_at=None, undone_at=None).first()
    return change if change is not None and change.can_be_confirmed else None


def holder_of(key: str) -> Person | None:
    """Who gave this login address up so lately that they can still take it back (ACC-24)."""
    change = (
        AddressChange.objects.select_related("person")
        .filter(old_key=key, what=What.LOGIN, undone_at=None, confirmed_at__gt=clock.now() - UNDO_WITHIN)
        .first()
    )
    return change.person if change is not None else None


def code_by_secret(secret: str, purpose: CodePurpose) -> PhoneCode | None:
    """The code whose page has this secret, open or just entered."""
    code = (
        PhoneCode.objects.select_related("person").filter(digest=token_hash(secret), purpose=purpose).first()
    )
    return code if code is not None and (code.is_open or code.is_entered) else None


def open_release(person: Person) -> Released | None:
    """The deleted login address that the person has not replaced yet (ACC-62)."""
    return Released.objects.filter(person=person, completed_at=None).first()


# Rooms above know mailboxes: a function that says why an address could be lost together with the account (ACC-49).
DependsOn = Callable[[Person, str], str]
_dependencies: list[DependsOn] = []


def register_dependency(depends: DependsOn) -> None:
    """Called when Django starts: `depends(person, address)` answers a sentence, or nothing."""
    if depends not in _dependencies:
        _dependencies.append(depends)


def dependency_of(person: Person, address: str) -> str:
    """Why this recovery address could be lost together with the account, or nothing (ACC-49)."""
    return (
        next((said for depends in _dependencies if (said := depends(person, address))), "") if address else ""
    )
