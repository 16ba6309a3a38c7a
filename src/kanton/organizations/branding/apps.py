from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BrandingConfig(AppConfig):
    """The logos and initials of an organization."""

    name = "kanton.organizations.branding"
    label = "branding"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.organizations.rights import BRANDING
        from kanton.organizations.shell import may
        from kanton.ui.shell import Group, NavEntry, register

        register(
            NavEntry(
                key="branding", group=Group.SETTINGS, label=_("Appearance"), icon="palette",
                url="branding:branding", order=20, shown=may(BRANDING),
            )
        )  # fmt: skip
