"""What may be granted on mail: whole services, or single addresses by the resource "mailbox:17"."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import ADMINISTRATORS, Right

PRODUCT = "mail"
# Routes that change something ask for "mail" themselves; reading needs less.
SCOPES = ("mail", "mail:read")

USE = Right(
    "mail.use",
    _("read the mail of an address"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    grantable=True,
    scopes=SCOPES,
)
MAILBOX_SEND = Right(
    "mail.send",
    _("send from an address"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    grantable=True,
    implies=("mail.use",),
    scopes=SCOPES,
)
PASSWORD = Right(
    "mail.password",
    _("change the password of an address"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    grantable=True,
    implies=("mail.use",),
    scopes=SCOPES,
)
MAINTAIN = Right(
    # Everybody's mail at once: not for those who hold a grant (ORG-84).
    "mail.maintain",
    _("put mail services into maintenance"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    scopes=("mail",),
)
# Figures about everybody's addresses. Not implied by using one, and reads no mail.
STATISTICS = Right(
    "mail.statistics",
    _("see the statistics of mail services"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    grantable=True,
    scopes=SCOPES,
)
MANAGE = Right(
    "mail.manage",
    _("manage mail services and their addresses"),
    roles=ADMINISTRATORS,
    product=PRODUCT,
    grantable=True,
    implies=("mail.send", "mail.password", "mail.statistics"),
    scopes=SCOPES,
)
