from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NewsConfig(AppConfig):
    """News of the provider: on a public page, and by mail to those who asked for their topic."""

    name = "kanton.accounts.news"
    label = "news"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.accounts import ending
        from kanton.accounts.news.parts import ENDING, EXPORT
        from kanton.accounts.profile import exporting
        from kanton.ui.shell import Group, NavEntry, register

        ending.register(ENDING)
        exporting.register(EXPORT)
        register(
            NavEntry(
                key="account-settings", group=Group.ACCOUNT, label=_("Settings"), icon="settings", order=50,
                url="news:settings", in_organization=False,
            ),
            NavEntry(
                key="staff-news", group=Group.STAFF, label=_("News"), icon="news", order=70, url="news:staff",
                in_organization=False, shown=lambda request: bool(request.actor.is_staff),  # type: ignore[attr-defined]
            ),
        )  # fmt: skip
