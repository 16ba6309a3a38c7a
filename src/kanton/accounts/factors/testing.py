"""For tests: people with second factors."""

from __future__ import annotations

from allauth.mfa.models import Authenticator

from kanton.accounts.factors import totp
from kanton.accounts.factors.models import BackupCode
from kanton.accounts.models import Person
from kanton.core import clock, secrets

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - of the tests' people


def give_totp(person: Person) -> list[str]:
    """Turn two-factor authentication on for this person with the key SECRET. Returns the backup codes."""
    data = {"secret": secrets.encrypt(SECRET)}
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data=data)
    return BackupCode.issue(person)


def code_now(steps: int = 0) -> str:
    """The code of SECRET at this moment, or so many steps later."""
    return totp.code_at(SECRET, totp.step_at(clock.now()) + steps)
