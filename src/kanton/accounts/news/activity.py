"""The kinds of things that happen around news."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of news."""

    TOPICS_CHOSEN = (
        "news.topics_chosen",
        _("%(target)s chose the topics of news by mail: %(topics)s"),
        ("target",),
    )
    SUBSCRIPTION_ASKED = (
        "news.subscription_asked",
        _("Somebody asked for the newsletter at %(target)s"),
        ("target",),
    )
    SUBSCRIBED = "news.subscribed", _("%(target)s confirmed the newsletter"), ("target",)
    UNSUBSCRIBED = "news.unsubscribed", _("%(target)s left the newsletter"), ("target",)
    PUBLISHED = "news.published", _("%(actor)s published the news “%(target)s”")
