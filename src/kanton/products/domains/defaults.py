"""The records a new domain begins with, and those that mail with us needs. Pure but for the configuration."""

from __future__ import annotations

from kanton.config import config
from kanton.products.domains import records
from kanton.products.domains.linking import LinkRecord
from kanton.products.domains.records import Record

MX_PRIORITY = 10


def nameserver_records(zone: str) -> list[Record]:
    """The zone's own name servers: ours."""
    return [Record(zone, "NS", server.lower().rstrip(".")) for server in config.dns.nameservers]


def mail_records(zone: str, selector: str, dkim: str) -> list[LinkRecord]:
    """What must stand in a zone whose mail is with us: MX, SPF, DKIM, DMARC."""
    return [
        LinkRecord(Record(zone, "MX", f"{MX_PRIORITY} {config.smtp.hostname.lower()}"), displaces="set"),
        LinkRecord(Record(zone, "TXT", _text("v=spf1 mx -all")), displaces="v=spf1"),
        LinkRecord(Record(f"{selector}._domainkey.{zone}", "TXT", _text(dkim)), displaces="set"),
        LinkRecord(Record(f"_dmarc.{zone}", "TXT", _text("v=DMARC1; p=quarantine")), displaces="v=dmarc1"),
    ]


def first_records(zone: str, selector: str, dkim: str) -> list[Record]:
    """The records of a newly registered domain."""
    return nameserver_records(zone) + [wanted.record for wanted in mail_records(zone, selector, dkim)]


def _text(value: str) -> str:
    return records.split_text(value.encode())
