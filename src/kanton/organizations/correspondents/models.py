"""Who was chosen to get which kind of administrative mail."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kanton.core import clock
from kanton.organizations.models import Membership


class MailKind(models.TextChoices):
    """Kinds of administrative mail (ORG-41)."""

    BILLING = "billing", _("Billing")
    RENEWAL = "renewal", _("Renewals")
    TECHNICAL = "technical", _("Technical matters")

    @property
    def about(self) -> str:
        """What such mails are about."""
        return str(ABOUT[self])


ABOUT = {
    MailKind.BILLING: _("Orders, invoices, payments and reminders, with their amounts."),
    MailKind.RENEWAL: _("What expires, was renewed or could not be renewed."),
    MailKind.TECHNICAL: _("Set-up, faults and work on products."),
}


class Correspondent(models.Model):
    """A member who was chosen for one kind of mail. It ends with the membership."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="correspondences")
    kind = models.CharField(max_length=10, choices=MailKind.choices)
    chosen_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "kind"], name="chosen_once_for_a_kind")]

    def __str__(self) -> str:
        return f"{self.membership}: {self.kind}"

    @property
    def organization_id(self) -> int:
        """The membership's."""
        return self.membership.organization_id
