"""The port for what leaves: a room that ends services says which are not renewed any more, and what to note there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from kanton.products.models import Service


@dataclass(frozen=True, slots=True)
class Leaving:
    """`staying` narrows services to those that renew; `notes` gives a sentence for some services, by number."""

    staying: Callable[[QuerySet[Service]], QuerySet[Service]]
    notes: Callable[[Sequence[Service]], dict[int, str]]


_leaving: list[Leaving] = []


def register(leaving: Leaving) -> None:
    """Called once when the app starts."""
    _leaving.append(leaving)


def staying(services: QuerySet[Service]) -> QuerySet[Service]:
    """The services that renew at all."""
    for each in _leaving:
        services = each.staying(services)
    return services


def notes_on(services: Sequence[Service]) -> dict[int, str]:
    """What stands beside services that somebody wants to end."""
    return {pk: note for each in _leaving for pk, note in each.notes(services).items()}
