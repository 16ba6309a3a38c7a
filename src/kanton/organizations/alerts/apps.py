from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """A mail about one's own security settings, at the wish of an administrator."""

    name = "kanton.organizations.alerts"
    label = "alerts"
    default_auto_field = "django.db.models.BigAutoField"
