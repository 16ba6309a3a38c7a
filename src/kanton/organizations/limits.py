"""How many invitations go out, so that no organization floods strangers with mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from kanton.accounts.models import address_key
from kanton.core.action import is_dry_run
from kanton.core.throttle import throttle
from kanton.organizations.models import Organization

DAY = timedelta(days=1)
A_DAY = 3_000
TO_ONE_ADDRESS_A_DAY = 5


def count_invitations(organization: Organization, addresses: Sequence[str]) -> None:
    """Count invitations to these addresses. Raises TooMany beyond five to one address or 3,000 in all a day."""
    if is_dry_run():
        return
    for email in addresses:
        throttle(f"invite:{organization.pk}:{address_key(email)}", TO_ONE_ADDRESS_A_DAY, DAY).or_refuse()
    throttle(f"invite:{organization.pk}", A_DAY, DAY, cost=len(addresses)).or_refuse()
