"""The boxes of the page "Security" about login e-mail and the ways back (ACC-46, ACC-47)."""

from __future__ import annotations

from typing import Any

from kanton.accounts.recovery.models import What, proven_phone, proven_recovery_email
from kanton.accounts.recovery.queries import dependency_of, waiting_change
from kanton.accounts.security import Box
from kanton.accounts.web import AccountRequest
from kanton.core.outbox import sms_is_available


def _login(request: AccountRequest) -> dict[str, Any]:
    return {"waiting": waiting_change(request.user, What.LOGIN)}


def _recovery_email(request: AccountRequest) -> dict[str, Any]:
    person = request.user
    return {
        "waiting": waiting_change(person, What.RECOVERY),
        "is_proven": bool(proven_recovery_email(person)),
        "warning": dependency_of(person, person.recovery_email),
    }


def _phone(request: AccountRequest) -> dict[str, Any]:
    return {"is_proven": bool(proven_phone(request.user)), "has_gateway": sms_is_available()}


BOXES = (
    Box("login-address", "recovery/boxes/_login.html", _login, order=5),
    Box("recovery-email", "recovery/boxes/_recovery_email.html", _recovery_email, order=60),
    Box("recovery-phone", "recovery/boxes/_phone.html", _phone, order=61),
)
