"""What happens with billing addresses and exports."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of papers."""

    ADDRESS_ADDED = "papers.address_added", _("%(actor)s added the billing address %(target)s")
    ADDRESS_CHANGED = "papers.address_changed", _("%(actor)s changed the billing address %(target)s")
    ADDRESS_REMOVED = "papers.address_removed", _("%(actor)s removed the billing address %(target)s")
    ADDRESS_USED = "papers.address_used", _("%(actor)s has the invoices of %(target)s go to %(address)s")
    INVOICE_ADDRESSED = "papers.invoice_addressed", _("%(actor)s had %(target)s made out to %(address)s")
    EXPORT_ASKED = "papers.export_asked", _("%(actor)s asked for %(count)s billing documents")
