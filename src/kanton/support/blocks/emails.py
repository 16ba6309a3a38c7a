"""The mails about blocks: to the person and to the owners, each in their own language."""

from __future__ import annotations

from collections.abc import Sequence

from kanton.accounts.emails import to_both, to_one
from kanton.accounts.models import Person
from kanton.config import config
from kanton.organizations.models import Membership
from kanton.organizations.queries import mail_readers
from kanton.organizations.suspension.means import means_of
from kanton.support.blocks.models import SecurityBlock


def blocked(block: SecurityBlock, places: Sequence[Membership]) -> None:
    """Tell the person how to come back, and the owners what has passwords of its own (ORG-88, ORG-89)."""
    to_both(block.person, "blocks/blocked_you", _values(block))
    for place in places:
        means = [
            {"label": one.label, "link": config.web.address + one.url}
            for one in means_of(block.person, place.organization)
        ]
        for reader in mail_readers(place.organization):
            if reader.person_id != block.person_id:
                values = _values(block) | {"name": place.organization.name, "means": means}
                to_one(reader.person, "blocks/blocked", values)


def lifted(block: SecurityBlock, places: Sequence[Membership]) -> None:
    """Tell the same readers that it ended."""
    to_both(block.person, "blocks/lifted_you", _values(block))
    for place in places:
        for reader in mail_readers(place.organization):
            if reader.person_id != block.person_id:
                to_one(reader.person, "blocks/lifted", _values(block) | {"name": place.organization.name})


def guide(person: Person) -> None:
    """Where the guide is; it carries no link that signs in."""
    to_both(person, "blocks/guide", {"address": f"{config.web.address}/account/protect"})


def _values(block: SecurityBlock) -> dict[str, object]:
    return {
        "blocked": block.person.display_name,
        "organization": block.organization_label,
        "reason": block.reason,
        "provider": config.operator.name,
        "support": config.operator.support_email,
    }
