"""Which ports to use: the wished ones when they are free, those of last time, else the next free ones."""

import errno
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TRIES = 50


class NoPort(Exception):
    """No usable port was found; the text says why and what to do."""


@dataclass(frozen=True)
class Wish:
    """A port that a server would like: `name` is the setting, such as "web.port"."""

    name: str
    host: str
    port: int
    udp: bool = False


@dataclass(frozen=True)
class Choice:
    """The port a server gets, and whether another program made us take a different one."""

    wish: Wish
    port: int
    reason: str = ""

    @property
    def told(self) -> str:
        """What to tell when the port is not the wished one; empty when it is."""
        if not self.reason:
            return ""
        return f"Port {self.wish.port} ({self.wish.name}) is {self.reason}. Using {self.port} instead."


def choose(wishes: list[Wish], before: Mapping[str, int], *, exact: bool) -> list[Choice]:
    """A free port for every wish, no port twice. With `exact`, a taken port is an error."""
    chosen: list[Choice] = []
    taken: set[int] = set()
    for wish in wishes:
        choice = _choose_one(wish, before.get(wish.name, 0), taken, exact=exact)
        taken.add(choice.port)
        chosen.append(choice)
    return chosen


def _choose_one(wish: Wish, before: int, taken: set[int], *, exact: bool) -> Choice:
    reason = ""
    for port in _candidates(wish, before):
        problem = "used by another part of Kanton" if port in taken else why_not(wish, port)
        if not problem:
            return Choice(wish, port or _any_free(wish, taken), reason)
        if exact:
            raise NoPort(
                f"{wish.name} is {port}, and that port is {problem}. Stop the program that has it, set {wish.name} to "
                'another port, or let Kanton choose: ports = "flexible".'
            )
        reason = reason or problem
    return Choice(wish, _any_free(wish, taken), reason)


def _candidates(wish: Wish, before: int) -> Iterator[int]:
    yield wish.port
    if wish.port == 0:
        return
    if before and before != wish.port:
        yield before
    # Low ports need a privilege; look for others where nobody needs one.
    first = wish.port + 1 if wish.port >= 1024 else wish.port + 8000
    yield from range(first, min(first + TRIES, 65536))


def why_not(wish: Wish, port: int) -> str:
    """Why this port cannot be used, or an empty text when it can."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM) if wish.udp else (socket.SOCK_STREAM,):
        try:
            _bound(wish.host, port, kind).close()
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                return "taken by another program"
            if problem.errno in (errno.EACCES, errno.EPERM):
                return "reserved for privileged programs"
            if problem.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) or isinstance(
                problem, socket.gaierror
            ):
                raise NoPort(
                    f"{wish.name.rpartition('.')[0]}.host is {wish.host}, and this machine has no such address. "
                    'Use "127.0.0.1" for this machine only, or "0.0.0.0" for all its addresses.'
                ) from None
            raise
    return ""


def _bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=kind)[0]
    bound = socket.socket(family, kind)
    try:
        if kind == socket.SOCK_STREAM:
            # Connections that linger from a server just stopped do not make its port taken.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        bound.bind(address)
        if kind == socket.SOCK_STREAM:
            bound.listen(1)
    except OSError:
        bound.close()
        raise
    return bound


def _any_free(wish: Wish, taken: set[int]) -> int:
    for _ in range(TRIES):
        with _bound(wish.host, 0, socket.SOCK_STREAM) as bound:
            port: int = bound.getsockname()[1]
        if port not in taken and not why_not(wish, port):
            return port
    raise NoPort(f"No free port was found for {wish.name}. Are there programs that hold thousands of them?")
