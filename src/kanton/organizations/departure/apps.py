from django.apps import AppConfig


class DepartureConfig(AppConfig):
    """How people go from an organization, and how they are brought back."""

    name = "kanton.organizations.departure"
    label = "departure"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.organizations.departure import leaving

        leaving.register("alone", leaving.not_alone)
