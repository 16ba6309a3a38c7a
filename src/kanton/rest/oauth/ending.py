"""What the end of an account means for the applications that may act in its name."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kanton.accounts.ending import Effect, Ending
from kanton.accounts.models import Person
from kanton.core.action import record
from kanton.core.actor import Actor
from kanton.rest.oauth.activity import Happened
from kanton.rest.oauth.models import Application, Consent


def _effects(person: Person) -> Iterator[Effect]:
    count = Consent.objects.filter(person=person).count()
    if count:
        text = ngettext(
            "%(number)s application loses its access.", "%(number)s applications lose their access.", count
        )
        yield Effect(text % {"number": count})
    for application in Application.objects.filter(acts_for=person, is_machine=True).select_related(
        "organization"
    ):
        text = _(
            "The application “%(name)s” of %(organization)s works in your name when nobody is present. It stops."
        )
        yield Effect(text % {"name": application.name, "organization": application.organization.name})


def end_all(actor: Actor, person: Person) -> None:
    """Within the action that blocks an account: nothing acts in its name any more."""
    Application.objects.filter(acts_for=person).update(acts_for=None, is_machine=False)
    for consent in Consent.objects.filter(person=person).select_related("application").order_by("pk"):
        record(actor, Happened.CONSENT_WITHDRAWN, consent)
        consent.delete()


APPLICATIONS = Ending("applications", effects=_effects, order=22)
