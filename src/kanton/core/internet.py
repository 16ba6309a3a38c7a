"""Where a customer may have us call: addresses of the public Internet, never of our own networks or this machine."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address


def is_public(address: Address) -> bool:
    """May a customer have us call this address?"""
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if inner is not None and not is_public(inner):
        return False
    teredo = getattr(address, "teredo", None)
    if teredo is not None:
        return False
    # 64:ff9b::/96 and its like lead through a translator to any IPv4 address.
    if isinstance(address, IPv6Address) and address.packed[:4] == b"\x00\x64\xff\x9b":
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
