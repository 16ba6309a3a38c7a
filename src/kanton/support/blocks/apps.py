from django.apps import AppConfig


class BlocksConfig(AppConfig):
    """Blocks in a security incident, by the provider's staff."""

    name = "kanton.support.blocks"
    label = "blocks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.support.blocks.wiring import connect

        connect()
