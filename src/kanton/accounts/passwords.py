"""The login password: what a new one must be (ACC-32), and asking for it again inside a session (ACC-33)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kanton.accounts.errors import WeakPassword, WrongPassword
from kanton.accounts.models import Person, address_key
from kanton.core.throttle import forget, throttle

MAX_LENGTH = 128
TRIES = 10  # wrong passwords inside a session
QUARTER = timedelta(minutes=15)

# Whether the session of the request at hand proved moments ago that this person sits there (ACC-33, ACC-34).
_fresh_proof: ContextVar[Callable[[Person], bool] | None] = ContextVar("fresh_proof", default=None)


def check_new_password(password: str, person: Person, *, field: str = "password") -> None:
    """Raises WeakPassword with every rule that the password breaks: too short or long, the address, a common one."""
    reasons: list[str] = []
    if len(password) > MAX_LENGTH:
        reasons.append(_("The password may have at most %(limit)s characters.") % {"limit": MAX_LENGTH})
    if address_key(password) == address_key(person.email):
        reasons.append(_("The password must not be your e-mail address."))
    try:
        validate_password(password[: MAX_LENGTH * 4], person)
    except ValidationError as error:
        reasons += [str(message) for message in error.messages]
    if reasons:
        raise WeakPassword(reasons, field=field)


def password_again(person: Person, password: str) -> None:
    """Raises WrongPassword unless this is the login password, or the session has a fresh proof of the person."""
    if not password and has_fresh_proof(person):
        return
    tries = f"password-again:{person.pk}"
    throttle(tries, TRIES, QUARTER).or_refuse()
    if not person.check_password(password):
        raise WrongPassword
    forget(tries)


@contextmanager
def proving(has_proof: Callable[[Person], bool]) -> Iterator[None]:
    """While this request runs, `password_again` may ask whether its session has a fresh proof."""
    token = _fresh_proof.set(has_proof)
    try:
        yield
    finally:
        _fresh_proof.reset(token)


def has_fresh_proof(person: Person) -> bool:
    """Did this session prove the person again within the last minutes (ACC-33, ACC-34)?"""
    proof = _fresh_proof.get()
    return proof is not None and proof(person)
