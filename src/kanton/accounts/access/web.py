"""What follows every completed sign-in, by whatever way."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from kanton.accounts.access import devices, locking
from kanton.accounts.access.actions import tell_sign_in
from kanton.accounts.middleware import actor_of
from kanton.accounts.models import Person


def on_signed_in(
    sender: Any, *, request: HttpRequest, user: Person, response: Any = None, **more: Any
) -> None:
    """Know the browser and the network, tell about a new place, and count wrong passwords from nothing."""
    actor = actor_of(user, request)
    is_new = devices.remember(request, response, user, actor)
    locking.open_again(user)
    tell_sign_in(actor, user, is_new=is_new)
