"""Every change around news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from kanton.accounts.models import Language, Person, address_key
from kanton.accounts.news import emails
from kanton.accounts.news.activity import Happened
from kanton.accounts.news.errors import NotAnAddress, NoText, UnknownTopic
from kanton.accounts.news.models import News, Subscriber, Topic, TopicChoice
from kanton.accounts.news.tokens import confirmed_by, left_by
from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import PUBLIC, SELF, STAFF


@action(right=SELF, may_be_silent=True)
def choose_topics(actor: Actor, person: Person, *, topics: Sequence[str]) -> list[str]:
    """Have news of exactly these topics mailed (ACC-121)."""
    for topic in topics:
        if topic not in Topic.values:
            raise UnknownTopic(topic=topic)
    wanted = [topic for topic in Topic.values if topic in topics]
    chosen = set(person.topics.values_list("topic", flat=True))
    if set(wanted) != chosen:
        person.topics.exclude(topic__in=wanted).delete()
        TopicChoice.objects.bulk_create(
            (TopicChoice(person=person, topic=topic) for topic in wanted), ignore_conflicts=True
        )
        record(actor, Happened.TOPICS_CHOSEN, person, topics=wanted)
    return wanted


@internal("The field at the foot of public pages; programs have no use for it.")
@action(right=PUBLIC, may_be_silent=True)
def subscribe(actor: Actor, *, email: str, language: str = Language.ENGLISH) -> None:
    """Ask whether an address wants the newsletter, by a mail to it; nothing else is sent before (ACC-122).

    The answer is the same whether or not the address has it already.
    """
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise NotAnAddress from None
    known = language if language in Language.values else Language.ENGLISH
    subscriber, _is_new = Subscriber.objects.get_or_create(
        email_key=address_key(email), defaults={"email": email, "language": known}
    )
    if subscriber.confirmed_at is None:
        subscriber.asked_at = clock.now()
        subscriber.save()
        record(actor, Happened.SUBSCRIPTION_ASKED, subscriber)
        emails.confirm(subscriber)


@internal("The link in a mail leads to a page.")
@action(right=PUBLIC)
def confirm_subscription(actor: Actor, *, token: str) -> Subscriber:
    """The address wants the newsletter: all topics, in the language of the page where it was left."""
    subscriber = confirmed_by(token)
    subscriber.confirmed_at = subscriber.confirmed_at or clock.now()
    subscriber.save()
    record(actor, Happened.SUBSCRIBED, subscriber)
    return subscriber


@internal("The link in a mail leads to a page.")
@action(right=PUBLIC)
def unsubscribe(actor: Actor, *, token: str) -> None:
    """No more news by mail to this reader, without signing in."""
    reader = left_by(token)
    record(actor, Happened.UNSUBSCRIBED, reader)
    if isinstance(reader, Person):
        reader.topics.all().delete()
    else:
        reader.delete()


@action(right=STAFF)
def publish_news(actor: Actor, *, topic: str, texts: Mapping[str, Mapping[str, str]]) -> News:
    """Put news on the public page, and mail them to those who switched their topic on."""
    from kanton.accounts.news.tasks import mail_news

    if topic not in Topic.values:
        raise UnknownTopic(topic=topic, field="topic")
    written = {
        language: {
            "title": text.get("title", "").strip()[:200],
            "body": text.get("body", "").strip()[:20_000],
        }
        for language, text in texts.items()
        if language in Language.values
    }
    written = {language: text for language, text in written.items() if text["title"] and text["body"]}
    if not written:
        raise NoText
    news = News.objects.create(topic=topic, texts=written)
    record(actor, Happened.PUBLISHED, news, topic=topic)
    after_commit(mail_news, news.pk)
    return news
