"""What a token may be narrowed to: per product, for reading or for everything (API-18)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

ALL: Final = "all"
# A route that any token may use, whatever its scopes: reference data.
ANY: Final[tuple[str, ...]] = ("*",)


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope: its name in the interface, what people read, and the weaker scopes that come with it."""

    code: str
    label: Any
    implies: tuple[str, ...] = ()


SCOPES: Final[dict[str, Scope]] = {
    scope.code: scope
    for scope in (
        Scope(ALL, _("Everything you may do")),
        Scope("user_info", _("Read your profile")),
        Scope("user_email", _("Read your e-mail addresses")),
        Scope("profile_update", _("Change your profile"), ("user_info", "user_email")),
        Scope("accounts", _("Read and change organizations"), ("accounts:read",)),
        Scope("accounts:read", _("Read organizations and their products")),
        Scope("users", _("Manage people of organizations"), ("users:read",)),
        Scope("users:read", _("Read people of organizations")),
        Scope("invoicing", _("Read invoices, pay, and top up the prepaid account"), ("invoicing:read",)),
        Scope("invoicing:read", _("Read invoices and the prepaid account")),
        Scope("order", _("Order and renew products, which costs money"), ("invoicing:read",)),
        Scope("domain", _("Everything about domains and DNS"), ("domain:read", "dns:read", "dns:write")),
        Scope("domain:read", _("Read domains")),
        Scope("dns:read", _("Read DNS zones")),
        Scope("dns:write", _("Change DNS zones")),
        Scope("mail", _("Everything about mail"), ("mail:read",)),
        Scope("mail:read", _("Read mail services and mailboxes")),
        Scope("web", _("Everything about web hosting")),
        Scope("drive", _("Everything about drive")),
        Scope("kchat", _("Everything about chat")),
        Scope("public_cloud", _("Everything about public cloud")),
        Scope("staff", _("Work of the provider’s staff")),
    )
}


def add_scope(scope: Scope) -> None:
    """Make a product's scope known. Called from its `apps.py`."""
    SCOPES.setdefault(scope.code, scope)


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes with everything they imply."""
    found: set[str] = set()
    waiting = list(scopes)
    while waiting:
        code = waiting.pop()
        if code not in found:
            found.add(code)
            if code in SCOPES:
                waiting += SCOPES[code].implies
    return frozenset(found)


def offered() -> list[Scope]:
    """The scopes that open something here: those of a right or of a route that exists."""
    from kanton.core.api.routing import ROUTES
    from kanton.core.rights import RIGHTS

    used = {code for route in ROUTES for code in route.scopes}
    used |= {code for right in RIGHTS.values() for code in right.scopes}
    return [scope for scope in SCOPES.values() if scope.code == ALL or used & expand([scope.code])]
