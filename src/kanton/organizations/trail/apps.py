from django.apps import AppConfig


class TrailConfig(AppConfig):
    """Proofs of the organization's log for those outside it: its daily head by mail, and the whole log as a file."""

    name = "kanton.organizations.trail"
    label = "trail"
    default_auto_field = "django.db.models.BigAutoField"
