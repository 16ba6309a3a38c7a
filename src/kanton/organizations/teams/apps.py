from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TeamsConfig(AppConfig):
    """Work teams: what is granted to a team counts for everybody in it."""

    name = "kanton.organizations.teams"
    label = "teams"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.organizations.rights import MEMBERS_VIEW
        from kanton.organizations.shell import may
        from kanton.organizations.sso import roles
        from kanton.organizations.teams import tasks
        from kanton.organizations.teams.provider import follow
        from kanton.ui.shell import Group, NavEntry, register

        assert tasks  # its jobs are found by their names
        roles.register_teams(follow)
        register(
            NavEntry(
                key="teams", group=Group.PEOPLE, label=_("Teams"), icon="users-group",
                url="teams:list", order=60, shown=may(MEMBERS_VIEW),
            )
        )  # fmt: skip
