from django.apps import AppConfig


class UnificationConfig(AppConfig):
    """One password for an account and the mailbox of its address, for those who want that."""

    name = "kanton.products.mail.unification"
    label = "unification"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.accounts import following
        from kanton.products.mail import departing
        from kanton.products.mail.unification.actions import part_for_departure, rejoin_after_return
        from kanton.products.mail.unification.following import FOLLOWER, connect

        departing.register_tie("unification", part_for_departure, rejoin_after_return)
        following.register(FOLLOWER)
        connect()
