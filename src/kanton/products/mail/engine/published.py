"""The published state on disk: written by reconcile, read by every mail process.

    published/<domain>/domain.json      who is here (no secrets)
    published/<domain>/passwd           mailbox passwords, Dovecot's passwd-file format
    published/<domain>/app-passwords    the same for generated passwords, users "<address>/<SHA-256 of the password>"
    published/<domain>/dkim/<selector>.pem

Every file is replaced in one step, and `domain.json` last: it is what readers go by.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kanton.products.mail.addresses import (
    RESERVED,
    Address,
    BadAddress,
    domain_in_ascii,
    own_local_part,
    parse_address,
)
from kanton.products.mail.engine.files import (
    make_private,
    read_json,
    stamp_of,
    sync_folder,
    write_atomically,
    write_json,
)
from kanton.products.mail.engine.port import DkimKey, DomainState, MailboxState
from kanton.products.mail.engine.uses import MARK

REDIRECT_DEPTH_MAX = 10
READING = "reading=yes"
"""On an app password of somebody who may read the mailbox and not send from it."""
UNAVAILABLE = "[UNAVAILABLE]"
NO_BREAK = "\u00a0"
"""Stands for a space, which would end a field."""
NO_PASSWORD = "{SHA256.HEX}" + 64 * "0"
"""A hash that nobody knows a password for."""


class NotOurs(LookupError):
    """No domain of ours."""


class NoSuchAddress(LookupError):
    """Our domain, but nobody there."""


class GoesInCircles(LookupError):
    """Redirects that lead back to themselves."""


class NotNow(LookupError):
    """The mailbox exists but takes nothing at the moment."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message for one address ends: mailboxes here, and addresses elsewhere with the address that forwards."""

    mailboxes: tuple[tuple[str, MailboxState], ...]
    forwards: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KnownDomain:
    """A published domain as readers hold it in memory."""

    state: DomainState
    by_local: dict[str, MailboxState]
    domains: tuple[str, ...] = field(default=())


@dataclass(slots=True)
class _Way:
    """What was found while the redirections of an address are followed."""

    boxes: dict[str, tuple[str, MailboxState]] = field(default_factory=dict)
    forwards: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    reserved: list[DomainState] = field(default_factory=list)

    @property
    def is_nowhere(self) -> bool:
        """Whether it ended nowhere so far."""
        return not self.boxes and not self.forwards


def folder_of(published: Path, domain: str) -> Path:
    """The domain's folder. The name is checked, so it cannot leave `published`."""
    return published / domain_in_ascii(domain)


def publish(published: Path, state: DomainState) -> None:
    """Write the state of one domain."""
    folder = make_private(folder_of(published, state.domain))
    for key in state.dkim:
        write_atomically(folder / "dkim" / f"{domain_in_ascii(key.selector)}.pem", key.private_pem.encode())
    write_atomically(folder / "passwd", "".join(_passwd_lines(state)).encode())
    write_atomically(folder / "app-passwords", "".join(_app_lines(state)).encode())
    write_json(folder / "domain.json", _as_json(state))
    wanted = {f"{key.selector}.pem" for key in state.dkim}
    for old in (folder / "dkim").glob("*.pem"):
        if old.name not in wanted:
            old.unlink()


def withdraw(published: Path, domain: str) -> None:
    """Take the domain away from all readers."""
    folder = folder_of(published, domain)
    if folder.exists():
        (folder / "domain.json").unlink(missing_ok=True)
        shutil.rmtree(folder)
        sync_folder(published)


def _extra_fields(state: DomainState, mailbox: MailboxState, *, is_generated: bool) -> str:
    fields = [f"userdb_store={mailbox.store}"]
    if state.maintenance or not mailbox.reads:
        # Dovecot gives this response code to its clients as it is (RFC 5530): come back later.
        words = state.maintenance or "This mailbox cannot be read at the moment."
        fields += _no_login(f"{UNAVAILABLE} {words}")
    elif mailbox.own_password_closed and not is_generated:
        fields += _no_login(mailbox.own_password_closed)
    return " ".join(fields)


