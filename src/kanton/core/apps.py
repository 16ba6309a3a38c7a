from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Actions, actors, money, time, jobs, outbox."""

    name = "kanton.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let migrations on SQLite rebuild tables that triggers name, and know every right from the start: who asks
        what somebody may would otherwise hear less until the first page was asked for."""
        from django.db.models.signals import pre_migrate
        from django.utils.module_loading import autodiscover_modules

        from kanton.core.schema import drop_triggers

        autodiscover_modules("rights")
        pre_migrate.connect(drop_triggers, sender=self, dispatch_uid="core.drop_triggers")
