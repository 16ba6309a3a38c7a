"""Hot reads, compiled once.

The ORM spends more time on writing a query than SQLite on answering it. A `Prepared` lets the ORM write it once:

    _names = Prepared(lambda zone_id: Record.objects.filter(zone_id=zone_id).values_list("pk", "name"), int)
    for pk, name in _names(zone.pk): ...

Only the values change between calls, never the shape: no `in` lists, no `icontains`, no None for an argument.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import connection, connections
from django.db.backends.sqlite3.base import FORMAT_QMARK_REGEX
from django.db.models import DateTimeField, Model, QuerySet, prefetch_related_objects
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query import get_related_populators
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init, pre_init

M = TypeVar("M", bound=Model)

_INT = 7_130_551_000_000_000
_EPOCH = datetime.fromisoformat("1907-03-05T07:11:13+00:00")


def _stand_in(kind: type, position: int) -> Any:
    """A value that no query holds by itself, so that its place in the parameters can be found."""
    if kind is int:
        return _INT + position
    if kind is str:
        return f"\ue000prepared {position}\ue000"
    if kind is datetime:
        return _EPOCH + timedelta(hours=position)
    raise TypeError(f"a prepared query takes int, str and datetime, not {kind.__name__}")


class Prepared:
    """A query whose SQL is written at the first call. Calling it returns the rows as tuples."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *kinds: type) -> None:
        self._build = build
        self._kinds = kinds
        self._sql = ""
        self._fixed: tuple[Any, ...] = ()
        self._places: tuple[Place, ...] = ()  # place among the parameters, argument, is an instant
        self._converters: list[tuple[int, Callable[[Any], Any]]] = []

    def __call__(self, *values: Any) -> list[tuple[Any, ...]]:
        """The rows for these values."""
        if not self._sql:
            self._compile()
        parameters = list(self._fixed)
        for place, argument, is_instant in self._places:
            value = values[argument]
            parameters[place] = connection.ops.adapt_datetimefield_value(value) if is_instant else value
        rows = _executed(self._sql, parameters)
        converters = self._converters
        if not converters:
            return rows
        found = []
        for row in rows:
            cells = list(row)
            for place, convert in converters:
                cells[place] = convert(cells[place])
            found.append(tuple(cells))
        return found

    def first(self, *values: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self(*values)
        return rows[0] if rows else None

    def _written(self, queryset: QuerySet[Any, Any]) -> Any:
        return queryset.query.get_compiler(connection=connection)

    def _compiled(self, compiler: Any) -> None:
        """For those who need more of the written query than its rows."""

    def _compile(self) -> None:
        stand_ins = [_stand_in(kind, position) for position, kind in enumerate(self._kinds)]
        compiler = self._written(self._build(*stand_ins))
        sql, parameters = compiler.as_sql()
        written = [
            connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
            for value in stand_ins
        ]
        places = [
            (place, written.index(parameter), self._kinds[written.index(parameter)] is datetime)
            for place, parameter in enumerate(parameters)
            if parameter in written
        ]
        if lost := set(range(len(written))) - {argument for _place, argument, _is_instant in places}:
            raise ValueError(f"the arguments {lost} are not in the query as they were given: {sql}")
        fields = [each[0] for each in compiler.select[: compiler.col_count]]
        self._converters = [
            (place, _converter(found, expression))
            for place, (found, expression) in compiler.get_converters(fields).items()
        ]
        if connection.vendor == "sqlite":
            sql = FORMAT_QMARK_REGEX.sub("?", sql).replace("%%", "%")
            sql, parameters, places = _with_literals(sql, parameters, places)
        self._fixed, self._places = tuple(parameters), tuple(places)
        self._compiled(compiler)
        self._sql = sql  # last: another thread may be waiting for it


class PreparedModels(Prepared, Generic[M]):
    """A prepared query for whole rows. Calling it returns models as the query set would, with what it annotates,
    selects along and prefetches.
    """

    def __init__(self, build: Callable[..., QuerySet[M, M]], *kinds: type) -> None:
        super().__init__(build, *kinds)
        self._make: Callable[[tuple[Any, ...]], Any] = tuple
        self._own = slice(0, 0)
        self._related: list[Any] = []
        self._annotated: list[tuple[str, int]] = []
        self._lookups: tuple[Any, ...] = ()

    def __call__(self, *values: Any) -> list[M]:  # type: ignore[override]
        """The models for these values."""
        rows = super().__call__(*values)
        make, own = self._make, self._own
        found = []
        for row in rows:
            each = make(row[own])
            for populator in self._related:
                populator.populate(row, each)
            for name, place in self._annotated:
                setattr(each, name, row[place])
            found.append(each)
        if self._lookups and found:
            prefetch_related_objects(found, *self._lookups)
        return found

    def first(self, *values: Any) -> M | None:  # type: ignore[override]
        """The first model, or None."""
        found = self(*values)
        return found[0] if found else None

    def _compiled(self, compiler: Any) -> None:
        fields = compiler.klass_info["select_fields"]
        self._own = slice(fields[0], fields[-1] + 1)
        names = [each[0].target.attname for each in compiler.select[self._own]]
        self._make = _maker(compiler.klass_info["model"], names)
        self._related = get_related_populators(  # type: ignore[call-arg]
            compiler.klass_info, compiler.select, "default"
        )
        self._annotated = list(compiler.annotation_col_map.items())

    def _written(self, queryset: QuerySet[M, M]) -> Any:
        self._lookups = queryset._prefetch_related_lookups  # type: ignore[attr-defined]
        return super()._written(queryset)


class PreparedList(Generic[M]):
    """A list that is read in several orders, each prepared when it is first asked for.

    _orders = PreparedList(lambda organization_id: Order.objects.filter(organization=organization_id), int)
    rows = _orders.of(organization.pk, organization=organization)

    What all rows belong to is given by name, and not read again for each.
    """

    def __init__(self, build: Callable[..., QuerySet[M, M]], *kinds: type) -> None:
        self._build, self._kinds = build, kinds
        self._by_order: dict[tuple[Any, ...], PreparedModels[M]] = {}

    def of(self, *values: Any, **known: Model) -> PreparedRows[M]:
        """The rows for these values, not read yet."""
        return PreparedRows(self, values, known)

    def query_set(self, *values: Any) -> QuerySet[M, M]:
        """The same rows as a query set."""
        return self._build(*values)

    def ordered(self, key: Hashable, order: Callable[[], Sequence[Any]], limit: int) -> PreparedModels[M]:
        """The prepared query for one order, which `key` names."""
        found = self._by_order.get((key, limit))
        if found is None:
            found = PreparedModels(
                lambda *values: self._build(*values).order_by(*order())[:limit], *self._kinds
            )
            self._by_order[(key, limit)] = found
        return found


class PreparedRows(Generic[M]):
    """The rows of a prepared list for certain values."""

    def __init__(self, whole: PreparedList[M], values: tuple[Any, ...], known: dict[str, Model]) -> None:
        self._whole, self._values, self._known = whole, values, known

    def query_set(self) -> QuerySet[M, M]:
        """For everything that narrows, counts or writes them to a file."""
        found = self._whole.query_set(*self._values)
        return found.select_related(*self._known) if self._known else found

    def first(self, key: Hashable, order: Callable[[], Sequence[Any]], limit: int) -> list[M]:
        """The first rows in an order; `key` names it, `order` makes it once."""
        found = self._whole.ordered(key, order, limit)(*self._values)
        for name, value in self._known.items():
            for each in found:
                each._state.fields_cache[name] = value
        return found


Place = tuple[int, int, bool]


def _with_literals(
    sql: str, parameters: Sequence[Any], places: list[Place]
) -> tuple[str, list[Any], list[Place]]:
    """Write what never changes into the statement.

    SQLite compares parameters with the conditions of partial indexes, and to do so it plans the statement anew at
    every call: ten times the price of the answer.
    """
    pieces = sql.split("?")
    if len(pieces) != len(parameters) + 1:  # a question mark in a text
        return sql, list(parameters), places
    by_place = {place: (argument, is_instant) for place, argument, is_instant in places}
    written = pieces[0]
    left: list[Any] = []
    moved: list[Place] = []
    for place, (value, piece) in enumerate(zip(parameters, pieces[1:], strict=True)):
        literal = None if place in by_place else _literal(value)
        if literal is None:
            if place in by_place:
                moved.append((len(left), *by_place[place]))
            left.append(value)
        written += (literal or "?") + piece
    return written, left, moved


def _literal(value: Any) -> str | None:
    if isinstance(value, str) and not {"?", "\0", "%"} & set(value):
        return "'" + value.replace("'", "''") + "'"
    if type(value) is int or isinstance(value, bool):
        return str(int(value))
    return None


def _executed(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    database = connections["default"]  # `connection` looks it up anew at every attribute
    if database.vendor != "sqlite":
        with database.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows
    if database.queries_logged or database.execute_wrappers:
        # Somebody counts or watches the queries: go the way on which they look.
        with database.cursor() as watched:
            watched.execute(sql.replace("%", "%%").replace("?", "%s"), parameters)
            return list(watched.fetchall())
    if database.connection is None:
        database.connect()
    database.validate_no_broken_transaction()
    try:
        return database.connection.execute(sql, parameters).fetchall()  # type: ignore[no-any-return]
    except database.Database.Error:  # type: ignore[attr-defined]
        with database.wrap_database_errors:  # Django's exception instead of the driver's
            raise


@contextlib.contextmanager
def at_one_moment() -> Iterator[None]:
    """What is read within is read at one moment, and SQLite takes its lock once instead of at each query. Only for
    reading: what begins a transaction within raises OperationalError. PostgreSQL, whom it would cost two round trips,
    goes on query by query.
    """
    database = connections["default"]
    if database.vendor != "sqlite" or database.in_atomic_block:
        yield
        return
    if database.connection is None:
        database.connect()
    database.connection.execute("BEGIN")
    try:
        yield
    finally:
        if database.connection is not None and database.connection.in_transaction:
            database.connection.execute("ROLLBACK")


def _maker(model: type[Model], names: list[str]) -> Callable[[tuple[Any, ...]], Model]:
    """How a row becomes a model. `from_db` asks field by field what only few models need."""
    is_plain = (
        model.__init__ is Model.__init__
        and model.from_db.__func__ is Model.from_db.__func__  # type: ignore[attr-defined]
        and not pre_init.has_listeners(model)
        and not post_init.has_listeners(model)
        and all(
            type(getattr(model, name)) in (DeferredAttribute, ForeignKeyDeferredAttribute) for name in names
        )
    )
    if not is_plain:
        return lambda row: model.from_db("default", names, row)

    def make(row: tuple[Any, ...]) -> Model:
        each = object.__new__(model)
        state = ModelState()
        state.adding, state.db = False, "default"
        each.__dict__.update(zip(names, row, strict=True), _state=state)
        return each

    return make


def _converter(converters: list[Any], expression: Any) -> Callable[[Any], Any]:
    if (
        connection.vendor == "sqlite"
        and isinstance(expression.output_field, DateTimeField)
        and len(converters) == 1
    ):
        return _instant
    if len(converters) == 1:
        only = converters[0]
        if getattr(only, "__name__", "") == "convert_booleanfield_value":
            return _truth
        return lambda value: only(value, expression, connection)

    def convert(value: Any) -> Any:
        for each in converters:
            value = each(value, expression, connection)
        return value

    return convert


def _truth(value: Any) -> Any:
    """SQLite keeps truth as 1 and 0."""
    return value == 1 if value in (0, 1) else value


def _instant(value: datetime | str | None) -> datetime | None:
    """SQLite keeps instants as text, in UTC; its driver has read most of them already."""
    if value is None:
        return None
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).replace(tzinfo=UTC)
