"""What the room asks of a mail engine. The embedded engine is one answer; Postfix and Dovecot of a provider another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kanton.products.mail.limits import Allowance

APP_PASSWORDS_MAX = 8
"""Device passwords that one mailbox can have at the same time; the app passwords of people come on top."""


@dataclass(frozen=True, slots=True)
class MailboxState:
    """What one mailbox should be. `store` is its folder, `<domain>/<local part>~<id>`, and never changes."""

    local: str
    store: str
    password_hash: str = field(default="", repr=False)
    """An Argon2id hash in PHC form ("$argon2id$…"); empty when nobody has set a password yet."""
    app_hashes: tuple[str, ...] = field(default=(), repr=False)
    """SHA-256 hashes, hexadecimal, of generated passwords."""
    reading_hashes: tuple[str, ...] = field(default=(), repr=False)
    """The same, of people who may read but not send."""
    own_password_closed: str = ""
    """A sentence that refuses whoever logs in with `password_hash`; generated passwords go on (ORG-62)."""
    sending_limit: int = 0
    reads: bool = True
    sends: bool = True
    receives: bool = True
    redirect_to: tuple[str, ...] = ()
    keeps_copy: bool = True


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A signing key: the selector, the private key, and the value of its TXT record."""

    selector: str
    private_pem: str = field(repr=False)
    record: str


@dataclass(frozen=True, slots=True)
class DomainState:
    """What one mail domain should be. With `alias_of` every address of that domain exists here too."""

    domain: str
    alias_of: str = ""
    mailboxes: tuple[MailboxState, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Local part → local part of the mailbox."""
    redirects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Local part without a mailbox → the addresses it leads to."""
    administrators: tuple[str, ...] = ()
    """Where mail to postmaster and abuse goes when nobody created these addresses."""
    dkim: tuple[DkimKey, ...] = ()
    """The newest key, which signs, first."""
    maintenance: str = ""
    """A sentence that refuses logins and sending; empty when all is well. Reception goes on."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the engine itself said: it works, or what is wrong in words that help."""

    confirmed: bool
    words: str = ""

    def __bool__(self) -> bool:
        return self.confirmed


@dataclass(frozen=True, slots=True)
class Submitted:
    """A message was accepted for sending."""

    queue_id: str
    message_id: str


class SendingRefused(Exception):
    """A message was not accepted; `code` is the SMTP answer (such as "450 4.7.1"), `words` what to tell the person."""

    def __init__(self, code: str, words: str, *, allowance: Allowance | None = None) -> None:
        self.code = code
        self.words = words
        self.allowance = allowance
        super().__init__(f"{code} {words}")


class MailEngine(Protocol):
    """Desired state in, proof out. Every method may be called twice, or after a crash, and ends in the same place."""

    def publish_domain(self, state: DomainState) -> None:
        """Make the engine know exactly this state of the domain."""
        ...

    def withdraw_domain(self, domain: str) -> None:
        """Stop receiving and reading for the domain. The mailboxes' content stays."""
        ...

    def discard_mailbox(self, store: str) -> None:
        """Take a deleted mailbox's content away; it can be restored until it is purged."""
        ...

    def restore_mailbox(self, store: str) -> bool:
        """Bring a discarded mailbox's content back; False when there is none."""
        ...

    def purge_mailbox(self, store: str) -> None:
        """Delete a discarded mailbox's content for good."""
        ...

    def probe_domain(self, domain: str) -> Proof:
        """Ask the running SMTP server whether it takes mail for the domain."""
        ...

    def probe_mailbox(self, address: str) -> Proof:
        """Ask the running servers whether the address takes mail and its mailbox opens."""
        ...

    def new_dkim_key(self, selector: str) -> DkimKey:
        """A fresh signing key."""
        ...

    def submit(self, login: str, sender: str, recipients: Sequence[str], message: bytes) -> Submitted:
        """Send a finished message on behalf of a mailbox, with all the rules of SMTP submission."""
        ...

    def submit_own(self, sender: str, recipient: str, message: bytes, *, key: str) -> None:
        """Send a mail that Kanton itself writes, without a login; once per `key`."""
        ...

    def allowance(self, address: str, limit: int) -> Allowance:
        """How much of its 24-hour limit an address has used."""
        ...

    def storage_bytes(self, store: str) -> int:
        """What a mailbox takes on the disk."""
        ...
