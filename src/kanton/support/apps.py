from django.apps import AppConfig


class SupportConfig(AppConfig):
    """What the provider's staff and customers do together: support codes, proofs of identity."""

    name = "kanton.support"
    label = "support"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.support.wiring import connect

        connect()
