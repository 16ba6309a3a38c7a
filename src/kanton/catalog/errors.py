"""What can go wrong with the catalogue, in the customer's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, Invalid


class NotForSale(Conflict):
    """The plan is gone, or its product is not installed."""

    code = "catalog.not_for_sale"
    message = _("“%(plan)s” is not for sale at the moment. Choose another offer in the shop.")


class NoPrice(Invalid):
    """There is no price for this currency and period."""

    code, field = "catalog.no_price", "months"
    message = _("“%(plan)s” has no price in %(currency)s for this period. Choose one of the periods offered.")


class QuantityOutOfRange(Invalid):
    """More or fewer than the plan allows."""

    code, field = "catalog.quantity_out_of_range", "quantity"
    message = _("Choose a quantity from %(least)s to %(most)s.")
