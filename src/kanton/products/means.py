"""What somebody holds in products and may open with a password of its own, for suspensions (ORG-88)."""

from __future__ import annotations

from collections.abc import Iterator

from kanton.accounts.models import Person
from kanton.organizations.models import Organization
from kanton.organizations.suspension.means import Means
from kanton.products.contract import all_products


def holdings(person: Person, organization: Organization) -> Iterator[Means]:
    """Mailboxes and the like, with the page of their product."""
    for product in all_products():
        for holding in product.holdings_of(person, organization):
            if holding.has_password:
                yield Means(holding.label, product.name, holding.url)
