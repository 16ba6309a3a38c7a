"""Questions to name servers on the internet: does somebody else's server answer a zone?

Customers choose whom we ask. So a name is looked up once, only public addresses are asked, and all of it takes no
longer than a page may: whoever is not asked in time counts as silent.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.resolver

from kanton.config import config
from kanton.core.internet import is_public
from kanton.products.domains.engine import reachable

PATIENCE = 2.0
PATIENCE_WITH_ALL = 10.0
MOST_ADDRESSES = 4
# Replaced by tests, in which time passes by itself.
clock_of = time.monotonic


def first_silent(servers: Sequence[str], zone: str) -> str | None:
    """The first of these name servers that does not answer the zone with authority, if there is one. Our own are
    asked where they listen."""
    until = clock_of() + PATIENCE_WITH_ALL
    for server in servers:
        if not _answers(server, zone, until):
            return server
    return None


def _answers(server: str, zone: str, until: float) -> bool:
    for address, port in _addresses(server, until):
        query = dns.message.make_query(zone + ".", "SOA")
        query.flags &= ~dns.flags.RD
        if (patience := _patience(until)) <= 0:
            return False
        try:
            answer, _tcp = dns.query.udp_with_fallback(query, address, timeout=patience, port=port)
        except (dns.exception.DNSException, OSError):
            continue
        if answer.flags & dns.flags.AA and answer.answer:
            return True
    return False


def _addresses(server: str, until: float) -> list[tuple[str, int]]:
    if server in {own.lower().rstrip(".") for own in config.dns.nameservers}:
        return [(reachable(config.dns.host), config.dns.port)]
    if (patience := _patience(until)) <= 0:
        return []
    found = look_up(server, patience)
    # One that leads into a private network says enough about the name: no other address of it is asked either.
    if not all(is_public(ip_address(address)) for address in found):
        return []
    return [(address, 53) for address in found[:MOST_ADDRESSES]]


def look_up(name: str, patience: float) -> list[str]:
    """The addresses of a host in the DNS; none when it has none."""
    try:
        return list(dns.resolver.Resolver().resolve_name(name + ".", lifetime=patience).addresses())
    except (dns.exception.DNSException, OSError, UnicodeError):
        return []


def _patience(until: float) -> float:
    return min(PATIENCE, until - clock_of())
