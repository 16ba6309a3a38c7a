"""Who sets the rules."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import ADMINISTRATORS, Right

POLICIES_MANAGE = Right(
    "policies.manage",
    _("set the organization’s security rules"),
    roles=ADMINISTRATORS,
    scopes=("accounts", "users"),
)
