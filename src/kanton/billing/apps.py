from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    """Shop, orders, invoices, ledger, payments."""

    name = "kanton.billing"
    label = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.billing import console, tasks
        from kanton.billing.closing import unsettled
        from kanton.billing.payments import contract
        from kanton.billing.payments.test_provider import TestProvider, TestWallet
        from kanton.organizations.closing import prerequisites

        prerequisites.register("money", unsettled)
        assert tasks  # registers the periodic ones
        contract.register(TestProvider())
        contract.register(TestWallet())
        contract.load_entry_points()
        console.register()
        post_migrate.connect(_guard_the_ledger, sender=self, dispatch_uid="billing.ledger_guards")


def _guard_the_ledger(using: str, **_rest: Any) -> None:
    from django.db import connections

    from kanton.billing import ledger_guards

    connection = connections[using]
    if "billing_invoiceline" in connection.introspection.table_names():
        ledger_guards.install(connection)
