"""The mails about payment profiles."""

from __future__ import annotations

from kanton.billing.emails import link_to, readers_of, send_to
from kanton.billing.models import PaymentProfile
from kanton.ui import formats


def expires_soon(profile: PaymentProfile) -> None:
    """A kept card ends within 30 days."""
    organization = profile.organization
    send_to(
        readers_of(organization),
        "profiles/expires_soon",
        lambda: {
            "organization": organization.name,
            "profile": profile.label,
            "day": formats.date(profile.expires_on),
            "link": link_to(organization, "payment-profiles"),
        },
    )
