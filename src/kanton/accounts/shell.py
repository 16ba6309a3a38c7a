"""What the frame around every page asks about people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kanton.accounts.actions import edit_profile
from kanton.accounts.profile.pictures import picture_url
from kanton.config import config
from kanton.core.actor import ActorKind
from kanton.core.hosts import HostBrand
from kanton.ui.home import Attention
from kanton.ui.shell import Provider, ShellUser


def user_of(request: HttpRequest) -> ShellUser | None:
    """The person signed in, for the avatar menu (ACC-10)."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    return ShellUser(
        name=user.display_name, login=user.email, picture_url=picture_url(user), is_staff=user.is_staff
    )


def provider(request: HttpRequest) -> Provider:
    """Who runs this installation."""
    operator = config.operator
    usual = _provider(operator.name, operator.support_email, get_language())
    brand: HostBrand | None = getattr(request, "brand", None)
    if brand is None:
        return usual
    return replace(
        usual,
        name=brand.name,
        logo_url=brand.logo_url,
        accent=brand.accent,
        mark=brand.mark,
        greeting=brand.greeting,
        operator=operator.name,
        operator_url=config.web.address,
    )


@lru_cache(maxsize=16)
def _provider(name: str, support_email: str, _language: str | None) -> Provider:
    return Provider(
        name=name,
        support_email=support_email,
        legal_links=(
            (_("News"), reverse("news:list")),
            (_("Newsletter"), reverse("news:newsletter")),
            (_("Manage your cookies"), reverse("profile:cookies")),
        ),
    )


def language_chosen(request: HttpRequest, language: str) -> None:
    """A language chosen in the menu is the person's language from then on."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.kind is ActorKind.PERSON and actor.language != language:
        edit_profile(actor, request.user, language=language)  # type: ignore[arg-type]


def unconfirmed_address(request: HttpRequest) -> Iterator[Attention]:
    """For the start page: the address still waits to be confirmed (ACC-6)."""
    user = request.user
    if user.is_authenticated and not user.is_confirmed:
        text = _(
            "Confirm your address %(email)s: open the link in our mail. Until then you cannot order or invite."
        )
        yield Attention(
            text % {"email": user.email}, reverse("accounts:profile"), _("Send the link again"), order=5
        )
