"""The API of domains, zones and records, in all three families that clients use."""

from kanton.products.domains.api import domains, older, records, zones
from kanton.products.domains.api.common import domains_router, older_router, zones_router

__all__ = [
    "domains",
    "domains_router",
    "older",
    "older_router",
    "records",
    "zones",
    "zones_router",
]
