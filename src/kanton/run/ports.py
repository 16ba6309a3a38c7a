"""Which ports to use: the wished ones when they are free, those of last time, else the next free ones.

A port is ours from the moment it is chosen: its sockets are bound here and stay open until Kanton ends. Servers of our
own, and Dovecot, are handed them. Granian opens its own in each of its processes: its port is held by a socket with
SO_REUSEPORT that never listens, which keeps strangers away and lets granian's join. Decision 0062.
"""

import contextlib
import errno
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kanton.config_values import listening_address

TRIES = 50
WAITING_CONNECTIONS = 512


class NoPort(Exception):
    """No usable port was found; the text says why and what to do."""


@dataclass(frozen=True)
class Wish:
    """A port that a server would like: `name` is the setting, such as "web.port".

    With `shared` the server opens its sockets itself, beside the one that holds its port.
    """

    name: str
    host: str
    port: int
    udp: bool = False
    shared: bool = False


@dataclass(frozen=True)
class Choice:
    """The port a server gets, whether another program made us take a different one, and the sockets that hold it.

    The first socket is TCP; of a wish with `udp`, the second is UDP.
    """

    wish: Wish
    port: int
    sockets: tuple[socket.socket, ...]
    reason: str = ""

    @property
    def told(self) -> str:
        """What to tell when the port is not the wished one; empty when it is."""
        if not self.reason:
            return ""
        return f"Port {self.wish.port} ({self.wish.name}) is {self.reason}. Using {self.port} instead."

    def release(self) -> None:
        """Let the port go."""
        for each in self.sockets:
            each.close()


class _Unusable(Exception):
    """This port cannot be had; the text says why."""


def choose(wishes: list[Wish], before: Mapping[str, int], *, exact: bool) -> list[Choice]:
    """Take a free port for every wish. With `exact`, a taken port is an error."""
    chosen: list[Choice] = []
    try:
        for wish in wishes:
            ours = {choice.port for choice in chosen}
            chosen.append(_choose_one(wish, before.get(wish.name, 0), ours, exact=exact))
    except BaseException:
        for choice in chosen:
            choice.release()
        raise
    return chosen


def _choose_one(wish: Wish, before: int, ours: set[int], *, exact: bool) -> Choice:
    reason = ""
    for port in _candidates(wish, before):
        try:
            if port in ours:
                raise _Unusable("used by another part of Kanton")
            sockets = _hold(wish, port)
        except _Unusable as problem:
            if exact and port:
                raise NoPort(
                    f"{wish.name} is {port}, and that port is {problem}. Stop the program that has it, set {wish.name} "
                    'to another port, or let Kanton choose: ports = "flexible".'
                ) from None
            reason = reason or (str(problem) if port else "")
        else:
            return Choice(wish, sockets[0].getsockname()[1], sockets, reason)
    raise NoPort(f"No free port was found for {wish.name}. Are there programs that hold thousands of them?")


def _candidates(wish: Wish, before: int) -> Iterator[int]:
    if wish.port:
        yield wish.port
        if before and before != wish.port:
            yield before
        # Low ports need a privilege; look for others where nobody needs one.
        first = wish.port + 1 if wish.port >= 1024 else wish.port + 8000
        yield from range(first, min(first + TRIES, 65536))
    yield from [0] * TRIES


def why_not(wish: Wish, port: int) -> str:
    """Why this port cannot be used, or an empty text when it can."""
    try:
        held = _hold(wish, port)
    except _Unusable as problem:
        return str(problem)
    for each in held:
        each.close()
    return ""


def _hold(wish: Wish, port: int) -> tuple[socket.socket, ...]:
    """Bind everything that this wish needs at this port (0: any free one), or nothing."""
    with contextlib.ExitStack() as opened:
        try:
            first = opened.enter_context(_listening(wish.host, port))
            number: int = first.getsockname()[1]
            held = [first]
            if wish.udp or wish.shared:
                # Nobody shares a UDP port: of two Kantons that hold a TCP port by sharing, only one gets this.
                held.append(opened.enter_context(_bound(wish.host, number, socket.SOCK_DGRAM)))
            if wish.shared:
                first.close()
                held[0] = opened.enter_context(_bound(wish.host, number, socket.SOCK_STREAM, "SO_REUSEPORT"))
        except OSError as problem:
            raise _understood(wish, problem) from None
        opened.pop_all()
        return tuple(held)


def _understood(wish: Wish, problem: OSError) -> Exception:
    if problem.errno == errno.EADDRINUSE:
        return _Unusable("taken by another program")
    if problem.errno in (errno.EACCES, errno.EPERM):
        return _Unusable("reserved for privileged programs")
    if problem.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) or isinstance(problem, socket.gaierror):
        return NoPort(
            f"{wish.name.rpartition('.')[0]}.host is {wish.host}, and this machine has no such address. "
            'Use "127.0.0.1" for this machine only, or "0.0.0.0" for all its addresses.'
        )
    return problem


def _listening(host: str, port: int) -> socket.socket:
    # SO_REUSEADDR: connections that linger from a server just stopped do not make its port taken.
    bound = _bound(host, port, socket.SOCK_STREAM, "SO_REUSEADDR")
    try:
        bound.listen(WAITING_CONNECTIONS)
    except OSError:
        bound.close()
        raise
    return bound


def _bound(host: str, port: int, kind: socket.SocketKind, option: str = "") -> socket.socket:
    family, _, protocol, _, address = socket.getaddrinfo(listening_address(host), port, type=kind)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if option:
            bound.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound
