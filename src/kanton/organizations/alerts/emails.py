"""The mail of a security alert."""

from __future__ import annotations

from allauth.usersessions.models import UserSession

from kanton.accounts.apppasswords.models import AppPassword
from kanton.accounts.emails import to_both
from kanton.accounts.queries import is_protected
from kanton.core import clock
from kanton.organizations.models import Membership


def security_alert(membership: Membership, *, by: str) -> None:
    """How the account is protected today. It carries no link (ACC-126)."""
    person = membership.person
    values = {
        "organization": membership.organization.name,
        "by": by,
        "at": clock.now(),
        "has_second_factor": is_protected(person.pk),
        "has_recovery": bool(person.recovery_email or person.phone),
        "sessions": UserSession.objects.filter(user=person).count(),
        "keys": person.api_tokens.filter(revoked_at=None).count()
        + AppPassword.objects.filter(person=person).count(),
    }
    to_both(person, "alerts/security_alert", values)
