from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Actions, actors, money, time, jobs, outbox."""

    name = "kanton.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"
