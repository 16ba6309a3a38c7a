from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    """Payment profiles: ways to pay that are kept for later, and Stripe."""

    name = "kanton.billing.profiles"
    label = "profiles"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.billing.payments import contract
        from kanton.billing.profiles import shell, tasks
        from kanton.billing.profiles.stripe import Stripe

        assert tasks  # registers the periodic ones
        contract.register(Stripe())
        shell.register()
