"""Questions to name servers on the internet: does somebody else's server answer a zone?"""

from __future__ import annotations

import socket

import dns.exception
import dns.flags
import dns.message
import dns.query

from kanton.config import config
from kanton.products.domains.engine import reachable

PATIENCE = 2.0


def answers_zone(server: str, zone: str) -> bool:
    """Whether a name server answers a zone with authority. Our own are asked where they listen."""
    for address, port in _addresses(server):
        query = dns.message.make_query(zone + ".", "SOA")
        query.flags &= ~dns.flags.RD
        try:
            answer, _tcp = dns.query.udp_with_fallback(query, address, timeout=PATIENCE, port=port)
        except (dns.exception.DNSException, OSError):
            continue
        if answer.flags & dns.flags.AA and answer.answer:
            return True
    return False


def _addresses(server: str) -> list[tuple[str, int]]:
    if server in {own.lower().rstrip(".") for own in config.dns.nameservers}:
        return [(reachable(config.dns.host), config.dns.port)]
    try:
        found = socket.getaddrinfo(server, 53, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return []
    return [(str(address[0]), 53) for *_rest, address in found[:4]]
