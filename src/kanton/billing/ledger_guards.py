"""What the database itself refuses: unbalanced or changed entries, overdrawn accounts, changed invoices.

Postings are written first and their entry last (the foreign key waits for the commit). The entry's trigger looks
at its postings: at least two, sum zero, all in its currency, no prepaid account below zero. From then on no
posting can join it, and nothing can be changed or deleted. The same on SQLite and PostgreSQL.

Installed after every migration, since SQLite drops triggers when it rebuilds a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_UNBALANCED = """
    (SELECT COUNT(*) < 2 OR SUM(p.minor) <> 0 OR SUM(CASE WHEN a.currency = NEW.currency THEN 0 ELSE 1 END) > 0
     FROM billing_posting p LEFT JOIN billing_account a ON a.id = p.account_id WHERE p.entry_id = NEW.id)
"""
# Counted, because PostgreSQL may turn EXISTS around: it then reads the whole ledger to look at a thousand rows.
_OVERDRAWN = """
    (SELECT COUNT(*) FROM billing_posting p JOIN billing_account a ON a.id = p.account_id
     WHERE p.entry_id = NEW.id AND a.kind = 'prepaid' AND p.minor > 0
     AND (SELECT SUM(q.minor) FROM billing_posting q WHERE q.account_id = a.id) > 0) > 0
"""
_CLOSED = "(SELECT COUNT(*) FROM billing_entry WHERE id = NEW.entry_id) > 0"
_FROZEN_COLUMNS = (
    "number", "kind", "currency", "net_minor", "total_minor", "seller", "customer", "vat", "language",
    "issued_on", "organization_id", "reference",
)  # fmt: skip
_TABLES = ("billing_entry", "billing_posting", "billing_account")

Guard = tuple[str, str, str, str, str]
_GUARDS: list[Guard] = [
    # name, when, table, condition, message
    ("ledger_entry_balanced", "AFTER INSERT", "billing_entry", _UNBALANCED, "ledger: the entry is not balanced"),
    ("ledger_not_overdrawn", "AFTER INSERT", "billing_entry", _OVERDRAWN, "ledger: a prepaid account is overdrawn"),
    ("ledger_entry_closed", "AFTER INSERT", "billing_posting", _CLOSED, "ledger: the entry is closed"),
    *(
        (f"ledger_{table}_{verb.lower()}", f"BEFORE {verb}", table, "1 = 1", "ledger: append-only")
        for table in _TABLES
        for verb in ("UPDATE", "DELETE")
    ),
    (
        "invoice_frozen",
        "BEFORE UPDATE",
        "billing_invoice",
        "OLD.number IS NOT NULL AND ("
        + " OR ".join(f"OLD.{c} IS DISTINCT FROM NEW.{c}" for c in _FROZEN_COLUMNS)
        + ")",
        "invoice: an issued invoice never changes",
    ),
    (
        "invoice_kept",
        "BEFORE DELETE",
        "billing_invoice",
        "OLD.number IS NOT NULL",
        "invoice: an issued invoice is kept",
    ),
    *(
        (
            f"invoice_line_{verb.lower()}",
            f"BEFORE {verb}",
            "billing_invoiceline",
            "EXISTS (SELECT 1 FROM billing_invoice i WHERE i.id = OLD.invoice_id AND i.number IS NOT NULL)",
            "invoice: an issued invoice never changes",
        )
        for verb in ("UPDATE", "DELETE")
    ),
]  # fmt: skip


def install(connection: Any, guards: Sequence[Guard] = _GUARDS) -> None:
    """Put the guards in place: the ledger's, or those of a room that adds some. Running it again replaces them."""
    with connection.cursor() as cursor:
        for statement in statements(connection.vendor, guards):
            cursor.execute(statement)


def remove(connection: Any) -> None:
    """Take the guards away: only for tests, which empty their tables."""
    with connection.cursor() as cursor:
        for name, _when, table, _condition, _message in _GUARDS:
            suffix = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{suffix}")


def statements(vendor: str, guards: Sequence[Guard] = _GUARDS) -> list[str]:
    """The SQL of the guards for this database."""
    return [sql for guard in guards for sql in _written(vendor, *guard)]


def _written(vendor: str, name: str, when: str, table: str, condition: str, message: str) -> list[str]:
    if vendor == "sqlite":
        condition = condition.replace("IS DISTINCT FROM", "IS NOT")
        return [
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} {when} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END",
        ]
    if when == "AFTER INSERT":
        # One call for all rows of a statement, and for each of them an index is asked, whatever the database believes
        # of a table that was empty when it made its plan.
        rows = condition.replace("NEW.", "inserted.")
        return [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off "  # noqa: S608
            "SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$ BEGIN "
            f"IF EXISTS (SELECT 1 FROM inserted WHERE {rows}) THEN "
            f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; "
            "END IF; RETURN NULL; END $$",
            f"CREATE OR REPLACE TRIGGER {name} AFTER INSERT ON {table} REFERENCING NEW TABLE AS inserted "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
        ]
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; "
        "END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$",
        f"CREATE OR REPLACE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]
