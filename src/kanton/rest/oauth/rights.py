"""Who looks after the applications of an organization."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import ADMINISTRATORS, Right

APPLICATIONS_MANAGE = Right(
    "oauth.applications_manage",
    _("manage applications that sign in with us"),
    roles=ADMINISTRATORS,
    scopes=("accounts",),
)
