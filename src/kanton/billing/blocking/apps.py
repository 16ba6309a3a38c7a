from django.apps import AppConfig


class BlockingConfig(AppConfig):
    """Orders that are blocked until somebody has proved who they are."""

    name = "kanton.billing.blocking"
    label = "blocking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.billing import settling
        from kanton.billing.blocking import console, following, tasks

        assert tasks  # registers the periodic one
        settling.WHEN_PLACED.append(following.look_at)
        settling.WHEN_CANCELLED.append(following.cancelled)
        following.connect()
        console.register()
