"""Every change of what leads to mailboxes: aliases, redirections, addresses without a mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.products.mail.actions.common import TARGETS_MAX, publish_later, read_local_part, take, wish
from kanton.products.mail.activity import Happened
from kanton.products.mail.addresses import BadAddress, parse_address
from kanton.products.mail.errors import BadTarget, RedirectCircle
from kanton.products.mail.models import Address, AddressKind, Mailbox, MailService
from kanton.products.mail.rights import MANAGE


@action(right=MANAGE)
def set_aliases(actor: Actor, mailbox: Mailbox, *, aliases: Sequence[str]) -> Mailbox:
    """Replace the aliases of an address (MAIL-2)."""
    before = mailbox.aliases
    wanted = list(dict.fromkeys(read_local_part(one, field="aliases") for one in aliases))
    mailbox.addresses.filter(kind=AddressKind.ALIAS).exclude(local_part__in=wanted).delete()
    for local in wanted:
        if local not in before:
            take(mailbox.mail, local, AddressKind.ALIAS, mailbox=mailbox, field="aliases")
    forget_prefetched(mailbox)
    wish(mailbox, _("Publishing the aliases"))
    record(actor, Happened.ALIASES_CHANGED, mailbox, before=", ".join(before), after=", ".join(wanted))
    publish_later(mailbox.mail)
    return mailbox


@action(right=MANAGE)
def add_alias(actor: Actor, mailbox: Mailbox, *, alias: str) -> Mailbox:
    """Let an address receive mail under one more name."""
    before = mailbox.aliases
    local = read_local_part(alias, field="alias")
    take(mailbox.mail, local, AddressKind.ALIAS, mailbox=mailbox, field="alias")
    forget_prefetched(mailbox)
    wish(mailbox, _("Publishing the aliases"))
    record(
        actor,
        Happened.ALIASES_CHANGED,
        mailbox,
        before=", ".join(before),
        after=", ".join(sorted([*before, local])),
    )
    publish_later(mailbox.mail)
    return mailbox


@action(right=MANAGE)
def remove_alias(actor: Actor, mailbox: Mailbox, *, alias: str) -> Mailbox:
    """Take an alias away."""
    before = mailbox.aliases
    local = alias.strip().lower()
    mailbox.addresses.filter(kind=AddressKind.ALIAS, local_part=local).delete()
    forget_prefetched(mailbox)
    wish(mailbox, _("Publishing the aliases"))
    after = [one for one in before if one != local]
    record(actor, Happened.ALIASES_CHANGED, mailbox, before=", ".join(before), after=", ".join(after))
    publish_later(mailbox.mail)
    return mailbox


@action(right=MANAGE)
def set_redirection(
    actor: Actor,
    mailbox: Mailbox,
    *,
    targets: Sequence[str],
    keeps_copy: bool = True,
    is_enabled: bool = True,
) -> Mailbox:
    """Redirect the mail of an address, with or without keeping a copy (MAIL-88). No targets: no redirection."""
    wanted = read_targets(mailbox.mail, mailbox.local_part, targets)
    mailbox.redirect_to = wanted
    mailbox.keeps_copy = keeps_copy or not wanted
    mailbox.is_redirecting = bool(wanted) and is_enabled
    wish(mailbox, _("Publishing the redirection"))
    if mailbox.is_redirecting:
        record(actor, Happened.REDIRECTION_SET, mailbox, targets=", ".join(wanted))
    else:
        record(actor, Happened.REDIRECTION_ENDED, mailbox)
    publish_later(mailbox.mail)
    return mailbox


@action(right=MANAGE)
def create_redirect(actor: Actor, mail: MailService, *, local_part: str, targets: Sequence[str]) -> Address:
    """Create an address without a mailbox, only to redirect (MAIL-1, MAIL-10)."""
    local = read_local_part(local_part)
    wanted = read_targets(mail, local, targets)
    if not wanted:
        raise BadTarget(address="")
    address = take(mail, local, AddressKind.REDIRECT, targets=wanted)
    record(actor, Happened.REDIRECT_CREATED, address, targets=", ".join(wanted))
    publish_later(mail)
    return address


@action(right=MANAGE)
def change_redirect(actor: Actor, address: Address, *, targets: Sequence[str]) -> Address:
    """Replace where a redirect-only address leads."""
    wanted = read_targets(address.mail, address.local_part, targets)
    if not wanted:
        raise BadTarget(address="")
    address.targets = wanted
    address.updated_at = clock.now()
    address.save()
    record(actor, Happened.REDIRECT_CHANGED, address, targets=", ".join(wanted))
    publish_later(address.mail)
    return address


@action(right=MANAGE)
def delete_redirect(actor: Actor, address: Address) -> None:
    """Delete a redirect-only address; mail to it is refused."""
    record(actor, Happened.REDIRECT_DELETED, address)
    mail = address.mail
    address.delete()
    publish_later(mail)


def read_targets(mail: MailService, local: str, targets: Sequence[str]) -> list[str]:
    """The targets in normal form. A chain that returns to itself is refused (MAIL-9)."""
    wanted: list[str] = []
    for text in targets:
        if not text.strip():
            continue
        try:
            address = parse_address(text)
        except BadAddress:
            raise BadTarget(address=text.strip()[:120]) from None
        wanted.append(str(address))
    wanted = list(dict.fromkeys(wanted))[: TARGETS_MAX + 1]
    if len(wanted) > TARGETS_MAX:
        raise BadTarget(address=_("more than %(number)s addresses") % {"number": TARGETS_MAX})
    _refuse_circle(mail, local, wanted)
    return wanted


def _refuse_circle(mail: MailService, local: str, wanted: Sequence[str]) -> None:
    names = set(mail.domains.values_list("name", flat=True))
    rows: dict[str, tuple[str, list[Any]]] = {}
    for address in mail.addresses.select_related("mailbox"):
        if address.kind == AddressKind.REDIRECT:
            rows[address.local_part] = (address.local_part, address.targets)
        elif address.mailbox is not None:
            box = address.mailbox
            rows[address.local_part] = (box.local_part, box.redirect_to if box.is_redirecting else [])

    def ours(target: str) -> str | None:
        one, _at, domain = target.rpartition("@")
        if domain.lower() not in names:
            return None
        known = rows.get(one.lower())
        return known[0] if known else one.lower()

    def follow(here: str, chain: tuple[str, ...]) -> None:
        if here == local:
            raise RedirectCircle(chain=" → ".join((*chain, here)))
        if here in chain:
            return
        for target in rows.get(here, ("", []))[1]:
            if (step := ours(str(target))) is not None:
                follow(step, (*chain, here))

    for target in wanted:
        if (step := ours(target)) is not None:
            follow(step, (local,))


def forget_prefetched(mailbox: Mailbox) -> None:
    """Have the addresses of a mailbox read anew."""
    getattr(mailbox, "_prefetched_objects_cache", {}).pop("addresses", None)
