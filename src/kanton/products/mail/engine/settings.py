"""What the engine needs to know of its surroundings, as one value that every part is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

MESSAGE_BYTES_MAX = 210_763_776
"""One message with all its headers and attachments (MAIL-47): 201 binary megabytes."""

RECIPIENTS_MAX = 100
"""Recipients of one message (MAIL-42)."""


class Outgoing(StrEnum):
    """How mail for elsewhere leaves the house."""

    HOLD = "hold"
    RELAY = "relay"
    MX = "mx"


@dataclass(frozen=True, slots=True)
class Relay:
    """The provider's own way out: every outgoing message is handed to this server."""

    host: str = ""
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "starttls"
    """"starttls", "implicit" or "none"."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Where the engine lives and how it listens. Port 0 means any free one, -1 none at all."""

    home: Path
    hostname: str = "localhost"
    listen: str = "127.0.0.1"
    imap_listen: str = "127.0.0.1"
    smtp_port: int = 0
    submission_port: int = 0
    submissions_port: int = 0
    imap_port: int = 0
    imaps_port: int = 0
    imap_server: str = "auto"
    """"auto", "dovecot" or "python"."""
    dovecot_binary: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    plain_auth_on_loopback: bool = True
    outgoing: Outgoing = Outgoing.HOLD
    relay: Relay = Relay()
    dns_servers: tuple[str, ...] = ()
    mx_port: int = 25
    message_bytes_max: int = MESSAGE_BYTES_MAX
    recipients_max: int = RECIPIENTS_MAX
    connections_per_client: int = 30
    connections_max: int = 500

    @property
    def mail(self) -> Path:
        """The engine's own folder."""
        return self.home / "mail"

    @property
    def published(self) -> Path:
        """What the room wants, one folder per domain."""
        return self.mail / "published"

    @property
    def store(self) -> Path:
        """The mailboxes: `store/<domain>/<local part>` in Maildir++ layout."""
        return self.mail / "store"

    @property
    def queue(self) -> Path:
        """Messages on their way out."""
        return self.mail / "queue"

    @property
    def spool(self) -> Path:
        """Messages being received."""
        return self.mail / "spool"

    @property
    def journal(self) -> Path:
        """What was received and sent, one file per day."""
        return self.mail / "journal"

    @property
    def secrets(self) -> Path:
        """Keys that only the engine's processes read."""
        return self.mail / "secrets"
