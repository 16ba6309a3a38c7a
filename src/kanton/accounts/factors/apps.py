from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FactorsConfig(AppConfig):
    """One-time passwords, passkeys and security keys, text messages, backup codes."""

    name = "kanton.accounts.factors"
    label = "factors"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models import Exists, OuterRef

        from kanton.accounts import ending, reauthentication, second_factor, security, sign_in_page
        from kanton.accounts.factors import queries
        from kanton.accounts.factors.models import TextNumber
        from kanton.accounts.factors.parts import ENDING, EXPORT
        from kanton.accounts.factors.views.passkey import on_sign_in_page
        from kanton.accounts.profile import exporting
        from kanton.accounts.queries import register_factor_rows
        from kanton.accounts.second_factor import Method
        from kanton.ui.home import register_attention

        second_factor.register(
            Method(
                code="key",
                label=_("Passkey or security key"),
                icon="fingerprint",
                order=10,
                hint=_("Fingerprint, face, screen lock or a key such as a YubiKey. Cannot be phished."),
                is_active=queries.has_key,
                url="factors:key_step",
                set_up_url="factors:add_key",
            )
        )
        second_factor.register(
            Method(
                code="totp",
                label=_("One-time password app"),
                icon="device-mobile",
                order=30,
                hint=_("Any app that shows six digits every 30 seconds; works without network."),
                is_active=queries.has_totp,
                url="factors:totp_step",
                set_up_url="factors:add_totp",
            )
        )
        second_factor.register(
            Method(
                code="sms",
                label=_("Code by text message"),
                icon="message",
                order=40,
                hint=_("A code sent to your mobile phone. Weaker than the others."),
                is_active=queries.has_text_number,
                url="factors:sms_step",
                set_up_url="factors:add_sms",
                is_offered=queries.sms_is_offered,
            )
        )
        second_factor.register(
            Method(
                code="backup",
                label=_("Backup code"),
                icon="file-text",
                order=90,
                is_backup=True,
                hint=_("One of the ten codes that you stored."),
                is_active=queries.has_backup_codes,
                url="factors:backup_step",
                set_up_url="factors:new_backup_codes",
            )
        )
        register_factor_rows(lambda path: Exists(TextNumber.objects.filter(person=OuterRef(path))))
        second_factor.register_exemption(queries.came_by_passkey)
        reauthentication.register_way(
            reauthentication.Way(
                "key",
                _("Confirm with passkey or security key"),
                "fingerprint",
                queries.has_key,
                "factors:again_by_key",
            )
        )
        sign_in_page.add_part(
            sign_in_page.Part("passkey", "factors/_sign_in.html", on_sign_in_page, order=10)
        )
        security.add_box(security.Box("two-factor", "factors/_box.html", queries.box, order=20))
        ending.register(ENDING)
        exporting.register(EXPORT)
        register_attention("backup-codes", queries.few_backup_codes)
