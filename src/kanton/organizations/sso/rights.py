"""Who decides how an organization's people sign in."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import ADMINISTRATORS, Right

SSO_MANAGE = Right("sso.manage", _("manage single sign-on"), roles=ADMINISTRATORS, scopes=("accounts",))
