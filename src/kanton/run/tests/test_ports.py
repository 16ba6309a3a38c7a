"""Ports: the wished one when it is free, else a free one and a word about it."""

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping

import pytest

from kanton.run.ports import Choice, NoPort, Wish, why_not
from kanton.run.ports import choose as really_choose

Choose = Callable[..., list[Choice]]


@pytest.fixture
def choose() -> Iterator[Choose]:
    """`choose`, letting go at the end of what was taken."""
    with contextlib.ExitStack() as taken:

        def and_let_go(wishes: list[Wish], before: Mapping[str, int], *, exact: bool = False) -> list[Choice]:
            chosen = really_choose(wishes, before, exact=exact)
            for choice in chosen:
                taken.callback(choice.release)
            return chosen

        yield and_let_go


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


def test_a_free_port_is_taken_as_wished_and_nothing_is_said(choose: Choose) -> None:
    port = free_port()
    [choice] = choose([Wish("web.port", "127.0.0.1", port)], {})
    assert (choice.port, choice.told) == (port, "")


def test_a_taken_port_is_replaced_and_both_are_told(taken: int, choose: Choose) -> None:
    [choice] = choose([Wish("web.port", "127.0.0.1", taken)], {})
    assert choice.port != taken
    assert choice.told == f"Port {taken} (web.port) is taken by another program. Using {choice.port} instead."


def test_the_replacement_of_last_time_comes_before_a_new_one(taken: int, choose: Choose) -> None:
    before = free_port()
    [choice] = choose([Wish("web.port", "127.0.0.1", taken)], {"web.port": before})
    assert choice.port == before


def test_a_taken_port_stops_the_start_when_ports_are_exact(taken: int, choose: Choose) -> None:
    with pytest.raises(NoPort, match=f"smtp.port is {taken}"):
        choose([Wish("smtp.port", "127.0.0.1", taken)], {}, exact=True)


def test_a_udp_port_counts_too_for_the_name_server() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        assert why_not(Wish("dns.port", "127.0.0.1", port, udp=True), port) == "taken by another program"
        assert why_not(Wish("web.port", "127.0.0.1", port), port) == ""


def test_two_parts_never_get_the_same_port(choose: Choose) -> None:
    port = free_port()
    wishes = [Wish("web.port", "127.0.0.1", port), Wish("smtp.port", "127.0.0.1", port)]
    first, second = choose(wishes, {})
    assert first.port == port != second.port
    assert "used by another part of Kanton" in second.told


def test_zero_means_any_free_one(choose: Choose) -> None:
    first, second = choose([Wish("a.port", "127.0.0.1", 0), Wish("b.port", "::1", 0)], {}, exact=True)
    assert first.port > 1023 and second.port > 1023 and first.told == ""


def test_an_address_this_machine_lacks_is_told_with_the_setting(choose: Choose) -> None:
    with pytest.raises(NoPort, match=r"web.host is 192.0.2.1"):
        choose([Wish("web.port", "192.0.2.1", free_port())], {})


KINDS = [{}, {"udp": True}, {"shared": True}]


@pytest.mark.parametrize("kind", KINDS)
def test_a_chosen_port_is_ours_until_it_is_let_go(choose: Choose, kind: dict[str, bool]) -> None:
    wish = Wish("x.port", "127.0.0.1", 0, **kind)
    [choice] = choose([wish], {})
    assert choice.port == choice.sockets[0].getsockname()[1]
    for option in (None, socket.SO_REUSEADDR):
        with socket.socket() as stranger:
            if option:
                stranger.setsockopt(socket.SOL_SOCKET, option, 1)
            with pytest.raises(OSError, match="in use"):
                stranger.bind(("127.0.0.1", choice.port))
                stranger.listen(1)
    for each in KINDS:
        assert why_not(Wish("y.port", "127.0.0.1", 0, **each), choice.port) == "taken by another program"
    choice.release()
    assert why_not(wish, choice.port) == ""


def test_who_opens_its_own_sockets_joins_the_port_that_is_held(choose: Choose) -> None:
    [choice] = choose([Wish("web.port", "127.0.0.1", 0, shared=True)], {})
    with contextlib.ExitStack() as opened:
        servers = [opened.enter_context(socket.socket()) for _ in range(2)]
        for server in servers:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind(("127.0.0.1", choice.port))
            server.listen(16)
            server.setblocking(False)
        # Every connection reaches one of them; the socket that only holds the port takes none.
        for _ in range(16):
            opened.enter_context(socket.create_connection(("127.0.0.1", choice.port)))
        accepted = 0
        for server in servers:
            with contextlib.suppress(BlockingIOError):
                while True:
                    opened.enter_context(server.accept()[0])
                    accepted += 1
    assert accepted == 16


def test_what_was_taken_is_let_go_when_another_wish_fails(taken: int) -> None:
    port = free_port()
    wishes = [Wish("web.port", "127.0.0.1", port, shared=True), Wish("smtp.port", "127.0.0.1", taken)]
    with pytest.raises(NoPort, match=r"smtp\.port"):
        really_choose(wishes, {}, exact=True)
    assert why_not(wishes[0], port) == ""
