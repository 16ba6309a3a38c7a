"""What can go wrong with a question, in the customer's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Invalid


class NotInForecast(Invalid):
    """The product or plan of the question is none that this organization could have."""

    code, field = "billing.not_in_forecast", "product_id"
    message = _("Ask about a product of this organization that renews, and about a plan of the same product.")
