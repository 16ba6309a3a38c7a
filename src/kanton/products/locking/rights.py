"""Who may block the management of a product."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import ADMINISTRATORS, Right

LOCK = Right(
    "products.lock",
    _("block the management of products"),
    roles=ADMINISTRATORS,
    scopes=("accounts", "domain"),
)
