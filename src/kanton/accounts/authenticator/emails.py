"""The mails of the Authenticator, in the one form of security mails (ACC-126, ACC-128)."""

from __future__ import annotations

from kanton.accounts.authenticator.models import SignInRequest
from kanton.accounts.emails import to_both
from kanton.accounts.models import Person
from kanton.core import clock


def paused(person: Person) -> None:
    """Somebody with the password asks the phone again and again."""
    to_both(person, "authenticator/paused", {"at": clock.now()})


def disowned(request: SignInRequest) -> None:
    """The phone said “this was not me”: what to do now."""
    values = {
        "at": request.created_at, "address": request.address, "browser": request.browser, "place": request.place,
    }  # fmt: skip
    to_both(request.person, "authenticator/disowned", values)
