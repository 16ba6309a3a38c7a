"""Reads of news."""

from __future__ import annotations

from django.db.models import QuerySet

from kanton.accounts.news.models import News, TopicChoice
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found


def topics_of(actor: Actor) -> list[str]:
    """The topics that the actor has switched on."""
    return list(TopicChoice.objects.filter(person_id=actor.person_id or 0).values_list("topic", flat=True))


def all_news() -> QuerySet[News]:
    """Everything published, newest first."""
    return News.objects.order_by("-published_at", "-pk")


def news_by_number(number: int) -> News:
    """One piece, or NotFound."""
    return get_or_not_found(News.objects.all(), pk=number)
