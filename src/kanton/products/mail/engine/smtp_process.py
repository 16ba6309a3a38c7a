"""The `smtp` process: reception, submission and the courier under one roof."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from kanton.products.mail.engine.courier import Courier
from kanton.products.mail.engine.credentials import Credentials
from kanton.products.mail.engine.post import PostOffice
from kanton.products.mail.engine.settings import EngineSettings
from kanton.products.mail.engine.smtp_server import Port, SmtpServer
from kanton.products.mail.engine.tls import server_context

log = logging.getLogger("kanton.mail.smtp")


@dataclass(slots=True)
class SmtpProcess:
    """A running SMTP side. `ports` says where it listens."""

    settings: EngineSettings
    server: SmtpServer
    courier: Courier
    ports: dict[str, int]
    stop_event: asyncio.Event
    courier_task: asyncio.Task[None]

    async def stop(self) -> None:
        """End calmly: what was acknowledged is on the disk already."""
        self.stop_event.set()
        await self.server.stop()
        await self.courier_task


async def start_smtp(
    settings: EngineSettings, sockets: Mapping[str, socket.socket] | None = None
) -> SmtpProcess:
    """Open the ports, or take over those of `sockets` (smtp, submission, submissions), and start delivering."""
    post = PostOffice(settings)
    post.clean_spool()
    server = SmtpServer(settings, post, Credentials(settings.published), server_context(settings))
    held = sockets or {}
    ports: dict[str, int] = {}
    for name, port, kind in (
        ("smtp", settings.smtp_port, Port.RECEPTION),
        ("submission", settings.submission_port, Port.SUBMISSION),
        ("submissions", settings.submissions_port, Port.SUBMISSION),
    ):
        if port >= 0:
            ports[name] = await server.listen(held.get(name, port), kind, implicit_tls=name == "submissions")
    post.queue.clean()
    courier = Courier(settings, post)
    stop = asyncio.Event()
    task = asyncio.create_task(courier.run(stop))
    log.info("SMTP listens on %s", ports)
    return SmtpProcess(settings, server, courier, ports, stop, task)
