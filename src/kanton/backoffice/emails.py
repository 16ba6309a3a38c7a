"""The mails about what staff do to somebody's account."""

from __future__ import annotations

from collections.abc import Sequence

from kanton.accounts.emails import to_both
from kanton.accounts.models import Person
from kanton.config import config
from kanton.core import clock


def sessions_ended(person: Person, browsers: Sequence[str], reason: str) -> None:
    """Which browsers were signed out, and why; to the login and the recovery address."""
    values = {
        "browsers": list(browsers),
        "reason": reason,
        "at": clock.now(),
        "support": config.operator.support_email,
    }
    to_both(person, "backoffice/sessions_ended", values)
