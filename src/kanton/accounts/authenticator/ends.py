"""What the end of an account means for the phones linked to it. Their rows go with the person's."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import ngettext

from kanton.accounts.authenticator.queries import linked_devices
from kanton.accounts.ending import Effect
from kanton.accounts.models import Person


def effects(person: Person) -> Iterator[Effect]:
    """The account disappears from the apps."""
    count = linked_devices(person).count()
    if count:
        text = ngettext(
            "The account disappears from the Authenticator on one phone.",
            "The account disappears from the Authenticator on %(count)s phones.",
            count,
        )
        yield Effect(text % {"count": count})
