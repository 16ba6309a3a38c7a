"""What happens to services as such."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of services."""

    SERVICE_ORDERED = "products.service_ordered", _("%(actor)s started the set-up of %(target)s")
    SERVICE_SUSPENDED = "products.service_suspended", _("%(actor)s suspended %(target)s")
    SERVICE_RESUMED = "products.service_resumed", _("%(actor)s resumed %(target)s")
    SERVICE_ENDED = "products.service_ended", _("%(actor)s ended %(target)s")
    SERVICE_EXTENDED = "products.service_extended", _("%(actor)s extended %(target)s until %(until)s")
    SERVICE_READY = "products.service_ready", _("%(target)s is ready")
    SERVICE_NEEDS_CUSTOMER = "products.service_needs_customer", _("%(target)s needs attention: %(reason)s")
