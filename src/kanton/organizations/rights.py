"""What may be done to an organization as a whole."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import ADMINISTRATORS, EVERYBODY, OWNER_ONLY, Right

BELONG = Right(
    "organizations.belong", _("belong to the organization"), roles=EVERYBODY, scopes=("accounts:read",)
)
DETAILS_EDIT = Right(
    "organizations.details_edit", _("edit the organization’s details"), roles=OWNER_ONLY, scopes=("accounts",)
)
MEMBERS_VIEW = Right(
    "organizations.members_view",
    _("see the people of the organization"),
    roles=ADMINISTRATORS,
    scopes=("users:read", "accounts"),
)
MEMBERS_MANAGE = Right(
    "organizations.members_manage",
    _("manage people and their access"),
    roles=ADMINISTRATORS,
    scopes=("users",),
)
BRANDING = Right(
    "organizations.branding",
    _("set the logos and initials of the organization"),
    roles=ADMINISTRATORS,
    scopes=("accounts",),
)
ACTIVITY_VIEW = Right(
    "organizations.activity_view",
    _("see the organization’s activity"),
    roles=ADMINISTRATORS,
    scopes=("accounts",),
)
ACCOUNTING = Right(
    "billing.accounting",
    _("manage accounting"),
    roles=ADMINISTRATORS,
    grantable=True,
    # Routes that move money ask for "invoicing" themselves; reading needs less.
    scopes=("invoicing", "invoicing:read", "accounts"),
)
ORDER = Right("billing.order", _("order products"), roles=ADMINISTRATORS, scopes=("order",))
WITHDRAW = Right("billing.withdraw", _("withdraw money"), roles=OWNER_ONLY, scopes=())
