"""A membership with everything that hangs on it, taken away and put back: role, grants, teams, preferences.

What hangs on it is read from the models, so that whatever a room adds to a membership later comes back too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.core import serializers
from django.db import IntegrityError, models, transaction

from kanton.organizations.departure.contract import Kept
from kanton.organizations.models import Membership


def take(membership: Membership) -> Kept:
    """The membership and its rows as JSON."""
    rows = [row for model, name in _hanging() for row in model._base_manager.filter(**{name: membership})]
    first, *others = json.loads(serializers.serialize("json", [membership, *rows]))
    return {"membership": first, "rows": others}


def put_back(kept: Mapping[str, Any]) -> Membership:
    """The membership anew, with the rows whose other ends still exist; what is gone meanwhile stays gone."""
    (made,) = serializers.deserialize("python", [kept["membership"]], ignorenonexistent=True)
    membership: Membership = made.object  # type: ignore[assignment]
    membership.pk = None
    membership.save(force_insert=True)
    names = dict(_hanging())
    for found in serializers.deserialize("python", kept["rows"], ignorenonexistent=True):
        row = found.object
        name = names.get(type(row))
        if name is None or not _others_exist(row, name):
            continue
        row.pk = None
        setattr(row, name, membership)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:  # somebody made the same anew
            continue
    return membership


def _hanging() -> Iterator[tuple[type[models.Model], str]]:
    """The models whose rows go with a membership, and the name of their field for it."""
    for relation in Membership._meta.related_objects:
        if relation.on_delete is models.CASCADE and not relation.many_to_many:
            yield relation.related_model, relation.field.name


def _others_exist(row: models.Model, name: str) -> bool:
    for field in row._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and field.name != name:
            number = getattr(row, field.attname)
            if number is not None and not field.related_model._base_manager.filter(pk=number).exists():
                return False
    return True
