"""Fills the database of this process's home with services that end on chosen days, on PostgreSQL and on SQLite.

One organization is made by the models; the database copies its rows as often as asked, with other numbers, which takes
a minute where saving a million models takes hours. Every organization has one service, a prepaid account with money on
it that was booked, and the chain of its activity.
"""

import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

MONEY = 1_000_00
BATCH = 100_000


def fill(services: int, due: int, rounds: int) -> date:
    """So many services: `due` of them end on each day of the rounds, the others later. Returns the first day."""
    from django.db import connection, transaction

    from kanton.billing import ledger_guards
    from kanton.billing.models import Account, Entry, Posting, PrepaidAccount
    from kanton.core import clock
    from kanton.organizations.models import Organization
    from kanton.products.models import Service

    end = clock.today() + timedelta(days=14)
    with transaction.atomic(), connection.cursor() as cursor:
        first = _first(end)
        if connection.vendor == "postgresql":
            # The guards and foreign keys would look at each row; the proof at the end looks at all of them.
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            ledger_guards.remove(connection)
        entry = Entry.objects.get()
        bank, own = Posting.objects.order_by("minor")[::-1]
        receivable = Account.objects.get(kind="receivable")
        id_of = _uuid_of(connection.vendor)
        n = services
        o, a, r = first.organization.pk, own.account_id, receivable.pk
        prepaid = PrepaidAccount.objects.get()
        top = max(a, r, bank.account_id)
        _copy(
            cursor,
            Organization,
            o,
            n,
            {"id": f"{o} + i", "name": "'Organization ' || i", "slug": "'org-' || i"},
        )
        owner = f"{o} + i"
        _copy(cursor, Account, a, n, {"id": f"{top} + i", "organization_id": owner})
        _copy(cursor, Account, r, n, {"id": f"{top + n} + i", "organization_id": owner})
        own_account = f"{top} + i"
        _copy(
            cursor, PrepaidAccount, prepaid.pk, n,
            {"id": f"{prepaid.pk} + i", "organization_id": owner, "account_id": own_account},
        )  # fmt: skip
        last = max(bank.pk, own.pk)
        _copy(cursor, Posting, bank.pk, n, {"id": f"{last} + i", "entry_id": id_of})
        _copy(
            cursor,
            Posting,
            own.pk,
            n,
            {"id": f"{last + n} + i", "entry_id": id_of, "account_id": own_account},
        )
        _copy(cursor, Entry, entry.pk, n, {"id": id_of, "key": "'fill:' || i", "organization_id": owner})
        _chains(range(o + 1, o + 1 + n))
        for begin, number, day in _days(services, due, rounds, end):
            changes = {
                "id": f"{first.pk} + i", "organization_id": owner, "name": "'d' || i || '.example'",
                "order_line": "'bench:' || i", "ends_on": f"'{day}'", "anchor_day": f"{day.day}",
            }  # fmt: skip
            _copy(cursor, Service, first.pk, number, changes, begin=begin)
        for model in (Organization, Account, PrepaidAccount, Posting, Service):
            _go_on_after(cursor, connection.vendor, model._meta.db_table)
        Service.objects.filter(pk=first.pk).update(renews_automatically=False)
    if connection.vendor == "sqlite":
        ledger_guards.install(connection)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return end


def _first(end: date) -> Any:
    """One of each, saved by the models."""
    from kanton.billing import ledger, prepaid
    from kanton.billing.models import AccountKind
    from kanton.catalog.sample import load_sample
    from kanton.core.money import Money
    from kanton.products.models import Service
    from kanton.testing import make_organization, make_person

    load_sample()
    person = make_person("bench@bench.example", "Bench", "Mark")
    organization = make_organization("Organization 0", "org-0", person)
    own = prepaid.prepaid_account(organization, "CHF").account
    ledger.account(AccountKind.RECEIVABLE, "CHF", organization=organization)
    transit = ledger.account(AccountKind.IN_TRANSIT, "CHF", detail="test")
    money = Money(MONEY, "CHF")
    ledger.book("top_up", "fill:0", {transit: money, own: -money}, organization=organization)
    return Service.objects.create(
        organization=organization, product="domains", plan="domain-ch", name="first.example", order_line="bench:0",
        starts_on=end, ends_on=end + timedelta(days=3000), anchor_day=1, wish_state="done", renews_automatically=True,
    )  # fmt: skip


def _days(services: int, due: int, rounds: int, end: date) -> Iterator[tuple[int, int, date]]:
    """From which number on, how many services, and the day on which they end."""
    for number in range(rounds):
        yield 1 + number * due, due, end + timedelta(days=number)
    left, begin = services - due * rounds, 1 + due * rounds
    for number in range(300):
        share = left // 300 + (number < left % 300)
        if share:
            yield begin, share, end + timedelta(days=60 + number)
        begin += share


def _copy(
    cursor: Any, model: Any, template: Any, number: int, changes: dict[str, str], *, begin: int = 1
) -> None:
    """Copies of a row for i from `begin` on, with these columns changed; in batches, so that memory stays small."""
    from django.db import connection

    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields]
    expressions = ", ".join(changes.get(column, f'one."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    key = template.hex if hasattr(template, "hex") and connection.vendor == "sqlite" else template
    for start in range(begin, begin + number, BATCH):
        stop = min(start + BATCH, begin + number) - 1
        cursor.execute(
            f"WITH RECURSIVE numbers(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM numbers WHERE i < {stop}) "
            f"INSERT INTO {table} ({names}) SELECT {expressions} FROM numbers, {table} AS one WHERE one.id = %s",
            [key],
        )


def _uuid_of(vendor: str) -> str:
    return "lpad(to_hex(i), 32, '0')::uuid" if vendor == "postgresql" else "printf('%%032x', i)"


def _chains(organizations: range) -> None:
    """Each organization was founded some time ago: its chain of activity is there."""
    from kanton.activity.log import seal
    from kanton.activity.models import Chain
    from kanton.core.bulk import insert_rows

    same = {"length": 0, "head": "", "verified_at": None, "verified_length": 0, "verified_problem": ""}
    names = (f"organization:{pk}" for pk in organizations)
    while batch := list(itertools.islice(names, BATCH)):
        insert_rows(Chain, ["name", "seal"], ((name, seal(Chain(name=name))) for name in batch), same=same)


def _go_on_after(cursor: Any, vendor: str, table: str) -> None:
    """The next row gets a number that is free. SQLite sees to it by itself."""
    if vendor == "postgresql":
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
