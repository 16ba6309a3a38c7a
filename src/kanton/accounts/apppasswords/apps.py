from django.apps import AppConfig


class AppPasswordsConfig(AppConfig):
    """Generated passwords for programs that know nothing of a second factor."""

    name = "kanton.accounts.apppasswords"
    label = "apppasswords"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.accounts import ending, following, security
        from kanton.accounts.apppasswords.following import BOX, ENDING, EXPORT, FOLLOWER
        from kanton.accounts.profile import exporting

        ending.register(ENDING)
        following.register(FOLLOWER)
        security.add_box(BOX)
        exporting.register(EXPORT)
