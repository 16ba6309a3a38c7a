"""The mails about teams, to those for whom something changes."""

from __future__ import annotations

from collections.abc import Sequence

from kanton.core.outbox import send_mail
from kanton.organizations import grantable
from kanton.organizations.models import Membership

JOINED, LEFT, ACCESS_CHANGED = "teams/joined", "teams/left", "teams/access_changed"


def tell(template: str, membership: Membership, team: str, products: Sequence[str], *, by: str) -> None:
    """Tell somebody what changed with a team, and what kinds of product it opens now."""
    person = membership.person
    send_mail(
        person.email,
        template,
        {
            "organization": membership.organization.name,
            "team": team,
            "products": [grantable.named(code).label for code in products],
            "by": by,
        },
        language=person.language,
        time_zone=person.time_zone,
        kind="membership",
    )
