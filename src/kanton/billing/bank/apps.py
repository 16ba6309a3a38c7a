from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BankConfig(AppConfig):
    """What comes from the bank and what goes to it: statements, matching, transfers."""

    name = "kanton.billing.bank"
    label = "bank"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.billing import proof
        from kanton.billing.bank import shell, tasks
        from kanton.billing.bank.queries import problems

        assert tasks  # registers the periodic ones
        shell.register()
        proof.register(
            proof.Check("bank", _("What the bank reported is settled, or lies in suspense"), problems)
        )
