"""The `imap` process: Dovecot where it can run, else the Python server; it ends sessions whose password changed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from kanton.products.mail.engine import dovecot
from kanton.products.mail.engine.files import stamp_of
from kanton.products.mail.engine.published import Directory
from kanton.products.mail.engine.settings import EngineSettings

log = logging.getLogger("kanton.mail.imap")

WATCH_SECONDS = 5.0


class PasswordWatch:
    """Finds the logins whose credentials changed since it last looked (MAIL-23)."""

    def __init__(self, settings: EngineSettings) -> None:
        self._published = settings.published
        self._directory = Directory(settings.published)
        self._stamps: dict[str, object] = {}
        self._lines: dict[str, dict[str, bytes]] = {}
        self.changed()

    def changed(self) -> list[str]:
        """Logins with a new password, a withdrawn app password, or none at all any more."""
        found: list[str] = []
        names = set(self._directory.domain_names())
        for domain in names | set(self._lines):
            folder = self._published / domain
            stamps = (stamp_of(folder / "passwd"), stamp_of(folder / "app-passwords"))
            if self._stamps.get(domain) == stamps:
                continue
            before = self._lines.get(domain, {})
            now = self._read(domain)
            found += [login for login, digest in before.items() if now.get(login) != digest]
            self._stamps[domain], self._lines[domain] = stamps, now
            if domain not in names:
                del self._stamps[domain], self._lines[domain]
        return found

    def _read(self, domain: str) -> dict[str, bytes]:
        lines: dict[str, bytes] = {}
        for name in ("passwd", "app-passwords"):
            with contextlib.suppress(FileNotFoundError):
                for line in (self._published / domain / name).read_text().splitlines():
                    login = line.partition(":")[0].partition("/")[0]
                    lines[login] = hashlib.sha256(lines.get(login, b"") + line.encode()).digest()
        return lines


class ImapServer(Protocol):
    """What both servers can do."""

    async def start(self) -> None:
        """Open the ports."""
        ...

    async def ended(self) -> int:
        """Returns only when the server has fallen."""
        ...

    async def kick(self, login: str) -> None:
        """End the running sessions of a login."""
        ...

    def look_at_logins(self) -> None:
        """Note which app passwords were used, where the server does not do it at the login itself."""
        ...

    async def stop(self) -> None:
        """End it."""
        ...


@dataclass(slots=True)
class ImapProcess:
    """A running IMAP side. `ports` says where it listens, `engine` which server it is."""

    server: ImapServer
    engine: str
    ports: dict[str, int]
    watch_task: asyncio.Task[None]

    async def ended(self) -> int:
        """Returns when the server falls, so that the supervisor can start it again."""
        return await self.server.ended()

    async def stop(self) -> None:
        """End it."""
        self.watch_task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.watch_task
        await self.server.stop()


def takes_sockets(settings: EngineSettings) -> bool:
    """Whether the server that will be chosen can be given the sockets on which it listens."""
    binary = None if settings.imap_server == "python" else dovecot.find_binary(settings)
    return binary is None or dovecot.takes_sockets(binary)


async def start_imap(
    settings: EngineSettings,
    sockets: Mapping[str, socket.socket] | None = None,
    *,
    watch_seconds: float = WATCH_SECONDS,
) -> ImapProcess:
    """Choose the server and start it, on its ports or on `sockets` (imap, imaps) that hold them."""
    ports = {"imap": settings.imap_port, "imaps": settings.imaps_port}
    held = dict(sockets or {})
    for name, number in ports.items():
        if number == 0 and name not in held:
            family = socket.AF_INET6 if ":" in settings.imap_listen else socket.AF_INET
            made = socket.create_server((settings.imap_listen, 0), family=family)
            # Made anew from its descriptor it knows that it is TCP; else asyncio lets every short answer wait.
            held[name] = socket.socket(fileno=made.detach())
    ports |= {name: each.getsockname()[1] for name, each in held.items()}
    ports = {name: number for name, number in ports.items() if number > 0}
    if not takes_sockets(settings):
        for each in held.values():
            each.close()
        held = {}
    wanted = settings.imap_server
    is_dovecot = wanted == "dovecot" or (wanted == "auto" and dovecot.is_usable(settings))
    server: ImapServer
    if is_dovecot:
        server = dovecot.DovecotServer(
            settings,
            imap_port=ports.get("imap", -1),
            imaps_port=ports.get("imaps", -1),
            sockets=tuple(held.values()),
        )
    else:
        from kanton.products.mail.engine.python_imap import PythonImapServer  # large, and often not needed

        server = PythonImapServer(
            settings,
            imap_port=ports.get("imap", -1),
            imaps_port=ports.get("imaps", -1),
            sockets=tuple(held.values()),
        )
    await server.start()
    engine = "dovecot" if is_dovecot else "python"
    log.info("IMAP (%s) listens on %s", engine, ports)
    watch = PasswordWatch(settings)

    async def keep_watching() -> None:
        while True:
            await asyncio.sleep(watch_seconds)
            try:
                await asyncio.to_thread(server.look_at_logins)
                for login in await asyncio.to_thread(watch.changed):
                    await server.kick(login)
            except OSError as error:
                log.error("published passwords or the log of logins cannot be read: %s", error)

    return ImapProcess(server, engine, ports, asyncio.create_task(keep_watching()))
