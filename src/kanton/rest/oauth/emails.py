"""Mails about applications that may act in somebody's name (API-21)."""

from __future__ import annotations

from collections.abc import Sequence

from kanton.accounts.emails import to_both
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.rest.oauth.models import Application, Consent
from kanton.rest.oauth.scopes import in_words


def allowed(consent: Consent, scopes: Sequence[str]) -> None:
    """Tell about a new consent, or one for more."""
    application = consent.application
    values = {"application": application, "scopes": [*in_words(scopes)], "at": clock.now()}
    to_both(consent.person, "oauth/allowed", values)


def machine_created(person: Person, application: Application) -> None:
    """Tell about a machine that acts in somebody's name."""
    values = {"application": application, "scopes": [*in_words(application.scopes)], "at": clock.now()}
    to_both(person, "oauth/machine", values)


def stolen(consent: Consent) -> None:
    """Tell that a key of an application was used twice."""
    to_both(consent.person, "oauth/stolen", {"application": consent.application, "at": clock.now()})
