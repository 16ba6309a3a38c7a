"""What the end of an account means for its own rows."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kanton.accounts.ending import Effect, Ending, Fate
from kanton.accounts.models import ApiToken, Person
from kanton.accounts.profile.models import Picture
from kanton.config import config
from kanton.core.actor import Actor


def _account_effects(person: Person) -> Iterator[Effect]:
    yield Effect(
        _("You can no longer sign in with %(email)s; all access under this address ends at once.")
        % {"email": person.email}
    )
    sessions = UserSession.objects.filter(user=person).count()
    if sessions:
        yield Effect(
            ngettext(
                "You are signed out on %(number)s device.",
                "You are signed out on all %(number)s devices.",
                sessions,
            )
            % {"number": sessions}
        )
    tokens = ApiToken.objects.filter(person=person, revoked_at=None).count()
    if tokens:
        yield Effect(
            ngettext(
                "%(number)s API token stops working, and with it the program that uses it.",
                "%(number)s API tokens stop working, and with them the programs that use them.",
                tokens,
            )
            % {"number": tokens}
        )
    yield Effect(_("Your name and network addresses are blanked in the activity of your organizations."))
    yield Effect(
        _("Invoices stay with your organizations, as the law demands, and name the organization."), Fate.STAYS
    )
    yield Effect(
        _("The address becomes free: a new account at %(operator)s may use it, and begins empty.")
        % {"operator": config.operator.name},
        Fate.STAYS,
    )


def _end_sessions(actor: Actor, person: Person) -> None:
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = UserSession.objects.filter(user=person)
    for key in list(sessions.values_list("session_key", flat=True)):
        store().delete(key)
    sessions.delete()


def _profile_effects(person: Person) -> Iterator[Effect]:
    if Picture.objects.filter(person=person).exists():
        yield Effect(_("Your name, profile picture and settings are deleted."))
    else:
        yield Effect(_("Your name and settings are deleted."))


ACCOUNT = Ending("account", effects=_account_effects, carry_out=_end_sessions, order=0)
PROFILE = Ending("profile", effects=_profile_effects, order=10)
