"""The mails of the newsletter."""

from __future__ import annotations

from kanton.accounts.models import Person
from kanton.accounts.news.models import News, Subscriber, Topic
from kanton.accounts.news.tokens import confirmation_of, leave_of
from kanton.config import config
from kanton.core.outbox import Prose, send_mail


def confirm(subscriber: Subscriber) -> None:
    """Ask whether the address really wants the newsletter (ACC-122)."""
    send_mail(
        subscriber.email,
        "news/confirm",
        {"link": f"{config.web.address}/newsletter/confirm/{confirmation_of(subscriber)}"},
        language=subscriber.language,
        kind="newsletter",
        secret=True,
    )


def news(reader: Person | Subscriber, news: News) -> None:
    """One piece of news, once to each address."""
    title, body = news.text_in(reader.language)
    send_mail(
        reader.email,
        "news/news",
        {
            "title": title,
            "body": Prose(body),
            "topic": Topic(news.topic).label,
            "link": f"{config.web.address}/news/{news.pk}",
            "leave": f"{config.web.address}/newsletter/leave/{leave_of(reader)}",
        },
        language=reader.language,
        time_zone=reader.time_zone if isinstance(reader, Person) else "",
        kind="newsletter",
        unique_key=f"news:{news.pk}:{reader.email_key}"[:200],
    )
