"""Finding the person who signs in."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend

from kanton.accounts.models import Person, address_key
from kanton.core.prepared import PreparedModels

_by_number = PreparedModels(lambda pk: Person.objects.filter(pk=pk), int)


class AddressBackend(AuthenticationBackend):  # type: ignore[misc]
    """By login address, however it is spelled (ACC-25). One indexed query; unknown addresses take as long."""

    def _authenticate_by_email(self, email: str, password: str) -> Person | None:
        person = Person.objects.filter(email_key=address_key(email)).first()
        found: Person | None = self._check_password(person, password)
        return found

    def get_user(self, user_id: int) -> Person | None:
        """The person of a session, if they may still sign in."""
        person = _by_number.first(int(user_id))
        return person if person is not None and self.user_can_authenticate(person) else None