def _no_login(reason: str) -> list[str]:
    return ["nologin", "reason=" + reason.replace(" ", NO_BREAK).replace(":", "")]


def closed_because(fields: str) -> tuple[str, bool]:
    """Why nobody may log in with this line, from its fields, and whether waiting mends it; "" when they may."""
    if " nologin" not in fields:
        return "", False
    reason = fields.partition(" reason=")[2]
    words = reason.removeprefix(UNAVAILABLE).replace(NO_BREAK, " ").strip()
    return words, reason.startswith(UNAVAILABLE)


def _passwd_lines(state: DomainState) -> Iterator[str]:
    for mailbox in state.mailboxes:
        own_local_part(mailbox.local)
        password = "{ARGON2ID}" + mailbox.password_hash if mailbox.password_hash else NO_PASSWORD
        yield f"{mailbox.local}@{state.domain}:{password}::::::{_extra_fields(state, mailbox, is_generated=False)}\n"


def _app_lines(state: DomainState) -> Iterator[str]:
    for mailbox in state.mailboxes:
        hashes = [(digest, "") for digest in mailbox.app_hashes]
        hashes += [(digest, f" {READING}") for digest in mailbox.reading_hashes]
        for digest, reading in hashes:
            # Found by its own hash: one look-up, however many there are.
            user = f"{mailbox.local}@{state.domain}/{digest}"
            fields = f"app={digest[:MARK]}{reading} {_extra_fields(state, mailbox, is_generated=True)}"
            yield f"{user}:{{SHA256.HEX}}{digest}::::::{fields}\n"


def _as_json(state: DomainState) -> dict[str, Any]:
    return {
        "domain": state.domain,
        "alias_of": state.alias_of,
        "mailboxes": [
            {
                "local": box.local,
                "store": box.store,
                "sending_limit": box.sending_limit,
                "reads": box.reads,
                "sends": box.sends,
                "receives": box.receives,
                "redirect_to": list(box.redirect_to),
                "keeps_copy": box.keeps_copy,
            }
            for box in state.mailboxes
        ],
        "aliases": dict(state.aliases),
        "redirects": {local: list(targets) for local, targets in state.redirects.items()},
        "administrators": list(state.administrators),
        "dkim": [{"selector": key.selector, "record": key.record} for key in state.dkim],
        "maintenance": state.maintenance,
    }


def _from_json(folder: Path, value: dict[str, Any]) -> DomainState:
    return DomainState(
        domain=value["domain"],
        alias_of=value["alias_of"],
        mailboxes=tuple(
            MailboxState(**(box | {"redirect_to": tuple(box["redirect_to"])})) for box in value["mailboxes"]
        ),
        aliases=value["aliases"],
        redirects={local: tuple(targets) for local, targets in value["redirects"].items()},
        administrators=tuple(value["administrators"]),
        dkim=tuple(
            DkimKey(key["selector"], (folder / "dkim" / f"{key['selector']}.pem").read_text(), key["record"])
            for key in value["dkim"]
        ),
        maintenance=value["maintenance"],
    )


