"""Everybody reads news, minds their own topics, and only staff write."""

from __future__ import annotations

from kanton.accounts.news.actions import (
    choose_topics,
    confirm_subscription,
    publish_news,
    subscribe,
    unsubscribe,
)
from kanton.accounts.news.errors import TokenGone
from kanton.accounts.news.models import News
from kanton.testing_matrix import (
    EVERYBODY,
    OWNER_ONLY,
    SIGNED_IN,
    STAFF_ONLY,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)

TEXTS = {"en": {"title": "New", "body": "There is something new."}}


def one(cast: Cast) -> dict[str, int]:
    """The number of a piece of news."""
    return {"number": News.objects.create(topic="products", texts=TEXTS).pk}


GONE = dict.fromkeys(EVERYBODY, 410)
LINES: list[Line] = [
    act(
        "accounts.choose_topics",
        lambda actor, cast: choose_topics(actor, cast.people[Who.OWNER], topics=["products"]),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.subscribe", lambda actor, cast: subscribe(actor, email="lea@example.ch"), allowed=EVERYBODY
    ),
    act(
        "accounts.confirm_subscription",
        lambda actor, cast: confirm_subscription(actor, token="none"),
        allowed=EVERYBODY,
        fails=TokenGone,
    ),
    act(
        "accounts.unsubscribe",
        lambda actor, cast: unsubscribe(actor, token="none"),
        allowed=EVERYBODY,
        fails=TokenGone,
    ),
    act(
        "accounts.publish_news",
        lambda actor, cast: publish_news(actor, topic="products", texts=TEXTS),
        allowed=STAFF_ONLY,
    ),
    page("/news", allowed=EVERYBODY),
    page("/news/<int:number>", allowed=EVERYBODY, fill=one),
    page("/newsletter", allowed=EVERYBODY),
    page("/newsletter/confirm/<str:token>", allowed=EVERYBODY, fill=lambda cast: {"token": "none"}, but=GONE),
    page("/newsletter/leave/<str:token>", allowed=EVERYBODY, fill=lambda cast: {"token": "none"}, but=GONE),
    page("/account/settings", allowed=SIGNED_IN),
    page("/account/settings/news", allowed=SIGNED_IN),
    page("/account/settings/news", post={"products": "on"}, allowed=SIGNED_IN),
    page("/staff/news", allowed=STAFF_ONLY, but=dict.fromkeys(SIGNED_IN - STAFF_ONLY, 404)),
    page(
        "/staff/news",
        post={"topic": "products", "title_en": "New", "body_en": "There is something new."},
        allowed=STAFF_ONLY,
        but=dict.fromkeys(SIGNED_IN - STAFF_ONLY, 404),
    ),
    api("GET", "/2/news", allowed=SIGNED_IN),
    api("GET", "/2/news/{number}", allowed=SIGNED_IN, fill=one),
    api(
        "POST",
        "/2/staff/news",
        data={"topic": "products", "texts": TEXTS},
        allowed=STAFF_ONLY,
        but={Who.STRANGER: 403},
        status=201,
    ),
    api("GET", "/2/profile/topics", allowed=SIGNED_IN),
    api("PUT", "/2/profile/topics", data={"topics": ["products"]}, allowed=SIGNED_IN),
]
