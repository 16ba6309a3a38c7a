"""What is typed as user name: an address, or the substitute of an address that was deleted (ACC-62)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from kanton.accounts.models import Person

SUBSTITUTES = "recovery.invalid"  # no mail can ever go there, and nobody can own it
IDENTIFIER = re.compile(r"[A-Z]{2}[0-9]{6,12}")


def login_of(typed: str) -> str:
    """The login address meant: a recovery identifier such as AK 482 913 stands for its substitute address."""
    written = re.sub(r"[\s.-]", "", typed).upper()
    return address_of(written) if IDENTIFIER.fullmatch(written) else typed.strip()


def address_of(identifier: str) -> str:
    """The address under which an account without login address is kept meanwhile."""
    return f"{identifier.lower()}@{SUBSTITUTES}"


def is_substitute(address: str) -> bool:
    """Is this no address at all, but the place of one that was deleted?"""
    return address.strip().lower().endswith(f"@{SUBSTITUTES}")


def shown_login(person: Person) -> str:
    """The login e-mail as others read it: while it is gone, that it is being changed (ACC-63)."""
    return _("login address being changed") if is_substitute(person.email) else person.email
