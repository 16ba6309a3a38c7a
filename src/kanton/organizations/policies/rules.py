"""What rooms above do when an organization demands a second factor of apps too (ORG-62)."""

from __future__ import annotations

from collections.abc import Callable

from kanton.organizations.models import Organization

Listener = Callable[[int], None]
Effects = Callable[[Organization], list[str]]

_listeners: list[Listener] = []
_effects: list[Effects] = []


def on_change(listener: Listener) -> None:
    """Called when Django starts, by rooms whose engines keep the rule: told the organization's number within every
    action that changes what is demanded of apps, and when its day has come. May be told twice."""
    _listeners.append(listener)


def name_effects(effects: Effects) -> None:
    """Called when Django starts, by the same rooms: sentences about what the rule would mean in an organization."""
    _effects.append(effects)


def changed(organization: Organization) -> None:
    """What is demanded of apps is different now."""
    for listener in _listeners:
        listener(organization.pk)


def effects_on(organization: Organization) -> list[str]:
    """What demanding a second factor of apps would mean, in sentences."""
    return [sentence for effects in _effects for sentence in effects(organization)]
