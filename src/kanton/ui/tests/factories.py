"""What the tests of the design system share. Mail rows stand for any model: they have texts, states and empty dates."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest
from django.test import RequestFactory

from kanton.core.actor import visitor
from kanton.core.outbox.models import Mail

START = dt.datetime(2027, 3, 9, 12, 0, tzinfo=dt.UTC)


def a_request(path: str = "/things", method: str = "get", data: Any = None, **headers: str) -> HttpRequest:
    """A request as a view gets it."""
    request = getattr(RequestFactory(), method)(path, data, headers=headers)
    request._messages = CookieStorage(request)
    request.actor = visitor()
    assert isinstance(request, HttpRequest)
    return request


def mails(number: int, *, sent: int = 0, state: str = "waiting") -> list[Mail]:
    """So many mails; the first `sent` of them have a date, two on each day."""
    rows = [
        Mail(
            to=f"person{index:04d}@example.ch",
            subject=f"Subject {index % 7}",
            text="",
            html="",
            language="en",
            template="t",
            message_id=f"<{index}@example.ch>",
            state=state,
            created_at=START + dt.timedelta(minutes=index),
            sent_at=START + dt.timedelta(days=index // 2) if index < sent else None,
        )
        for index in range(number)
    ]
    return Mail.objects.bulk_create(rows)
