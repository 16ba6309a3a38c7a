"""What keeps an organization from letting a member in again, such as a block by the provider."""

from __future__ import annotations

from collections.abc import Callable

from kanton.core.errors import DomainError
from kanton.organizations.errors import AccessSuspended
from kanton.organizations.models import Membership

_holds: list[Callable[[Membership], None]] = []


def register(check: Callable[[Membership], None]) -> None:
    """Called from `AppConfig.ready()`; the check raises a DomainError that says who can help."""
    _holds.append(check)


def ask(membership: Membership) -> None:
    """Ask all of them."""
    for check in _holds:
        check(membership)


def why(membership: Membership) -> DomainError:
    """What a suspended member is told in front of the closed door."""
    try:
        ask(membership)
    except DomainError as held:
        return held
    return AccessSuspended(organization=membership.organization.name)
