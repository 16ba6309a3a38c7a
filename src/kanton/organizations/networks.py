"""From which networks owners and administrators may act: read, written, and asked without a database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
MOST = 50


def read(text: str) -> list[Network]:
    """The networks of a text with one on each line, such as 192.0.2.0/24, 198.51.100.7 or 2001:db8::/32.

    Raises ValueError, naming the line that is none.
    """
    found: dict[Network, None] = {}
    for line in text.replace(",", "\n").split():
        try:
            found[_undressed(ip_network(line, strict=False))] = None
        except ValueError:
            raise ValueError(line) from None
    if len(found) > MOST:
        raise ValueError(f"> {MOST}")
    return list(found)


def _undressed(network: Network) -> Network:
    """IPv4 written as IPv6 is IPv4."""
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        plain = network.network_address.ipv4_mapped
        if plain is not None:
            return IPv4Network((plain, network.prefixlen - 96))
    return network


def written(networks: Sequence[Network], begins: dt.date) -> str:
    """As an organization keeps them: the day, then the networks."""
    return " ".join([begins.isoformat(), *map(str, networks)])


@lru_cache(maxsize=4096)
def kept(rule: str) -> tuple[dt.date, tuple[Network, ...]] | None:
    """The day and the networks of a kept rule; None for no rule."""
    if not rule:
        return None
    day, *networks = rule.split()
    return dt.date.fromisoformat(day), tuple(ip_network(one) for one in networks)


def contains(networks: Sequence[Network], address: str) -> bool:
    """Whether an address lies in one of them; an IPv4 address may come dressed as IPv6."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


def refuses(rule: str, address: str, today: dt.date) -> bool:
    """Whether a kept rule that has begun keeps this address out. Without an address nobody is at the other end."""
    if not rule or not address:
        return False
    found = kept(rule)
    return found is not None and today >= found[0] and not contains(found[1], address)
