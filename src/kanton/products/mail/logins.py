"""Addresses here with which somebody signs in: named before they are deleted, released when they go (ACC-60…64)."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from kanton.accounts.identifiers import shown_login
from kanton.accounts.models import Person, address_key
from kanton.accounts.recovery.actions.released import release_login_address
from kanton.core.actor import Actor, ActorKind, System
from kanton.products.mail.models import Address, Mailbox, MailService
from kanton.products.mail.rights import MANAGE


def people_signing_in_with(mailbox: Mailbox) -> list[Person]:
    """The accounts whose login e-mail is this mailbox, under any of its names and domains."""
    locals_ = set(mailbox.addresses.values_list("local_part", flat=True)) | {mailbox.local_part}
    return _people(locals_, mailbox.mail)


def people_signing_in_at(mail: MailService) -> list[Person]:
    """The accounts whose login e-mail is any mailbox of this service."""
    found = Address.objects.filter(mail=mail, mailbox__deleted_at=None).exclude(mailbox=None)
    return _people(set(found.values_list("local_part", flat=True)), mail)


def _people(locals_: Iterable[str], mail: MailService) -> list[Person]:
    domains = list(mail.domains.values_list("name", flat=True))
    keys = [address_key(f"{local}@{domain}") for local in locals_ for domain in domains]
    return list(Person.objects.filter(email_key__in=keys).order_by("pk"))


def release(people: Iterable[Person], *, by: str) -> None:
    """Within the action that deletes the addresses: their accounts go on under recovery identifiers."""
    for person in people:
        release_login_address(System("mail"), person, by=by)


def names_of(people: Iterable[Person]) -> str:
    """As the deletion names them: "Ana Keller (ana@acme.ch)"."""
    return ", ".join(f"{person.display_name} ({shown_login(person)})" for person in people)


def depends_on(person: Person, address: str) -> str:
    """Why a recovery address could be lost together with the account: this account manages the mailbox (ACC-49)."""
    local, _at, domain = address_key(address).rpartition("@")
    mailbox = (
        Mailbox.objects.alive()
        .filter(addresses__local_part=local, mail__domains__name=domain)
        .select_related("mail")
        .first()
    )
    if mailbox is None:
        return ""
    actor = Actor(ActorKind.PERSON, person.display_name, person.pk)
    if not actor.has_right(MANAGE, mailbox):
        return ""
    text = _(
        "%(address)s is a mailbox that you manage with this very account. Whoever locks you out of the account can "
        "take both: better use an address from elsewhere."
    )
    return text % {"address": address}
