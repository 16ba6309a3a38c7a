from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailConfig(AppConfig):
    """Mail: addresses, sending and receiving, reading over IMAP, and the webmail."""

    name = "kanton.products.mail"
    label = "mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.accounts import ending
        from kanton.accounts.profile import exporting
        from kanton.accounts.recovery.queries import register_dependency
        from kanton.core.outbox.transports import set_post
        from kanton.organizations.departure import leaving
        from kanton.products.contract import register
        from kanton.products.mail import app_passwords
        from kanton.products.mail.departing import login_in_mail_service
        from kanton.products.mail.ending import EXPORT, MAIL
        from kanton.products.mail.house_post import hand_over
        from kanton.products.mail.logins import depends_on
        from kanton.products.mail.product import MailProduct
        from kanton.ui.shell import AppLink, register_app

        register(MailProduct())
        ending.register(MAIL)
        exporting.register(EXPORT)
        app_passwords.connect()
        register_app(AppLink("mail", _("Mail"), "mail", "webmail:home", order=10))
        set_post(hand_over)
        register_dependency(depends_on)
        leaving.register("mail", login_in_mail_service)
