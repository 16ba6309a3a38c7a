"""News by program."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.news.actions import choose_topics, publish_news
from kanton.accounts.news.errors import NoText, UnknownTopic
from kanton.accounts.news.models import News
from kanton.accounts.news.queries import all_news, news_by_number, topics_of
from kanton.accounts.queries import person_of
from kanton.core.api import ANY, ApiRequest, Body, Lists, Router, Rows, Timestamp
from kanton.core.parity import exposes

router = Router("News")

TopicName = Literal["products", "guides", "operations", "offers"]


class NewsOut(TypedDict):
    """A piece of news, in the language of the token's person where it was written in it."""

    id: int
    topic: str
    title: str
    text: str
    published_at: Timestamp


class TextIn(Body):
    """Title and text in one language."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    body: Annotated[str, Field(min_length=1, max_length=20_000)]


class NewsIn(Body):
    """News in one language or several."""

    topic: TopicName
    texts: dict[Literal["en", "de", "fr", "it", "es"], TextIn]


class TopicsIn(Body):
    """The topics of which news are mailed."""

    topics: Annotated[list[TopicName], Field(max_length=10)]


def news_out(news: News) -> NewsOut:
    """A piece of news."""
    return {
        "id": news.pk,
        "topic": news.topic,
        "title": news.title,
        "text": news.body,
        "published_at": int(news.published_at.timestamp()),
    }


@router.get(
    "/2/news",
    scopes=(ANY,),
    lists=Lists(order={"published_at": "published_at", "id": "pk"}, default="-published_at"),
)
@exposes(all_news)
def list_news(request: ApiRequest) -> Rows[NewsOut]:
    """List the news of the provider, newest first."""
    return Rows(all_news(), news_out)


@router.get("/2/news/{number}", scopes=(ANY,))
@exposes(news_by_number)
def read_news(request: ApiRequest, number: int) -> NewsOut:
    """Read one piece of news."""
    return news_out(news_by_number(number))


@router.post(
    "/2/staff/news",
    scopes=("staff",),
    status=201,
    errors=(NoText, UnknownTopic),
    example={"topic": "products", "texts": {"en": {"title": "New", "body": "There is something new."}}},
)
@exposes(publish_news)
def make_news(request: ApiRequest, data: NewsIn) -> NewsOut:
    """Publish news, and mail them to those who want their topic."""
    texts = {str(language): text.model_dump() for language, text in data.texts.items()}
    return news_out(publish_news(request.actor, topic=data.topic, texts=texts))


@router.get("/2/profile/topics", scopes=("user_info",))
@exposes(topics_of)
def read_topics(request: ApiRequest) -> list[str]:
    """List the topics of which news are mailed to the token's person."""
    return topics_of(request.actor)


@router.put(
    "/2/profile/topics", scopes=("profile_update",), errors=(UnknownTopic,), example={"topics": ["products"]}
)
@exposes(choose_topics)
def put_topics(request: ApiRequest, data: TopicsIn) -> list[str]:
    """Have news of exactly these topics mailed."""
    return choose_topics(request.actor, person_of(request.actor), topics=data.topics)
