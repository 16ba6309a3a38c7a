"""What may be granted on a Custom Brand."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import ADMINISTRATORS, Right

PRODUCT = "brand"

USE = Right(
    "brand.use",
    _("see the Custom Brand"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    grantable=True,
    scopes=("accounts:read", "accounts"),
)
MANAGE = Right(
    "brand.manage",
    _("change the look and the sender of the Custom Brand"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    grantable=True,
    implies=("brand.use",),
    scopes=("accounts",),
)
