"""Many rows like one, for tests that look at how something grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Model

from kanton.core.bulk import insert_rows


def copy_row(row: Model, count: int, **changes: Callable[[int], Any]) -> None:
    """So many copies of a row in one statement; `changes` tell what differs in the copy with this number."""
    model = type(row)
    same = {
        field.name: getattr(row, field.attname)
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in changes
    }
    rows = ([change(index) for change in changes.values()] for index in range(count))
    insert_rows(model, list(changes), rows, same=same)
