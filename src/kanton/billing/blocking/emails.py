"""The mails about a blocked order that comes to nothing. The procedure itself is support's."""

from __future__ import annotations

from kanton.billing.blocking.models import Block
from kanton.billing.emails import link_to, readers_of, send_to


def still_blocked(block: Block) -> None:
    """Three days are left to prove an identity (SUP-48)."""
    organization = block.order.organization
    send_to(
        readers_of(organization, block.person_id),
        "blocking/still_blocked",
        lambda: {
            "order": block.order.number,
            "organization": organization.name,
            "until": block.ends_at,
            "link": link_to(organization, f"orders/{block.order_id}"),
        },
        unique_key=f"block-reminder:{block.pk}",
    )


def lapsed(block: Block) -> None:
    """Cancelled after ten days; what was paid goes back to the method used (BIL-28)."""
    organization = block.order.organization
    send_to(
        readers_of(organization, block.person_id),
        "blocking/lapsed",
        lambda: {
            "order": block.order.number,
            "organization": organization.name,
            "link": link_to(organization, f"orders/{block.order_id}"),
        },
        unique_key=f"block-lapsed:{block.pk}",
    )
