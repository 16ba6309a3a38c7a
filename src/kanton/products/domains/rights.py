"""What may be granted on domains: technical rights only (DOM-27)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import ADMINISTRATORS, Right

PRODUCT = "domains"

VIEW = Right(
    "domains.view",
    _("see domains and their zones"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    grantable=True,
    scopes=("domain:read", "dns:read", "dns:write"),
)
DNS_EDIT = Right(
    "domains.dns_edit",
    _("edit DNS zones"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    grantable=True,
    implies=("domains.view",),
    scopes=("dns:write",),
)
MANAGE = Right(
    "domains.manage",
    _("manage domains"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    grantable=True,
    implies=("domains.dns_edit",),
    scopes=("domain",),
)
