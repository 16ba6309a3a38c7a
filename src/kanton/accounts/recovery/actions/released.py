"""A hosted login address that was deleted: its account goes on under a recovery identifier (ACC-60…66)."""

from __future__ import annotations

import secrets as random
import unicodedata

from kanton.accounts.actions import forget_ways_in
from kanton.accounts.identifiers import address_of, is_substitute
from kanton.accounts.models import Person, address_key
from kanton.accounts.recovery import emails
from kanton.accounts.recovery.activity import Happened
from kanton.accounts.recovery.models import AddressChange, Released, What
from kanton.accounts.recovery.queries import holder_of
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM


@internal("Done when a mailbox or its service is deleted, by the action that deletes it.")
@action(right=SYSTEM, may_be_silent=True)
def release_login_address(actor: Actor, person: Person, *, by: str) -> Released | None:
    """Take a deleted address away from its account. Its owner is told how to sign in meanwhile (ACC-60, ACC-61).

    The address belongs to nobody then: whoever gets it next can neither reset nor take over the account (ACC-66).
    """
    person = Person.objects.select_for_update().get(pk=person.pk)
    if is_substitute(person.email):
        return None
    old = person.email
    identifier = _unused_identifier(person)
    release = Released.objects.create(person=person, address=old, identifier=identifier)
    person.email = address_of(identifier)
    person.save(update_fields=["email"])
    AddressChange.objects.filter(person=person, what=What.LOGIN, confirmed_at=None).delete()
    # Nobody takes back what was deleted: an undo would hand the account to the next owner of the address.
    AddressChange.objects.filter(person=person, what=What.LOGIN, undone_at=None).update(undone_at=clock.now())
    forget_ways_in(person)
    record(actor, Happened.LOGIN_RELEASED, person, address=old, by=by)
    emails.released(release)
    return release


@internal("Done when a mailbox goes back to its person, by the action that brings it back.")
@action(right=SYSTEM, may_be_silent=True)
def give_back_login_address(actor: Actor, person: Person, *, address: str, by: str) -> bool:
    """The person signs in again with the address that was taken away, unless they chose another meanwhile or somebody
    else has it now."""
    person = Person.objects.select_for_update().get(pk=person.pk)
    release = Released.objects.filter(person=person, address=address, completed_at=None).first()
    key = address_key(address)
    if release is None or not is_substitute(person.email):
        return False
    if Person.objects.filter(email_key=key).exists() or holder_of(key) is not None:
        return False
    person.email = address
    person.save(update_fields=["email"])
    release.completed_at = clock.now()
    release.save(update_fields=["completed_at"])
    record(actor, Happened.LOGIN_GIVEN_BACK, person, address=address, by=by)
    emails.given_back(person)
    return True


def _unused_identifier(person: Person) -> str:
    """The initials and random digits; with more digits should these ever run out."""
    initials = initials_of(person)
    for length in (6, 6, 6, 7, 8, 10, 12):
        identifier = f"{initials}{random.randbelow(10**length):0{length}}"
        is_taken = Released.objects.filter(identifier=identifier).exists()
        if not is_taken and not Person.objects.filter(email=address_of(identifier)).exists():
            return identifier
    raise RuntimeError("no recovery identifier is free")


def initials_of(person: Person) -> str:
    """Two plain letters of the name; XX when no name is known (ACC-65)."""
    names = [_plain(person.first_name), _plain(person.last_name)]
    if not any(names):
        return "XX"
    return "".join(name[:1] or "X" for name in names)


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.upper())
    return "".join(letter for letter in letters if "A" <= letter <= "Z")
