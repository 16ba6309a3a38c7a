from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    """Pages for the provider's staff."""

    name = "kanton.backoffice"
    label = "backoffice"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.backoffice.shell import register

        register()
