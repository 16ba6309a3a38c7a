"""News by mail."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from kanton.accounts.models import Person
from kanton.accounts.news import emails
from kanton.accounts.news.models import News, Subscriber
from kanton.core import clock
from kanton.core.jobs import periodic

UNCONFIRMED_LIFE = timedelta(days=7)


@task(priority=-30)
def mail_news(news_id: int) -> None:
    """Mail news to those who switched their topic on, and to confirmed subscribers; once to each address, however
    often this runs."""
    news = News.objects.filter(pk=news_id).first()
    if news is None:
        return
    people = Person.objects.filter(topics__topic=news.topic, is_active=True, confirmed_at__isnull=False)
    for person in people.order_by("pk").iterator(chunk_size=500):
        emails.news(person, news)
    for subscriber in (
        Subscriber.objects.filter(confirmed_at__isnull=False).order_by("pk").iterator(chunk_size=500)
    ):
        emails.news(subscriber, news)


@periodic("news: forget unconfirmed addresses", at="03:20")
@task()
def forget_unconfirmed() -> None:
    """Addresses that nobody confirmed within a week are not kept."""
    Subscriber.objects.filter(confirmed_at=None, asked_at__lt=clock.now() - UNCONFIRMED_LIFE).delete()
