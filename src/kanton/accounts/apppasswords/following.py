"""App passwords when the login password changes, when the account ends, and on the page "Security"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kanton.accounts.apppasswords.actions import revoke_all
from kanton.accounts.apppasswords.models import AppPassword
from kanton.accounts.ending import Effect, Ending
from kanton.accounts.following import Follower, Offer
from kanton.accounts.models import Person
from kanton.accounts.profile.exporting import Part
from kanton.accounts.security import Box
from kanton.accounts.web import AccountRequest
from kanton.core.actor import Actor


def _number(person: Person) -> int:
    return AppPassword.objects.filter(person=person).count()


def _offer(person: Person) -> Offer | None:
    number = _number(person)
    if not number:
        return None
    text = ngettext("Also revoke my app password", "Also revoke my %(number)s app passwords", number) % {
        "number": number
    }
    return Offer(text, _("Programs that use one ask for a new one. Do it if somebody else may know them."))


def _changed(actor: Actor, person: Person, password: str, taken: bool) -> None:
    if taken:
        revoke_all(actor, person)


def _reset(actor: Actor, person: Person, password: str) -> None:
    """Whoever had to recover the account may have lost more than the password: all app passwords die."""
    revoke_all(actor, person)


def _effects(person: Person) -> Iterator[Effect]:
    if number := _number(person):
        yield Effect(
            ngettext(
                "%(number)s app password stops working, and the program with it.",
                "%(number)s app passwords stop working, and the programs with them.",
                number,
            )
            % {"number": number}
        )


def _carry_out(actor: Actor, person: Person) -> None:
    revoke_all(actor, person)


def _box(request: AccountRequest) -> dict[str, Any]:
    return {"number": _number(request.user)}


FOLLOWER = Follower("app-passwords", _offer, _changed, _reset)
ENDING = Ending("app-passwords", _effects, carry_out=_carry_out, order=20)
EXPORT = Part(
    "app-passwords",
    gettext_lazy("App passwords"),
    lambda person: (
        {
            "name": one.name,
            "scopes": one.scopes,
            "created_at": one.created_at,
            "expires_at": one.expires_at,
            "last_used_at": one.last_used_at,
        }
        for one in AppPassword.objects.filter(person=person).order_by("pk")
    ),
    order=40,
)
BOX = Box("app-passwords", "apppasswords/_box.html", _box, order=60)
