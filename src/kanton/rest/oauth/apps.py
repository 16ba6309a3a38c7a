from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OAuthConfig(AppConfig):
    """Applications that act for people who allowed it."""

    name = "kanton.rest.oauth"
    label = "oauth"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.accounts import ending
        from kanton.accounts.security import Box, add_box
        from kanton.organizations.departure import contract as departure
        from kanton.organizations.shell import may
        from kanton.rest.oauth.departing import sources
        from kanton.rest.oauth.ending import APPLICATIONS, end_all
        from kanton.rest.oauth.queries import consents_of
        from kanton.rest.oauth.rights import APPLICATIONS_MANAGE
        from kanton.support.blocks import endings
        from kanton.ui.shell import Group, NavEntry, register

        ending.register(APPLICATIONS)
        departure.register(sources)
        endings.register("applications", end_all)
        add_box(
            Box(
                "applications", "oauth/_security_box.html",
                lambda request: {"consents": list(consents_of(request.actor)[:5])}, order=80,
            )
        )  # fmt: skip
        register(
            NavEntry(
                key="applications", group=Group.SETTINGS, label=_("Applications"), icon="apps", order=60,
                url="oauth:applications", shown=may(APPLICATIONS_MANAGE),
            ),
            NavEntry(
                key="allowed-applications", group=Group.ACCOUNT, label=_("Allowed applications"), icon="plug-connected",
                order=62, url="oauth:allowed", in_organization=False,
            ),
        )  # fmt: skip
