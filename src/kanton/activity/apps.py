from django.apps import AppConfig


class ActivityConfig(AppConfig):
    """What happened, who did it."""

    name = "kanton.activity"
    label = "activity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.activity.log import keep, note_down
        from kanton.core.activity import set_keeper

        set_keeper(note_down, keep)
