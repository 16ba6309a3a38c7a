"""What happens with overdue invoices."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of reminders."""

    REMINDED = "billing.reminded", _("Payment reminder %(level)s for %(target)s over %(total)s was sent")
