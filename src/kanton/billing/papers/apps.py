from django.apps import AppConfig


class PapersConfig(AppConfig):
    """Billing addresses, and billing documents by mail and in one file."""

    name = "kanton.billing.papers"
    label = "papers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.billing import boxes
        from kanton.billing.papers import shell, tasks
        from kanton.billing.papers.closing import INVOICES
        from kanton.organizations.closing import steps

        assert tasks  # its jobs are found by their names
        boxes.where_paid.register(shell.pay_box)
        shell.register()
        steps.register_parting(INVOICES)
