from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BooksConfig(AppConfig):
    """Bookkeeping: credit notes and refunds, proofs, closed periods, VAT rates, reports."""

    name = "kanton.billing.books"
    label = "books"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.billing import vat
        from kanton.billing.books import shell, tasks
        from kanton.billing.books.taxes import table

        assert tasks  # registers the periodic ones
        shell.register()
        vat.TABLES.append(table)
        post_migrate.connect(_guard_periods, sender=self, dispatch_uid="books.guards")


def _guard_periods(using: str, **_rest: Any) -> None:
    from django.db import connections

    from kanton.billing import ledger_guards
    from kanton.billing.books.guards import GUARDS

    connection = connections[using]
    if "books_closing" in connection.introspection.table_names():
        ledger_guards.install(connection, GUARDS)
