"""Tries to sign in with a password: what rooms ask before the password is looked at, and what follows a wrong one.

Both get the address as it was typed, whether or not it has an account, and must do the same work either way.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

Watch = Callable[[HttpRequest, str], None]

_gates: list[Watch] = []
_failures: list[Watch] = []


def register_gate(gate: Watch) -> None:
    """Asked before the password is checked; raises a DomainError to refuse."""
    _gates.append(gate)


def register_failure(follow: Watch) -> None:
    """Told about a wrong password."""
    _failures.append(follow)


def before(request: HttpRequest, email: str) -> None:
    """Ask every gate."""
    for gate in _gates:
        gate(request, email)


def failed(request: HttpRequest, email: str) -> None:
    """Tell everybody."""
    for follow in _failures:
        follow(request, email)
