"""News, and who wants which of them by mail (ACC-121, ACC-122)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Language, Person, address_key
from kanton.core import clock


class Topic(models.TextChoices):
    """What news are about; each can be switched on alone."""

    PRODUCTS = "products", _("New products and functions")
    GUIDES = "guides", _("Tips and guides")
    OPERATIONS = "operations", _("Planned maintenance")
    OFFERS = "offers", _("Offers")


class TopicChoice(models.Model):
    """A person wants news of this topic by mail. Without a row, none is sent."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="topics")
    topic = models.CharField(max_length=12, choices=Topic.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "topic"], name="topic_chosen_once")]

    def __str__(self) -> str:
        return f"{self.person}: {self.topic}"


class Subscriber(models.Model):
    """Somebody who left an address at the foot of a public page. Nothing is sent before it is confirmed."""

    email = models.EmailField(max_length=254)
    email_key = models.CharField(max_length=300, unique=True, editable=False)
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.ENGLISH)
    asked_at = models.DateTimeField(default=clock.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.email

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep the comparison key in step with the address."""
        self.email_key = address_key(self.email)
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class News(models.Model):
    """One piece of news, in one language or several. `texts` maps a language to title and body."""

    topic = models.CharField(_("topic"), max_length=12, choices=Topic.choices)
    texts = models.JSONField(default=dict)
    published_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "news"
        indexes = [models.Index(fields=["-published_at"], name="news_by_day")]

    def __str__(self) -> str:
        return self.title

    def text_in(self, language: str) -> tuple[str, str]:
        """Title and body in this language, else in English, else in the first there is."""
        texts: dict[str, dict[str, str]] = self.texts
        found = texts.get(language) or texts.get("en") or next(iter(texts.values()), {})
        return found.get("title", ""), found.get("body", "")

    @property
    def title(self) -> str:
        """In the language active now."""
        return self.text_in(get_language() or "en")[0]

    @property
    def body(self) -> str:
        """In the language active now."""
        return self.text_in(get_language() or "en")[1]
