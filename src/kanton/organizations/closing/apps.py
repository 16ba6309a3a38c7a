from django.apps import AppConfig


class ClosingConfig(AppConfig):
    """The end of an organization."""

    name = "kanton.organizations.closing"
    label = "closing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.organizations.closing import prerequisites

        prerequisites.register("people", prerequisites.other_people)
