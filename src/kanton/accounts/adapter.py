"""Where django-allauth asks us."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.utils.http import url_has_allowed_host_and_scheme

from kanton.accounts import attempts
from kanton.accounts.gates import check_gates
from kanton.accounts.models import Person, address_key
from kanton.core import secrets
from kanton.core.throttle import Rule, forget, throttle_all
from kanton.core.web import client_address

QUARTER = timedelta(minutes=15)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts as Kanton keeps them."""

    def is_open_for_signup(self, request: Any) -> bool:
        """Registration runs through our own action, not through allauth's form."""
        return False

    def get_login_stages(self) -> list[str]:
        """The steps after the password: the second factor, of whatever method."""
        return ["kanton.accounts.second_factor.SecondFactorStage"]

    def pre_login(self, request: Any, user: Person, **more: Any) -> Any:
        """Whatever proved the person: other rooms may keep the session shut, such as where SSO is demanded."""
        check_gates(request, user)
        return super().pre_login(request, user, **more)

    def is_safe_url(self, url: str | None) -> bool:
        """Only addresses of our own, written without a host."""
        return bool(url) and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_client_ip(self, request: Any) -> str:
        """The address that a trusted proxy reports, or the connection's."""
        return client_address(request) or "::"

    def pre_authenticate(self, request: Any, **credentials: Any) -> None:
        """Count the attempt: by address and network together, by each alone. TooMany when a limit is used up.

        The limit per account and network is small; that per account alone is generous, so that a stranger who types
        wrong passwords hardly shuts the owner out.
        """
        attempts.before(request, credentials.get("email", ""))
        ip = client_address(request)
        account = account_key(credentials.get("email", ""))
        throttle_all(
            [
                Rule(f"sign-in:{account}:{ip}", 10, QUARTER),
                Rule(f"sign-in:{ip}", 100, QUARTER),
                Rule(f"sign-in:{account}", 100, QUARTER * 4),
            ]
        ).or_refuse()

    def authenticate(self, request: Any, **credentials: Any) -> Person | None:
        """The person with these credentials. Success clears the counter of this account from this network only."""
        person: Person | None = super().authenticate(request, **credentials)
        if person is not None:
            forget(f"sign-in:{account_key(credentials.get('email', ''))}:{client_address(request)}")
        return person

    def authentication_failed(self, request: Any, **credentials: Any) -> None:
        """Tell those who watch."""
        attempts.failed(request, credentials.get("email", ""))

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our pages say themselves what happened."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Our actions write the mails."""


def account_key(email: str) -> str:
    """Under what an address is counted, whether or not it has an account."""
    return secrets.token_hash(address_key(email))[:24]


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors, encrypted at rest."""

    def encrypt(self, text: str) -> str:
        """Without this, TOTP seeds would lie in clear in the database."""
        return secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The seed."""
        return secrets.decrypt(encrypted_text)
