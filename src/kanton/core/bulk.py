"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite. For runs that write thousands of rows.

Constraints and triggers hold as for any other row; what a model does in Python (defaults, `save`) does not happen, so
the caller gives every column. Called within a transaction.

The time of such a run goes into turning values into text, thousands of times each column. So what is the same in all
rows is written once (`same`), and lists of numbers travel as one value (`among`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Field, ForeignObject, Lookup, Model

BLOCK = 200
_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


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
            write = _WRITE
            tail = "".join("\t" + write[value.__class__](value) for value in same.values()) + "\n"
            number, lines = 0, []
            copying = f"COPY {table} ({columns}) FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(copying) as copy:
                for row in rows:
                    lines.append("\t".join([write[value.__class__](value) for value in row]) + tail)
                    if len(lines) == BLOCK:  # the server takes these in while the next ones are written
                        copy.write("".join(lines))
                        number += len(lines)
                        lines.clear()
                copy.write("".join(lines))
            return number + len(lines)
        end = [_as_sqlite(value) for value in same.values()]
        plain = [[*map(_as_sqlite, row), *end] for row in rows]
        places = ", ".join(["%s"] * len(fields))
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", plain)  # noqa: S608 - names of ours
        return len(plain)


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
        _as_sqlite(value) if connection.vendor == "sqlite" else _plain(value) for value in same.values()
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
        cursor.executemany(
            f"UPDATE {table} SET {changes} WHERE {key} = %s",  # noqa: S608 - names of ours
            [[*map(_as_sqlite, row[1:]), *common, row[0]] for row in given],
        )


def _column(field: Any) -> str:
    return str(field.column)


def _array_kind(field: Any) -> str:
    kind = str(field.rel_db_type(connection))
    return {"varchar": "text"}.get(kind.split("(")[0], kind)


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, Mapping | list) else value


def _as_array(values: Iterable[Any]) -> str:
    """Values of one column as PostgreSQL writes an array."""
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


def _text_as_copy(value: str) -> str:
    # Text without control characters and backslashes, that is nearly all of it, goes as it is.
    return value if value.isprintable() and "\\" not in value else value.translate(_SPECIAL)


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


class Among(Lookup):
    """`field__among=values`: like `in`, with all values in one, however many they are.

    A thousand placeholders cost more than the rows they find.
    """

    lookup_name = "among"
    prepare_rhs = False

    def get_prep_lookup(self) -> list[Any]:
        """The values, kept: the condition may be written more than once."""
        return list(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """The condition for this database. Among none is nothing, and no query."""
        if not self.rhs:
            raise EmptyResultSet
        left, values = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{left} = ANY(%s::{_array_kind(self.lhs.output_field)}[])", [*values, _as_array(self.rhs)]
        return f"{left} IN (SELECT value FROM json_each(%s))", [*values, json.dumps(self.rhs)]  # noqa: S608


for _kind in (Field, ForeignObject):
    _kind.register_lookup(Among)
