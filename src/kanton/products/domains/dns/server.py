"""The sockets of the name server: UDP and TCP on any number of addresses, one process, no Django."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sqlite3
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kanton.products.domains.dns.responder import Responder, Token, servfail
from kanton.products.domains.dns.store import Store

log = logging.getLogger("kanton.dns")

_BATCH = 64
_RAW_MAX = 8000
_TCP_IDLE = 10.0
_TCP_MAX = 200
_POLL = 1.0
_IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
_IPV6_RECVPKTINFO = getattr(socket, "IPV6_RECVPKTINFO", 49)

Address = tuple[str, int]
_LOCAL = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})


class NameServer:
    """Answers on its sockets until it is closed."""

    def __init__(self, store: Store, responder: Responder | None = None) -> None:
        self._store = store
        self._responder = responder or Responder(store)
        self._udp: list[socket.socket] = []
        self._tcp: list[asyncio.Server] = []
        self._open: OrderedDict[asyncio.StreamWriter, None] = OrderedDict()
        # Whole packets as they came, for askers that repeat themselves to the byte.
        self._raw: dict[bytes, tuple[bytes, Token]] = {}
        self._old_raw: dict[bytes, tuple[bytes, Token]] = {}
        self._failures = 0

    async def listen(self, host: str, port: int, *, shared: bool = False, both: bool = False) -> Address:
        """Open UDP and TCP on an address; with port 0 both get the same free one. Tells what it became.

        With `both`, an IPv6 socket takes IPv4 too.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for _ in range(20):
            udp = _socket(family, socket.SOCK_DGRAM, shared, both)
            try:
                udp.bind((host, port))
                chosen = udp.getsockname()[1]
                tcp = _socket(family, socket.SOCK_STREAM, shared, both)
                try:
                    tcp.bind((host, chosen))
                    break
                except OSError:
                    tcp.close()
                    raise
            except OSError:
                udp.close()
                if port:
                    raise
        else:
            raise OSError(f"No port was free for both UDP and TCP on {host}.")
        await self._serve(udp, tcp, host)
        return host, chosen

    async def adopt(self, udp: socket.socket, tcp: socket.socket) -> Address:
        """Answer on sockets that somebody else has bound for us. Tells where they are."""
        host, port = udp.getsockname()[:2]
        udp.setblocking(False)
        await self._serve(udp, tcp, host)
        return host, port

    async def _serve(self, udp: socket.socket, tcp: socket.socket, host: str) -> None:
        with contextlib.suppress(OSError):
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._udp.append(udp)
        self._tcp.append(await asyncio.start_server(self._talk, sock=tcp, limit=2**17))
        reader = self._any_address_reader(udp) if host in ("0.0.0.0", "::") else self._reader(udp)  # noqa: S104
        asyncio.get_running_loop().add_reader(udp.fileno(), reader)

    def close(self) -> None:
        """Close all sockets."""
        loop = asyncio.get_running_loop()
        for udp in self._udp:
            loop.remove_reader(udp.fileno())
            udp.close()
        for server in self._tcp:
            server.close()
        for writer in list(self._open):
            writer.close()
        self._udp, self._tcp = [], []

    async def watch(self, every: float = _POLL) -> None:
        """Look at the store once in a while, should a publisher have died between its commit and the
        doorbell.
        """
        while True:
            await asyncio.sleep(every)
            try:
                self._responder.reread()
            except sqlite3.Error as error:
                self._failed(error)

    # -- UDP ----------------------------------------------------------------------------------------

    def _reader(self, udp: socket.socket) -> Callable[[], None]:
        receive, send, refresh = udp.recvfrom, udp.sendto, self._refresh

        def read() -> None:
            refresh()
            for _ in range(_BATCH):
                try:
                    query, source = receive(4096)
                except OSError:
                    return
                cached = self._raw.get(query[2:])
                if cached is not None and cached[1].live:
                    answer: bytes | None = query[:2] + cached[0]
                else:
                    answer = self._answer_udp(query, source)
                if answer is not None:
                    with contextlib.suppress(OSError):
                        send(answer, source)

        return read

    def _any_address_reader(self, udp: socket.socket) -> Callable[[], None]:
        """For sockets on all addresses: the answer must leave from the address that was asked."""
        if udp.family == socket.AF_INET:
            udp.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        else:
            udp.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)

        def read() -> None:
            self._refresh()
            for _ in range(_BATCH):
                try:
                    query, ancillary, _flags, source = udp.recvmsg(4096, 128)
                except OSError:
                    return
                answer = self._answer_udp(query, source)
                if answer is not None:
                    with contextlib.suppress(OSError):
                        udp.sendmsg([answer], ancillary, 0, source)

        return read

    def _answer_udp(self, query: bytes, source: tuple[str, int]) -> bytes | None:
        key = query[2:]
        cached = self._raw.get(key) or self._old_raw.get(key)
        if cached is not None and cached[1].live:
            self._raw[key] = cached
            return query[:2] + cached[0]
        answer = self._answer(query, source[0], udp=True)
        if answer is not None and len(query) <= 512 and self._responder.token.live and not query[2] & 0x78:
            if len(self._raw) >= _RAW_MAX:
                self._old_raw, self._raw = self._raw, {}
            self._raw[key] = answer[2:], self._responder.token
        return answer

    def _answer(self, query: bytes, source: str, *, udp: bool) -> bytes | None:
        try:
            return self._responder.answer(query, udp=udp, local=source in _LOCAL)
        except Exception as error:  # noqa: BLE001
            # A server that stops is worse than one answer that says "not now"; nothing is kept of this one.
            self._responder.token = Token()
            self._responder.token.live = False
            self._failed(error)
            return servfail(query)

    def _refresh(self) -> None:
        try:
            self._responder.refresh()
        except sqlite3.Error as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures < 10 or self._failures % 1000 == 0:
            log.error("dns: answer failed (%d so far): %r", self._failures, error, exc_info=error)

    # -- TCP ----------------------------------------------------------------------------------------

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= _TCP_MAX:
            # Whoever has been silent longest makes room.
            oldest, _ = self._open.popitem(last=False)
            oldest.transport.abort()
        self._open[writer] = None
        peer = writer.get_extra_info("peername")
        source = peer[0] if peer else ""
        try:
            while True:
                async with asyncio.timeout(_TCP_IDLE):
                    (length,) = struct.unpack(">H", await reader.readexactly(2))
                    query = await reader.readexactly(length)
                if writer in self._open:
                    self._open.move_to_end(writer)
                self._refresh()
                answer = self._answer(query, source, udp=False)
                if answer is None:
                    break
                writer.write(struct.pack(">H", len(answer)) + answer)
                async with asyncio.timeout(_TCP_IDLE):
                    await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError, OSError):
            pass
        finally:
            self._open.pop(writer, None)
            writer.close()
            with contextlib.suppress(Exception):
                await writer.wait_closed()


