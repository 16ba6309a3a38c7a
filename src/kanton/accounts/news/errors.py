"""What can go wrong around news."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class NotAnAddress(DomainError):
    """The address left for the newsletter cannot be one (ACC-122)."""

    code, status, field = "news.not_an_address", 422, "email"
    message = _("The e-mail address entered is not valid.")


class UnknownTopic(DomainError):
    """There is no such topic."""

    code, status, field = "news.unknown_topic", 422, "topics"
    message = _("There is no topic “%(topic)s”.")


class NoText(DomainError):
    """News without a title or without words."""

    code, status, field = "news.no_text", 422, "title_en"
    message = _("News need a title and a text, in at least one language.")


class TokenGone(DomainError):
    """A link of a newsletter that is wrong or too old."""

    code, status = "news.token_gone", 410
    message = _("This link is not valid, or too old. Leave your address again at the foot of the news page.")
