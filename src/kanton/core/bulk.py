"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite. For runs that write thousands of rows.

Constraints and triggers hold as for any other row; what a model does in Python (defaults, `save`) does not happen, so
the caller gives every column. Called within a transaction.

The time of such a run goes into turning values into text, thousands of times each column. So what is the same in all
rows is written once (`same`), a column whose values are all of one kind is written in one go, and lists of numbers
travel as one value (`among`), which is written once however often it is asked about (`Many`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import islice, repeat
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Field, ForeignObject, Lookup, Model, QuerySet
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)

BLOCK = 200
_SPECIAL = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}  # the backslash first


def expect_few() -> None:
    """Until the end of this transaction PostgreSQL looks rows up by index: a thousand of a table of any size.

    By its own reckoning it would now and then read all of a table for them, and the run would cost what exists.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
                " set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true)"
            )


def load(found: QuerySet[M]) -> list[M]:
    """What a plain query finds, with everything that is not deferred. Without signals, and in a third of the time."""
    model, (deferred, is_deferred) = found.model, found.query.deferred_loading
    assert is_deferred, "name what is left out, with defer()"
    names = [field.attname for field in model._meta.concrete_fields if field.name not in deferred]
    made = []
    for row in found.values_list(*names):
        each = model.__new__(model)
        each.__dict__.update(zip(names, row, strict=True))
        state = each._state = ModelState()
        state.db, state.adding = found.db, False
        made.append(each)
    return made


def reserve_ids(model: type[Model], number: int) -> Sequence[int]:
    """So many primary keys that nobody else gets, ascending."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(name) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name OFFSET 0) AS its,"
                " generate_series(1, %s)",
                [table, number],
            )
            return [row[0] for row in cursor.fetchall()]
        # The transaction is the only writer, so what follows the last key is free.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        last = row[0] if row else 0
        return range(last + 1, last + 1 + number)


def insert_rows(
    model: type[Model],
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    same: Mapping[str, Any] | None = None,
) -> int:
    """Insert rows of these fields, in this order, and fields that are the `same` in all of them; returns how many."""
    same = same or {}
    fields = [model._meta.get_field(name) for name in (*names, *same)]
    table = connection.ops.quote_name(model._meta.db_table)
    columns = ", ".join(connection.ops.quote_name(_column(field)) for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            end = "".join("\t" + _WRITE[value.__class__](value) for value in same.values()) + "\n"
            number = 0
            copying = f"COPY {table} ({columns}) FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(copying) as copy:
                for block in _blocks(rows):  # the server takes one in while the next is written
                    texts = zip(*map(_column_as_copy, zip(*block, strict=True)), strict=True)
                    copy.write(end.join(map("\t".join, texts)) + end)
                    number += len(block)
            return number
        given = list(rows)
        values = map(_column_as_sqlite, zip(*given, strict=True))
        common = (repeat(_as_sqlite(value)) for value in same.values())
        places = ", ".join(["%s"] * len(fields))
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({places})",  # noqa: S608 - names of ours
            list(zip(*values, *common)) if given else [],  # noqa: B905 - what is the same has no end
        )
        return len(given)


def update_rows(
    model: type[Model],
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    same: Mapping[str, Any] | None = None,
) -> None:
    """Set these fields; each row begins with the primary key, then the values in this order. `same` for all of them."""
    same, given = same or {}, list(rows)
    if not given:
        return
    fields = [model._meta.get_field(name) for name in (*names, *same)]
    table = connection.ops.quote_name(model._meta.db_table)
    columns = [connection.ops.quote_name(_column(field)) for field in fields]
    key = connection.ops.quote_name(_column(model._meta.pk))
    common = [
        _as_sqlite(value) if connection.vendor == "sqlite" else _common(value) for value in same.values()
    ]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            kinds = [_array_kind(field) for field in (model._meta.pk, *fields[: len(names)])]
            sources = ", ".join(f"%s::{kind}[]" for kind in kinds)
            values = ", ".join(f"v{index}" for index in range(len(kinds)))
            places = [*(f"v{index}" for index in range(1, len(kinds))), *["%s"] * len(same)]
            changes = ", ".join(f"{column} = {place}" for column, place in zip(columns, places, strict=True))
            cursor.execute(
                f"UPDATE {table} SET {changes} FROM unnest({sources}) AS given ({values}) WHERE {key} = v0",  # noqa: S608
                [*common, *(_as_array(column) for column in zip(*given, strict=True))],
            )
            return
        changes = ", ".join(f"{column} = %s" for column in columns)
        keys, *own = map(_column_as_sqlite, zip(*given, strict=True))
        cursor.executemany(
            f"UPDATE {table} SET {changes} WHERE {key} = %s",  # noqa: S608 - names of ours
            list(zip(*own, *map(repeat, common), keys)),  # noqa: B905 - what is the same has no end
        )