def _socket(family: int, kind: int, shared: bool, both: bool) -> socket.socket:
    made = socket.socket(family, kind)
    made.setblocking(False)
    if kind == socket.SOCK_STREAM:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if both else 1)
    return made


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server needs to know to run."""

    store: Path
    listen: tuple[Address, ...] = ()
    shared: bool = False
    # Descriptors of a UDP and a TCP socket that whoever started us has bound already.
    inherited: tuple[tuple[int, int], ...] = ()
    announce: Callable[[list[Address]], None] = field(default=lambda addresses: None)
    poll_seconds: float = _POLL


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code."""
    try:
        asyncio.run(_serve(settings))
    except OSError as error:
        sys.stderr.write(f"dns: {error}\n")
        return 1
    return 0


async def _serve(settings: Settings) -> None:
    store = Store(settings.store)
    server = NameServer(store)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    is_only_one = len(settings.listen) == 1
    addresses = [
        await server.listen(host, port, shared=settings.shared, both=is_only_one and host == "::")
        for host, port in settings.listen
    ]
    for udp, tcp in settings.inherited:
        addresses.append(await server.adopt(socket.socket(fileno=udp), socket.socket(fileno=tcp)))
    watcher = asyncio.create_task(server.watch(settings.poll_seconds))
    # Zones come and go by the thousand and hold no cycles: looking through them for garbage is wasted.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    settings.announce(addresses)
    await stop.wait()
    watcher.cancel()
    server.close()
    store.close()
