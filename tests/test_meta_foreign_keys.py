"""No foreign key climbs: string references slip past import-linter, so the models themselves are asked."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Field

from kanton.settings import ROOMS

FLOOR = {room.removeprefix("kanton."): number for number, room in enumerate(ROOMS)}


def room_of(module: str) -> str | None:
    """The room a model lives in, or None for somebody else's."""
    name = module.removeprefix("kanton.")
    fitting = [room for room in FLOOR if name == room or name.startswith(f"{room}.")]
    return max(fitting, key=len) if module.startswith("kanton.") and fitting else None


def relations() -> list[tuple[str, str, str]]:
    """(room, field, room it points to) of every relation that a model of ours declares."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        here = room_of(model.__module__)
        for field in model._meta.get_fields():
            related = field.related_model
            if here is None or not isinstance(field, Field) or not isinstance(related, type):
                continue
            there = room_of(related.__module__)
            if there is not None:
                found.append((here, f"{model.__name__}.{field.name}", there))
    return found


def test_relations_are_found() -> None:
    assert ("organizations", "Membership.person", "accounts") in relations()


def test_no_foreign_key_points_to_a_floor_above() -> None:
    climbing = [line for line in relations() if FLOOR[line[2]] > FLOOR[line[0]]]
    assert not climbing


def test_every_room_is_on_a_floor() -> None:
    ours = {model.__module__ for model in apps.get_models() if model.__module__.startswith("kanton.")}
    assert not [module for module in ours if room_of(module) is None]
