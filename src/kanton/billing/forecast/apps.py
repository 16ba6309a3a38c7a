from django.apps import AppConfig


class ForecastConfig(AppConfig):
    """The billing time machine: every invoice of the next 24 months."""

    name = "kanton.billing.forecast"
    label = "forecast"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.billing.forecast import console

        console.register()
