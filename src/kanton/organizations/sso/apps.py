from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SsoConfig(AppConfig):
    """Sign-in through the identity providers of organizations."""

    name = "kanton.organizations.sso"
    label = "sso"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from allauth.account.signals import user_logged_in

        from kanton.accounts import ending, gates, reauthentication, second_factor, security, sign_in_page
        from kanton.organizations.shell import may
        from kanton.organizations.sso import sessions
        from kanton.organizations.sso.ending import SSO
        from kanton.organizations.sso.rights import SSO_MANAGE
        from kanton.organizations.sso.views.sign_in import can_prove_again
        from kanton.ui.shell import Group, NavEntry, register

        user_logged_in.connect(sessions.on_signed_in, dispatch_uid="kanton.organizations.sso.on_signed_in")
        ending.register(SSO)
        gates.register_gate(sessions.gate)
        gates.register_sign_out(sessions.sign_out_target)
        second_factor.register_exemption(sessions.proves_second_factor)
        reauthentication.register_way(
            reauthentication.Way(
                "sso", _("Prove it at your organization"), "building", can_prove_again, "sso:again"
            )
        )
        sign_in_page.add_part(
            sign_in_page.Part("sso", "sso/_sign_in_part.html", lambda request: {}, order=60)
        )
        security.add_box(
            security.Box(
                "sso", "sso/_security_box.html",
                lambda request: sessions.box_of(request.user),
                order=70,
            )
        )  # fmt: skip
        register(
            NavEntry(
                key="sso", group=Group.SETTINGS, label=_("Single sign-on"), icon="login-2", order=50,
                url="sso:overview", shown=may(SSO_MANAGE),
            )
        )  # fmt: skip
