"""What can go wrong with addresses and exports."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, Invalid


class AddressInUse(Conflict):
    """Products' invoices go there (BIL-116)."""

    code, field = "papers.address_in_use", "replacement"
    message = _("The invoices of %(products)s go to this address. Choose the address that takes its place.")


class NotAnAddress(Invalid):
    """Gone, the same, or somebody else's."""

    code, field = "papers.not_an_address", "replacement"
    message = _("Choose another billing address of the organization.")


class NothingToExport(Conflict):
    """The filter leaves nothing."""

    code = "papers.nothing_to_export"
    message = _("There are no documents in this period with this status.")


class TooManyToExport(Conflict):
    """More than one export should hold."""

    code = "papers.too_many"
    message = _(
        "These are %(count)s documents; at most %(most)s fit into one export. Choose a shorter period."
    )


class ExportNotReady(Conflict):
    """Still being made, or gone."""

    code = "papers.not_ready"
    message = _("This export is not ready, or its file has been deleted after seven days.")