class Directory:
    """Reads the published state; a look-up costs one `stat` while nothing changed."""

    def __init__(self, published: Path) -> None:
        self.published = published
        self._known: dict[str, tuple[tuple[int, int, int], KnownDomain]] = {}

    def domain(self, name: str) -> KnownDomain | None:
        """The domain as published, or None when it is not ours."""
        try:
            folder = folder_of(self.published, name)
        except BadAddress:
            return None
        path = folder / "domain.json"
        stamp = stamp_of(path)
        if stamp is None:
            self._known.pop(folder.name, None)
            return None
        held = self._known.get(folder.name)
        if held is None or held[0] != stamp:
            value = read_json(path)
            if value is None:
                return None
            state = _from_json(folder, value)
            held = (stamp, KnownDomain(state, {box.local: box for box in state.mailboxes}))
            self._known[folder.name] = held
        return held[1]

    def main_domain(self, name: str) -> KnownDomain | None:
        """The domain whose addresses exist under this name: itself, or the one it is an alias of."""
        known = self.domain(name)
        return self.domain(known.state.alias_of) if known is not None and known.state.alias_of else known

    def mailbox(self, login: str) -> tuple[DomainState, MailboxState] | None:
        """The mailbox with this login identifier, which is its address at the main domain."""
        local, _, domain = login.strip().lower().rpartition("@")
        known = self.domain(domain) if local else None
        if known is None or known.state.alias_of or local not in known.by_local:
            return None
        return known.state, known.by_local[local]

    def login(self, text: str) -> str:
        """The one spelling of a login identifier, however somebody wrote its domain; as written for an unknown one."""
        found = self.mailbox(text)
        return f"{found[1].local}@{found[0].domain}" if found is not None else text.strip().lower()

    def domain_names(self) -> list[str]:
        """All published domains."""
        if not self.published.exists():
            return []
        return sorted(entry.name for entry in self.published.iterdir() if (entry / "domain.json").exists())

    def owns(self, login: str, address: str) -> bool:
        """May the mailbox with this login send as this address? Its own address and aliases, under every domain."""
        found = self.mailbox(login)
        try:
            wanted = parse_address(address)
        except BadAddress:
            return False
        known = self.domain(wanted.domain)
        if found is None or known is None:
            return False
        state, box = found
        if (known.state.alias_of or known.state.domain) != state.domain:
            return False
        local = wanted.local.lower()
        return local == box.local or state.aliases.get(local) == box.local

    def route(self, address: Address) -> Route:
        """Where mail for the address ends. Raises NotOurs, NoSuchAddress, NotNow or GoesInCircles."""
        if self.domain(address.domain) is None:
            raise NotOurs(str(address))
        way = _Way()
        targets = self._follow(address, "", way)
        for _step in range(REDIRECT_DEPTH_MAX - 1):
            further: list[tuple[str, str]] = []
            for target, via in targets:
                with contextlib.suppress(NoSuchAddress, BadAddress, NotNow):
                    further += self._follow(parse_address(target), via, way)
            targets = further
        if way.is_nowhere and way.reserved:
            # The administrators' own addresses are of this domain and do not exist (yet): somebody must read it.
            state = way.reserved[0]
            way.boxes |= {one.store: (f"{one.local}@{state.domain}", one) for one in state.mailboxes[:1]}
        if way.is_nowhere:
            raise NotNow(str(address)) if way.reserved else GoesInCircles(str(address))
        return Route(tuple(way.boxes.values()), tuple(way.forwards.items()))

    def _follow(self, address: Address, via: str, way: _Way) -> list[tuple[str, str]]:
        """Take one step: note where it ends, and return where it leads on to, each with the address that forwards."""
        if self.domain(address.domain) is None:
            way.forwards.setdefault(str(address), via)
            return []
        known = self.main_domain(address.domain)
        local = address.local.lower()
        if known is None:
            raise NoSuchAddress(str(address))
        state = known.state
        here = f"{local}@{state.domain}"
        if here in way.seen:
            return []
        # Of the whole way: several ways to the same address would otherwise multiply with each step.
        way.seen.add(here)
        box = known.by_local.get(state.aliases.get(local, local))
        if box is None and "+" in local and local.partition("+")[0] not in state.redirects:
            plain = local.partition("+")[0]
            box = known.by_local.get(state.aliases.get(plain, plain))
        if box is not None:
            if not box.receives:
                raise NotNow(str(address))
            if box.keeps_copy or not box.redirect_to:
                way.boxes.setdefault(box.store, (f"{box.local}@{state.domain}", box))
            targets: tuple[str, ...] = box.redirect_to
        elif local in state.redirects:
            targets = state.redirects[local]
        elif local in RESERVED:
            targets = state.administrators
            way.reserved.append(state)
        else:
            raise NoSuchAddress(str(address))
        return [(target, here) for target in targets]
