from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganizationsConfig(AppConfig):
    """Members, roles, rights."""

    name = "kanton.organizations"
    label = "organizations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.accounts import ending
        from kanton.accounts.profile import exporting
        from kanton.core.rights import set_resolver
        from kanton.organizations.ending import EXPORT, ORGANIZATIONS
        from kanton.organizations.resolver import Memberships
        from kanton.organizations.rights import ACTIVITY_VIEW, MEMBERS_VIEW
        from kanton.organizations.shell import may, organization_of, organizations_of, waiting_invitations
        from kanton.ui.home import register_attention
        from kanton.ui.shell import Group, NavEntry, register, sources

        set_resolver(Memberships())
        ending.register(ORGANIZATIONS)
        exporting.register(EXPORT)
        register_attention("invitations", waiting_invitations)
        sources.organization = organization_of
        sources.organizations = organizations_of
        sources.urls["new_organization"] = "organizations:new"
        sources.urls["organizations"] = "organizations:switch"
        sources.urls["find_organization"] = "organizations:find"
        register(
            NavEntry(
                key="people", group=Group.PEOPLE, label=_("People"), icon="users",
                url="organizations:people", shown=may(MEMBERS_VIEW),
            ),
            NavEntry(
                key="rights", group=Group.PEOPLE, label=_("Who may do what"), icon="user-question",
                url="organizations:who", order=60, shown=may(MEMBERS_VIEW),
            ),
            NavEntry(
                key="organization", group=Group.SETTINGS, label=_("My organization"), icon="building",
                url="organizations:details", order=10,
            ),
            NavEntry(
                key="activity", group=Group.SETTINGS, label=_("Activity"), icon="history",
                url="organizations:activity", order=80, shown=may(ACTIVITY_VIEW),
            ),
            NavEntry(
                key="organizations", group=Group.ACCOUNT, label=_("Organizations"), icon="building",
                url="organizations:mine", order=40, in_organization=False,
            ),
        )  # fmt: skip
