from django.apps import AppConfig


class RecoveryConfig(AppConfig):
    """Ways back into an account, and the address one signs in with."""

    name = "kanton.accounts.recovery"
    label = "recovery"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.accounts.recovery.wiring import connect

        connect()
