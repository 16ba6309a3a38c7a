"""What the end of an account means for newsletters."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.accounts.ending import Effect, Ending
from kanton.accounts.models import Person
from kanton.accounts.news.models import Subscriber, TopicChoice
from kanton.accounts.profile.exporting import Part
from kanton.core.actor import Actor


def _subscriptions(person: Person) -> bool:
    return (
        TopicChoice.objects.filter(person=person).exists()
        or Subscriber.objects.filter(email_key=person.email_key).exists()
    )


def _effects(person: Person) -> Iterator[Effect]:
    if _subscriptions(person):
        yield Effect(_("You get no more news by mail."))


def _carry_out(actor: Actor, person: Person) -> None:
    Subscriber.objects.filter(email_key=person.email_key).delete()


ENDING = Ending("news", _effects, carry_out=_carry_out, order=60)
EXPORT = Part(
    "news-topics",
    gettext_lazy("News by mail"),
    lambda person: (
        {"topic": chosen.topic} for chosen in TopicChoice.objects.filter(person=person).order_by("topic")
    ),
    order=45,
)
