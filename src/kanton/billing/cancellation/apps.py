from django.apps import AppConfig


class CancellationConfig(AppConfig):
    """Cancelling a product, confirmed by mail."""

    name = "kanton.billing.cancellation"
    label = "cancellation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.billing.cancellation import closing, queries, tasks
        from kanton.billing.renewals import leaving
        from kanton.organizations.closing import steps

        assert tasks  # registers the periodic one
        steps.register_stopper(closing.stoppable)
        leaving.register(leaving.Leaving(queries.without_cancelled, queries.notes))
