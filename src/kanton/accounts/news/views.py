"""News on public pages, the newsletter, and the switches of one's own account."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from kanton.accounts.news.actions import (
    choose_topics,
    confirm_subscription,
    publish_news,
    subscribe,
    unsubscribe,
)
from kanton.accounts.news.errors import TokenGone
from kanton.accounts.news.forms import NewsForm, SubscribeForm, TopicsForm
from kanton.accounts.news.models import Topic
from kanton.accounts.news.queries import all_news, news_by_number, topics_of
from kanton.accounts.news.tokens import confirmed_by, left_by
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.parity import shows
from kanton.core.secrets import token_hash
from kanton.core.throttle import Rule, throttle_all
from kanton.core.web import client_address
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished

HOUR = timedelta(hours=1)
SHOWN = 30


@require_GET
@shows(all_news)
def news(request: HttpRequest) -> HttpResponse:
    """All news, for everybody (ACC-121)."""
    topic = request.GET.get("topic", "")
    found = all_news()
    if topic in Topic.values:
        found = found.filter(topic=topic)
    context = {"news": list(found[:SHOWN]), "topics": Topic.choices, "topic": topic, "form": SubscribeForm()}
    return render(request, "news/list.html", context)


@require_GET
@shows(news_by_number)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One piece of news."""
    return render(request, "news/one.html", {"one": news_by_number(number)})


@require_http_methods(["GET", "POST"])
def newsletter(request: HttpRequest) -> HttpResponse:
    """Leave an address for the newsletter. The answer is the same for every address that can be one (ACC-122)."""
    form = SubscribeForm(request.POST or None)
    if form.is_valid():
        email = form.cleaned_data["email"]
        with form.catching():
            rules = [Rule(f"newsletter:{client_address(request)}", 10, HOUR)]
            rules.append(Rule(f"newsletter:{token_hash(email.strip().lower())[:24]}", 3, HOUR))
            throttle_all(rules).or_refuse()
            subscribe(request.actor, email=email, language=get_language() or "en")  # type: ignore[attr-defined]
            return render(request, "news/asked.html", {"email": email})
    return render(request, "news/newsletter.html", {"form": form}, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm the newsletter. Mail scanners follow links, so a button does it."""
    try:
        subscriber = confirmed_by(token)
        if request.method == "POST":
            confirm_subscription(request.actor, token=token)  # type: ignore[attr-defined]
    except TokenGone as error:
        return render(request, "news/gone.html", {"error": error}, status=410)
    context = {"subscriber": subscriber, "is_done": request.method == "POST"}
    return render(request, "news/confirm.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Leave the newsletter by the link of a mail, without signing in."""
    try:
        reader = left_by(token)
        if request.method == "POST":
            unsubscribe(request.actor, token=token)  # type: ignore[attr-defined]
    except TokenGone as error:
        return render(request, "news/gone.html", {"error": error}, status=410)
    return render(request, "news/leave.html", {"email": reader.email, "is_done": request.method == "POST"})


@signed_in
@require_GET
@shows(topics_of)
def settings(request: AccountRequest) -> HttpResponse:
    """The settings of one's own account (ACC-11)."""
    chosen = topics_of(request.actor)
    return render(
        request, "news/settings.html", {"chosen": [topic.label for topic in Topic if topic.value in chosen]}
    )


@signed_in
@require_http_methods(["GET", "POST"])
def topics(request: AccountRequest) -> HttpResponse:
    """One switch for each topic; Save applies (ACC-121)."""
    now = dict.fromkeys(topics_of(request.actor), True)
    form = TopicsForm(request.POST if request.method == "POST" else None, initial=now)
    return carry_out(
        request,
        form,
        choose_topics,
        request.user,
        page="news/topics.html",
        partial="news/_topics_form.html",
        then=lambda _topics: finished(request, _("Your topics are saved."), to=reverse("news:settings")),
    )


@signed_in
@require_http_methods(["GET", "POST"])
def staff(request: AccountRequest) -> HttpResponse:
    """Write news, and see what was published."""
    if not request.actor.is_staff:
        raise Http404
    return carry_out(
        request,
        NewsForm(request.POST or None),
        publish_news,
        page="news/staff.html",
        partial="news/staff.html",
        then=lambda made: finished(
            request, _("The news are published."), to=reverse("news:one", args=[made.pk])
        ),
        context={"news": list(all_news()[:SHOWN])},
    )