def _column(field: Any) -> str:
    return str(field.column)


def _array_kind(field: Any) -> str:
    kind = str(field.rel_db_type(connection))
    return {"varchar": "text"}.get(kind.split("(")[0], kind)


def _common(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, Mapping | list) else value


def _blocks(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    left = iter(rows)
    while block := list(islice(left, BLOCK)):
        yield block


def _kind_of_all(values: Iterable[Any]) -> type | None:
    """The class that all of these have, if it is one. So a column is looked at once and not in each row."""
    kinds = set(map(type, values))
    return kinds.pop() if len(kinds) == 1 else None


def _column_as_copy(values: Sequence[Any]) -> Iterable[str]:
    if len(set(map(id, values))) == 1:
        return repeat(_WRITE[values[0].__class__](values[0]), len(values))
    kind = _kind_of_all(values)
    if kind is str and _is_plain("".join(values)):
        return values
    if kind is not None:
        return map(_WRITE[kind], values)
    return [_WRITE[value.__class__](value) for value in values]


def _column_as_sqlite(values: Sequence[Any]) -> Iterable[Any]:
    return values if _kind_of_all(values) in (int, str) else map(_as_sqlite, values)


def _as_array(values: Sequence[Any]) -> str:
    """Values of one column as PostgreSQL writes an array."""
    kind = _kind_of_all(values)
    if kind is int:
        return "{" + ",".join(map(str, values)) + "}"
    if kind is str and not {'"', "\\"} & set("".join(values)):
        return '{"' + '","'.join(values) + '"}'
    return "{" + ",".join(map(_as_element, values)) + "}"


def _as_element(value: Any) -> str:
    if value.__class__ is int:
        return str(value)
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = json.dumps(value) if isinstance(value, Mapping | list) else str(value)
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _is_plain(text: str) -> bool:
    # Text without control characters and backslashes, that is nearly all of it, goes as it is.
    return text.isprintable() and "\\" not in text


def _text_as_copy(value: str) -> str:
    if _is_plain(value):
        return value
    for character, written in _SPECIAL.items():
        value = value.replace(character, written)
    return value


def _json_as_copy(value: Any) -> str:
    return _text_as_copy(json.dumps(value))


def _mapping_as_copy(value: Any) -> str:
    return _text_as_copy(json.dumps(dict(value)))


def _other_as_copy(value: Any) -> str:
    return _text_as_copy(str(value))


class _Writers(dict[type, Callable[[Any], str]]):
    """How a value of a class is written for COPY; a class that is met for the first time is looked at once."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        self[kind] = _mapping_as_copy if issubclass(kind, Mapping) else _other_as_copy
        return self[kind]


_WRITE = _Writers({
    str: _text_as_copy,
    int: str,
    type(None): lambda _value: "\\N",
    bool: lambda value: "t" if value else "f",
    date: date.isoformat,
    datetime: datetime.isoformat,
    UUID: str,
    dict: _json_as_copy,
    list: _json_as_copy,
})  # fmt: skip


def _as_sqlite(value: Any) -> Any:
    kind = value.__class__
    if kind is str or kind is int or value is None:
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, Mapping | list):
        return json.dumps(value)
    return value


class Many:
    """Values for `among`, written once for all the queries that ask about them."""

    # No iterable, or Django would look at each value, thousands of times.

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = list(values)

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def as_array(self) -> str:
        """As PostgreSQL writes an array."""
        return _as_array(self.values)

    @cached_property
    def as_json(self) -> str:
        """For SQLite."""
        return json.dumps(self.values)


class Among(Lookup):
    """`field__among=values`: like `in`, with all values in one, however many they are.

    A thousand placeholders cost more than the rows they find.
    """

    lookup_name = "among"
    prepare_rhs = False

    def get_prep_lookup(self) -> Many:
        """The values, kept: the condition may be written more than once."""
        return self.rhs if isinstance(self.rhs, Many) else Many(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """The condition for this database. Among none is nothing, and no query."""
        if not len(self.rhs):
            raise EmptyResultSet
        left, values = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{left} = ANY(%s::{_array_kind(self.lhs.output_field)}[])", [*values, self.rhs.as_array]
        return f"{left} IN (SELECT value FROM json_each(%s))", [*values, self.rhs.as_json]  # noqa: S608


for _kind in (Field, ForeignObject):
    _kind.register_lookup(Among)
