from django.apps import AppConfig


class RemindersConfig(AppConfig):
    """Reminders of invoices that are overdue."""

    name = "kanton.billing.reminders"
    label = "reminders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.billing import boxes
        from kanton.billing.reminders import tasks, views

        assert tasks  # registers the periodic one
        boxes.on_its_page.register(views.invoice_box)
