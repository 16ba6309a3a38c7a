"""Which addresses a customer may have us call."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from kanton.core.internet import is_public


@pytest.mark.parametrize(
    "private",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
        "2001:0:1::1", "64:ff9b::7f00:1", "::",
    ],
)  # fmt: skip
def test_an_address_of_a_private_network_or_one_that_leads_there_is_not_public(private: str) -> None:
    assert not is_public(ip_address(private))


@pytest.mark.parametrize("public", ["8.8.8.8", "2001:4860:4860::8888"])
def test_an_address_of_the_internet_is_public(public: str) -> None:
    assert is_public(ip_address(public))
