"""The links of newsletters: signed, so that nothing secret needs to be kept."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing

from kanton.accounts.models import Person
from kanton.accounts.news.errors import TokenGone
from kanton.accounts.news.models import Subscriber

CONFIRM_LIFE = timedelta(days=7)
_CONFIRM, _LEAVE = "kanton.news.confirm", "kanton.news.leave"


def confirmation_of(subscriber: Subscriber) -> str:
    """For the link that confirms an address."""
    return signing.dumps([subscriber.pk, subscriber.email_key], salt=_CONFIRM)


def confirmed_by(token: str) -> Subscriber:
    """Whose address the link confirms, or TokenGone."""
    try:
        number, key = signing.loads(token, salt=_CONFIRM, max_age=CONFIRM_LIFE)
    except (signing.BadSignature, ValueError):
        raise TokenGone from None
    found = Subscriber.objects.filter(pk=number, email_key=key).first()
    if found is None:
        raise TokenGone
    return found


def leave_of(reader: Person | Subscriber) -> str:
    """For the link by which a reader leaves, without signing in."""
    kind = "person" if isinstance(reader, Person) else "subscriber"
    return signing.dumps([kind, reader.pk, reader.email_key], salt=_LEAVE)


def left_by(token: str) -> Person | Subscriber:
    """Who leaves by the link, or TokenGone. It never grows old."""
    try:
        kind, number, key = signing.loads(token, salt=_LEAVE)
    except (signing.BadSignature, ValueError):
        raise TokenGone from None
    readers = Person.objects if kind == "person" else Subscriber.objects
    found: Person | Subscriber | None = readers.filter(pk=number, email_key=key).first()
    if found is None:
        raise TokenGone
    return found
