"""What the global search finds by itself: services, people, pages. Other rooms register theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest

from kanton.console.queries import people_seen, services_seen
from kanton.core.rights import Role
from kanton.products.contract import product_called
from kanton.ui import search
from kanton.ui.shell import Text, shell_of

PER_SOURCE = 6
SHORTEST = 2


@dataclass(frozen=True)
class Found:
    """The results of one kind."""

    key: str
    label: Text
    results: list[search.Result]


def everything(request: HttpRequest, words: str) -> list[Found]:
    """All results by kind; kinds without a result are left out. Without words, the pages of the menu."""
    words = " ".join(words.split())[:200]
    found = []
    for source in search.sources():
        if len(words) < SHORTEST and source.key != "pages":
            continue
        results = list(source.find(request, words, PER_SOURCE))[:PER_SOURCE]
        if results:
            found.append(Found(source.key, source.label, results))
    return found


def products(request: HttpRequest, words: str, limit: int) -> Iterator[search.Result]:
    """Services by name."""
    actor, organization = request.actor, request.organization  # type: ignore[attr-defined]
    matching = _each(words, "name")
    for service in services_seen(actor, organization).filter(matching).order_by("name")[:limit]:
        service.organization = organization
        product = product_called(service.product)
        yield search.Result(service.name, product.service_url(service), product.icon, product.name)


def people(request: HttpRequest, words: str, limit: int) -> Iterator[search.Result]:
    """People of the organization by name and address."""
    from kanton.console.navigation import deep_link

    actor, organization = request.actor, request.organization  # type: ignore[attr-defined]
    matching = _each(words, "person__first_name", "person__last_name", "person__email")
    url = deep_link("people", organization) or ""
    roles = dict(Role.choices)
    for member in (
        people_seen(actor, organization).filter(matching).order_by("person__last_name", "pk")[:limit]
    ):
        person = member.person
        yield search.Result(
            person.display_name,
            f"{url}?q={person.email}",
            "user",
            f"{person.email} · {roles[Role(member.role)]}",
        )


def pages(request: HttpRequest, words: str, limit: int) -> Iterator[search.Result]:
    """Pages of the menu by name; only those that this person has."""
    wanted = words.lower().split()
    for section in shell_of(request).sections:
        for line in section.lines:
            name = f"{line.label} {section.label}".lower()
            if all(word in name for word in wanted):
                note = section.label if str(section.label) != str(line.label) else ""
                yield search.Result(line.label, line.url, line.icon, note)


def _each(words: str, *names: str) -> Q:
    """Every word in at least one of the fields."""
    found = Q()
    for word in words.split():
        one = Q()
        for name in names:
            one |= Q(**{f"{name}__icontains": word})
        found &= one
    return found
