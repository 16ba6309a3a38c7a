from django.apps import AppConfig


class ProfileConfig(AppConfig):
    """Picture and date of birth of a person, and the end of the account."""

    name = "kanton.accounts.profile"
    label = "profile"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.accounts import ending
        from kanton.accounts.profile import exporting
        from kanton.accounts.profile.exported import PARTS, PICTURE
        from kanton.accounts.profile.parts import ACCOUNT, PROFILE

        ending.register(ACCOUNT, PROFILE)
        exporting.register(*PARTS)
        exporting.register_file(PICTURE)
