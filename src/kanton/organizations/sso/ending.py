"""What the end of an account means for the sign-in through an organization."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from kanton.accounts.ending import Effect, Ending
from kanton.accounts.models import Person
from kanton.organizations.sso.queries import own_identities


def _effects(person: Person) -> Iterator[Effect]:
    for identity in own_identities(person):
        text = _("You no longer sign in here through %(organization)s. Your account there stays.")
        yield Effect(text % {"organization": identity.organization.name})


SSO = Ending("sso", effects=_effects, order=24)
