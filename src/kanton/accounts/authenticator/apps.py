from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuthenticatorConfig(AppConfig):
    """The app on a phone that approves sign-ins and shows one-time codes (ACC-84…92)."""

    name = "kanton.accounts.authenticator"
    label = "authenticator"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models import Exists, OuterRef

        from kanton.accounts import ending, second_factor
        from kanton.accounts.authenticator.actions import METHOD, remove_everything
        from kanton.accounts.authenticator.ends import effects
        from kanton.accounts.authenticator.models import Device
        from kanton.accounts.authenticator.queries import has_authenticator
        from kanton.accounts.authenticator.views import pages
        from kanton.accounts.factors.actions import register_turning_off
        from kanton.accounts.queries import register_factor_rows

        second_factor.register(
            second_factor.Method(
                code=METHOD,
                label=_("Authenticator"),
                icon="device-mobile-check",
                order=20,
                is_active=has_authenticator,
                url="authenticator:step",
                set_up_url="authenticator:set_up",
                box=pages.box,
                hint=_("Approve on your phone, or type the code that the app shows."),
            )
        )
        register_factor_rows(
            lambda path: Exists(Device.objects.filter(person=OuterRef(path), removed_at=None))
        )
        register_turning_off(remove_everything)
        ending.register(ending.Ending("authenticator", effects=effects, order=25))
