from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Actions, actors, money, time, jobs, outbox."""

    name = "kanton.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let migrations on SQLite rebuild tables that triggers name."""
        from django.db.models.signals import pre_migrate

        from kanton.core.schema import drop_triggers

        pre_migrate.connect(drop_triggers, sender=self, dispatch_uid="core.drop_triggers")
