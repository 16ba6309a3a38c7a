from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People and how they sign in."""

    name = "kanton.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from allauth.account.signals import user_logged_in

        from kanton.accounts import security
        from kanton.accounts.shell import language_chosen, provider, unconfirmed_address, user_of
        from kanton.accounts.web import on_signed_in
        from kanton.ui.home import register_attention
        from kanton.ui.shell import Group, NavEntry, register, sources

        user_logged_in.connect(on_signed_in, dispatch_uid="kanton.accounts.on_signed_in")
        security.add_box(security.PASSWORD)
        register_attention("unconfirmed", unconfirmed_address)
        sources.user = user_of
        sources.provider = provider
        sources.language_chosen = language_chosen
        register(
            NavEntry(
                key="account", group=Group.ACCOUNT, label=_("My profile"), icon="user", order=10,
                url="accounts:profile", in_organization=False,
            ),
            NavEntry(
                key="security", group=Group.ACCOUNT, label=_("Security"), icon="shield-lock", order=20,
                url="accounts:security", in_organization=False,
                also_at=tuple(
                    f"/account/{part}"
                    for part in (
                        "two-factor", "authenticator", "access", "app-passwords", "password", "again",
                        "login-address", "recovery-email", "recovery-phone", "protect",
                    )
                ),
            ),
            NavEntry(
                key="tokens", group=Group.ACCOUNT, label=_("API tokens"), icon="key", order=60,
                url="accounts:tokens", in_organization=False,
            ),
            NavEntry(
                key="account-activity", group=Group.ACCOUNT, label=_("Account activity"), icon="history", order=70,
                url="accounts:activity", in_organization=False,
            ),
        )  # fmt: skip
