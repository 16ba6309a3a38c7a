"""Django's entry for the design system."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Gives templates, the tag library and the static files their place in Django."""

    name = "kanton.ui"
    label = "ui"
    default_auto_field = "django.db.models.BigAutoField"
