"""What the database itself refuses: entries dated into a closed period, and periods opened again."""

from __future__ import annotations

_CLOSED = "EXISTS (SELECT 1 FROM books_closing WHERE through >= NEW.booked_on)"

GUARDS: list[tuple[str, str, str, str, str]] = [
    ("ledger_period_closed", "AFTER INSERT", "billing_entry", _CLOSED, "ledger: the period is closed"),
    *(
        (f"books_closing_{verb.lower()}", f"BEFORE {verb}", "books_closing", "1 = 1", "ledger: append-only")
        for verb in ("UPDATE", "DELETE")
    ),
]
