from django.apps import AppConfig


class RestConfig(AppConfig):
    """The root of the REST API."""

    name = "kanton.rest"
    label = "rest"
    default_auto_field = "django.db.models.BigAutoField"
