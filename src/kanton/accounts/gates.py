"""What other rooms put before the beginning and after the end of a session."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from kanton.accounts.models import Person

_gates: list[Callable[[HttpRequest, Person], None]] = []
_sign_outs: list[Callable[[HttpRequest], str]] = []


def register_gate(check: Callable[[HttpRequest, Person], None]) -> None:
    """Called before every session, however its person was proven; raises a DomainError to keep it shut."""
    _gates.append(check)


def check_gates(request: HttpRequest, person: Person) -> None:
    """Ask every gate."""
    for check in _gates:
        check(request, person)


def register_sign_out(target: Callable[[HttpRequest], str]) -> None:
    """Called just before a session ends: where signing out goes on to, or ""."""
    _sign_outs.append(target)


def sign_out_target(request: HttpRequest) -> str:
    """Where the browser goes on to sign out elsewhere too; "" when nowhere."""
    return next((found for target in _sign_outs if (found := target(request))), "")
