"""The API of mail services: mailboxes, addresses, redirections, who may use what, and what happened to mails."""

from kanton.products.mail.api import access, addresses, devices, domains, hostings, journal, mailboxes
from kanton.products.mail.api.common import router

__all__ = [
    "access",
    "addresses",
    "devices",
    "domains",
    "hostings",
    "journal",
    "mailboxes",
    "router",
]
