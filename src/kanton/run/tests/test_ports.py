"""Ports: the wished one when it is free, else a free one and a word about it."""

import socket
from collections.abc import Iterator

import pytest

from kanton.run.ports import NoPort, Wish, choose, why_not


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        yield other.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_free_port_is_taken_as_wished_and_nothing_is_said() -> None:
    port = free_port()
    [choice] = choose([Wish("web.port", "127.0.0.1", port)], {}, exact=False)
    assert (choice.port, choice.told) == (port, "")


def test_a_taken_port_is_replaced_and_both_are_told(taken: int) -> None:
    [choice] = choose([Wish("web.port", "127.0.0.1", taken)], {}, exact=False)
    assert choice.port != taken and why_not(choice.wish, choice.port) == ""
    assert choice.told == f"Port {taken} (web.port) is taken by another program. Using {choice.port} instead."


def test_the_replacement_of_last_time_comes_before_a_new_one(taken: int) -> None:
    before = free_port()
    [choice] = choose([Wish("web.port", "127.0.0.1", taken)], {"web.port": before}, exact=False)
    assert choice.port == before


def test_a_taken_port_stops_the_start_when_ports_are_exact(taken: int) -> None:
    with pytest.raises(NoPort, match=f"smtp.port is {taken}"):
        choose([Wish("smtp.port", "127.0.0.1", taken)], {}, exact=True)


def test_a_udp_port_counts_too_for_the_name_server() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        assert why_not(Wish("dns.port", "127.0.0.1", port, udp=True), port) == "taken by another program"
        assert why_not(Wish("web.port", "127.0.0.1", port), port) == ""


def test_two_parts_never_get_the_same_port() -> None:
    port = free_port()
    wishes = [Wish("web.port", "127.0.0.1", port), Wish("smtp.port", "127.0.0.1", port)]
    first, second = choose(wishes, {}, exact=False)
    assert first.port == port != second.port
    assert "used by another part of Kanton" in second.told


def test_zero_means_any_free_one() -> None:
    first, second = choose([Wish("a.port", "127.0.0.1", 0), Wish("b.port", "::1", 0)], {}, exact=True)
    assert first.port > 1023 and second.port > 1023 and first.told == ""


def test_an_address_this_machine_lacks_is_told_with_the_setting() -> None:
    with pytest.raises(NoPort, match=r"web.host is 192.0.2.1"):
        choose([Wish("web.port", "192.0.2.1", free_port())], {}, exact=False)
