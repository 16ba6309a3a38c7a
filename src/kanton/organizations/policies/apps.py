from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PoliciesConfig(AppConfig):
    """What an organization demands of the accounts of its people."""

    name = "kanton.organizations.policies"
    label = "policies"

    def ready(self) -> None:
        from kanton.accounts import second_factor
        from kanton.organizations.policies.queries import names_demanding
        from kanton.organizations.policies.rights import POLICIES_MANAGE
        from kanton.organizations.shell import may
        from kanton.ui.shell import Group, NavEntry, register

        second_factor.register_enforcer(names_demanding)
        register(
            NavEntry(
                key="policies", group=Group.SETTINGS, label=_("Security rules"), icon="shield-check",
                url="policies:policies", order=30, shown=may(POLICIES_MANAGE),
            )
        )  # fmt: skip
