from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Sessions, known and trusted browsers, security mails, locks."""

    name = "kanton.accounts.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from allauth.account.signals import user_logged_in

        from kanton.accounts import attempts, second_factor, security, sign_in_page
        from kanton.accounts.access import devices, locking, queries
        from kanton.accounts.access.parts import EXPORTS
        from kanton.accounts.access.web import on_signed_in
        from kanton.accounts.actions import register_forgetting
        from kanton.accounts.factors.actions import register_turning_off
        from kanton.accounts.profile import exporting

        user_logged_in.connect(on_signed_in, dispatch_uid="kanton.accounts.access.on_signed_in")
        attempts.register_gate(locking.gate)
        attempts.register_failure(locking.failed)
        second_factor.register_exemption(devices.is_trusted)
        second_factor.register_after(devices.trust)
        register_forgetting(devices.forget_trust)
        register_turning_off(lambda actor, person: devices.forget_trust(person))
        sign_in_page.add_part(
            sign_in_page.Part("unlock", "access/_sign_in.html", lambda request: {}, order=90)
        )
        exporting.register(*EXPORTS)
        security.add_box(security.Box("access", "access/_box.html", queries.box, order=40))
