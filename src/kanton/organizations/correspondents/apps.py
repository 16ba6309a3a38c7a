from django.apps import AppConfig


class CorrespondentsConfig(AppConfig):
    """Who gets which kind of administrative mail."""

    name = "kanton.organizations.correspondents"
    label = "correspondents"
    default_auto_field = "django.db.models.BigAutoField"
