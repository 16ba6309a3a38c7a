"""Django's entry for the design system."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Gives templates, the tag library and the static files their place in Django."""

    name = "kanton.ui"
    label = "ui"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say days and amounts of the activity as the reader's language writes them."""
        from kanton.core.activity import set_speaker
        from kanton.ui.formats import spoken

        set_speaker(spoken)
