from django.apps import AppConfig


class InvitingConfig(AppConfig):
    """Inviting many people at once."""

    name = "kanton.organizations.inviting"
    label = "inviting"
    default_auto_field = "django.db.models.BigAutoField"
