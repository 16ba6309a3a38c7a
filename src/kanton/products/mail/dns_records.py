"""The DNS records that mail with us needs, in a zone of ours or to be entered elsewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.exception
import dns.resolver

from kanton.config import config
from kanton.core.errors import NotFound
from kanton.products.domains.defaults import mail_records
from kanton.products.domains.linking import Checked, CheckState, LinkRecord, check_records
from kanton.products.domains.models import Zone
from kanton.products.domains.queries import signing_keys, uses_own_nameservers, zone_of
from kanton.products.domains.records import Record
from kanton.products.mail.engine.port import DkimKey
from kanton.products.mail.models import MailDomain

CONTROL_PREFIX = "kanton-mail="
LOOK_UP_SECONDS = 4.0
IMAPS_PORT, SUBMISSIONS_PORT, SUBMISSION_PORT = 993, 465, 587


def signing_key(domain: MailDomain) -> DkimKey | None:
    """The key that signs mail of the domain: the one in its zone with us, or the one made for it here."""
    for key in signing_keys(domain.name):
        return DkimKey(key.selector, key.private_pem, key.record)
    if domain.dkim_private:
        return DkimKey(domain.dkim_selector, domain.dkim_private, domain.dkim_record)
    return None


def zone_holding(name: str) -> Zone | None:
    """Our zone that holds the records of a name: its own, or that of a domain above it."""
    try:
        return zone_of(name)
    except NotFound:
        return None


def wanted_records(domain: MailDomain) -> list[LinkRecord]:
    """What must stand in the domain's zone: MX, SPF, DKIM, DMARC, and where programs find the servers (MAIL-37, 92)."""
    key = signing_key(domain)
    name, host = domain.name, config.smtp.hostname
    # Without a key yet, everything but its record; the job that makes the key adds it.
    wanted = mail_records(name, key.selector, key.record) if key else mail_records(name, "", "")
    wanted = [one for one in wanted if key or "_domainkey" not in one.record.name]
    for service, port in (
        ("_imaps", IMAPS_PORT),
        ("_submissions", SUBMISSIONS_PORT),
        ("_submission", SUBMISSION_PORT),
    ):
        wanted.append(
            LinkRecord(Record(f"{service}._tcp.{name}", "SRV", f"0 1 {port} {host}"), displaces="set")
        )
    return wanted


def link_owner(service_id: int) -> str:
    """Who made the records, as the zone remembers it."""
    return f"mail:{service_id}"


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """One wanted record and whether the world sees it."""

    name: str
    type: str
    target: str
    state: CheckState

    @property
    def is_good(self) -> bool:
        """Answered as wanted."""
        return self.state is CheckState.GOOD


def check_domain_records(domain: MailDomain) -> list[RecordCheck]:
    """Each wanted record with what is really answered (DOM-61): by our name server where the zone is with us, else by
    the world's."""
    wanted = wanted_records(domain)
    zone = zone_holding(domain.name)
    if zone is not None and uses_own_nameservers(zone.domain.registry_nameservers or zone.domain.nameservers):
        checked: list[Checked] = check_records(zone, wanted)
        return [_shown(one.record, one.state) for one in checked]
    asked = [one.record for one in wanted]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return [
            _shown(record, state)
            for record, state in zip(asked, pool.map(_state_elsewhere, asked), strict=True)
        ]


def unchecked_records(domain: MailDomain) -> list[RecordCheck]:
    """Each wanted record, without asking anybody."""
    return [_shown(one.record, CheckState.SILENT) for one in wanted_records(domain)]


def control_text(domain: MailDomain) -> str:
    """The TXT value that proves control of a domain held elsewhere (DOM-48)."""
    return CONTROL_PREFIX + domain.control_token


def text_records(name: str) -> list[str]:
    """The TXT records of a name as the world sees them; none when nobody answers."""
    return _look_up(name, "TXT") or []


def _shown(record: Record, state: CheckState) -> RecordCheck:
    from kanton.products.domains.records import text_value

    target = text_value(record.target) if record.type == "TXT" else record.target
    return RecordCheck(record.name, record.type, target, state)


def _state_elsewhere(record: Record) -> CheckState:
    answered = _look_up(record.name, record.type)
    if answered is None:
        return CheckState.SILENT
    if _shown(record, CheckState.GOOD).target.lower().rstrip(".") in (
        one.lower().rstrip(".") for one in answered
    ):
        return CheckState.GOOD
    return CheckState.OTHER if answered else CheckState.MISSING


def _look_up(name: str, kind: str) -> list[str] | None:
    resolver = dns.resolver.Resolver()
    resolver.lifetime = LOOK_UP_SECONDS
    try:
        answer = resolver.resolve(name, kind)
    except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
        return []
    except (dns.exception.DNSException, OSError):
        return None
    if kind == "TXT":
        return [b"".join(one.strings).decode("utf-8", "replace") for one in answer]
    return [str(one.to_text()) for one in answer]
