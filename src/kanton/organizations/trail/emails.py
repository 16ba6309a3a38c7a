"""The daily proof by mail."""

from __future__ import annotations

import datetime as dt

from kanton.activity.models import Chain
from kanton.config import config
from kanton.core.outbox import send_mail
from kanton.organizations.trail.models import HeadReader, LogExport


def head(reader: HeadReader, chain: Chain, day: dt.date) -> None:
    """The head of the chain as it is now; once a day for each reader, however often it is called."""
    person = reader.membership.person
    send_mail(
        person.email,
        "trail/head",
        {
            "person": person,
            "organization": reader.organization.name,
            "chain": chain.name,
            "length": chain.length,
            "digest": chain.head,
            "command": f"kanton activity verify {chain.name} --kept {chain.length}:{chain.head}",
            "page": f"{config.web.address}/o/{reader.organization.slug}/activity/proof",
            "problem": chain.verified_problem,
        },
        language=person.language,
        time_zone=person.time_zone,
        kind="security",
        unique_key=f"activity-head:{day}:{reader.pk}",
    )


def export_ready(export: LogExport) -> None:
    """Tell whoever ordered it where the file is."""
    person = export.person
    send_mail(
        person.email,
        "trail/export_ready",
        {
            "person": person,
            "organization": export.organization.name,
            "page": f"{config.web.address}/o/{export.organization.slug}/activity/exports",
        },
        language=person.language,
        time_zone=person.time_zone,
        kind="organization",
        unique_key=f"log-export:{export.pk}",
    )
