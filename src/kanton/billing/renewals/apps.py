from django.apps import AppConfig


class RenewalsConfig(AppConfig):
    """The terms of services after their first."""

    name = "kanton.billing.renewals"
    label = "renewals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from kanton.billing import proof, settling
        from kanton.billing.renewals import console, tasks
        from kanton.billing.renewals import proof as own
        from kanton.billing.renewals.actions.daily import grant_paid, hold_terms

        assert tasks  # registers the periodic ones
        settling.WHEN_HELD.append(hold_terms)
        settling.WHEN_SETTLED.append(grant_paid)
        console.register()
        proof.register(
            proof.Check("renewals", _("Each term is billed once, and paid with its invoice"), own.problems)
        )
