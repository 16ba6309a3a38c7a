from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """What is sold: plans and their prices."""

    name = "kanton.catalog"
    label = "catalog"
    default_auto_field = "django.db.models.BigAutoField"
