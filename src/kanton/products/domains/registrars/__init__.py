"""The port to registrars: what every connection to a registry can do, and which one is configured.

All calls may be repeated: those that cost or change something carry a key, and the same key means the same
order.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol


class Availability(enum.StrEnum):
    """What a registry says about a name that somebody would like."""

    FREE = "free"
    TAKEN = "taken"
    RESERVED = "reserved"


class Refusal(enum.StrEnum):
    """Why a registry refuses; trying again does not help, somebody has to do something (DOM-21)."""

    TAKEN = "taken"
    RESERVED = "reserved"
    POLICY = "policy"
    UNKNOWN = "unknown"
    WRONG_CODE = "wrong_code"
    LOCKED = "locked"
    TOO_YOUNG = "too_young"
    REJECTED = "rejected"
    NOT_RENEWABLE = "not_renewable"
    NAMESERVERS = "nameservers"


class RegistrarRefused(Exception):
    """The registry said no, and why."""

    def __init__(self, refusal: Refusal, words: str = "") -> None:
        super().__init__(refusal.value, words)
        self.refusal, self.words = refusal, words


class RegistrarUnavailable(Exception):
    """No answer: nobody knows whether it was done. Ask again with the same key."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A name as the registry has it. `status` are EPP words; a name with pendingCreate or pendingTransfer is
    not ours yet.
    """

    name: str
    status: tuple[str, ...]
    nameservers: tuple[str, ...]
    created_on: date
    expires_on: date
    is_ours: bool = True
    ends_on: date | None = None  # of the redemption period

    @property
    def is_pending(self) -> bool:
        """Whether the registry still works on it."""
        return "pendingCreate" in self.status or "pendingTransfer" in self.status

    @property
    def is_locked(self) -> bool:
        """Whether it cannot be transferred away."""
        return "clientTransferProhibited" in self.status


@dataclass(frozen=True, slots=True)
class Holder:
    """One contact, as a registry wants it."""

    kind: str
    name: str
    company: str
    street: str
    postal_code: str
    city: str
    country: str
    phone: str
    email: str


class Registrar(Protocol):
    """A connection to registries."""

    def check(self, names: Sequence[str]) -> dict[str, Availability]:
        """Which of these names could be registered."""

    def info(self, name: str) -> Registration | None:
        """The name as the registry has it; None when nobody has it."""

    def create(
        self, name: str, *, years: int, nameservers: Sequence[str], holder: Holder, key: str
    ) -> Registration:
        """Register a name for us."""

    def renew(self, name: str, *, expires_on: date, years: int, key: str) -> Registration:
        """Prolong a name that now expires on a day."""

    def set_nameservers(self, name: str, nameservers: Sequence[str]) -> Registration:
        """Point a name of ours to other name servers."""

    def set_lock(self, name: str, *, locked: bool) -> Registration:
        """Forbid or allow transfers to other registrars."""

    def set_hold(self, name: str, *, held: bool) -> Registration:
        """Take a name out of the zone of its extension, or put it back."""

    def set_holder(self, name: str, role: str, holder: Holder) -> Registration:
        """Replace one contact."""

    def authorization_code(self, name: str) -> str:
        """The code with which the holder can take the name elsewhere."""

    def transfer(self, name: str, *, code: str, key: str) -> Registration:
        """Fetch a name from another registrar."""

    def delete(self, name: str) -> Registration:
        """Give a name up: its redemption period begins."""

    def restore(self, name: str, *, key: str) -> Registration:
        """Fetch a name back from its redemption period."""


_registrar: list[Registrar] = []


def registrar() -> Registrar:
    """The configured registrar: the sandbox, unless another one was put in its place."""
    if not _registrar:
        from kanton.config import config
        from kanton.products.domains.registrars.sandbox import SandboxRegistrar

        _registrar.append(SandboxRegistrar(config.home / "registry" / "sandbox.sqlite3"))
    return _registrar[0]


def use_registrar(new: Registrar | None) -> None:
    """Put another registrar in its place (None: the configured one)."""
    _registrar[:] = [] if new is None else [new]
