"""Takes queued messages to other servers: by relay or by MX, again and again for five days, then tells the sender."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import ssl
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import aiosmtplib
import dns.asyncresolver
import dns.exception
import dns.resolver

from kanton.products.mail.addresses import parse_address
from kanton.products.mail.engine.bounces import bounce
from kanton.products.mail.engine.journal import Entry, Result, Way
from kanton.products.mail.engine.port import SendingRefused
from kanton.products.mail.engine.post import Content, PostOffice
from kanton.products.mail.engine.queue import Envelope, Waiting
from kanton.products.mail.engine.rewriting import LONG_LOCAL_MAX
from kanton.products.mail.engine.settings import EngineSettings, Outgoing

log = logging.getLogger("kanton.mail.courier")

AT_ONCE = 20
LARGE_BYTES = 20_000_000
HOSTS_TRIED_MAX = 5
CONNECT_TIMEOUT = 30
ANSWER_TIMEOUT = 300
POLL_SECONDS = 1.0


class Kind(StrEnum):
    """What the other server said of one recipient."""

    SENT = "sent"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer, with the other server's words."""

    kind: Kind
    words: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One server to try."""

    host: str
    port: int
    tls: str = "opportunistic"
    user: str = ""
    password: str = ""


class Courier:
    """Runs in the SMTP process. The queue on the disk is the truth; what is held here can be lost."""

    def __init__(self, settings: EngineSettings, post: PostOffice) -> None:
        self.settings = settings
        self.post = post
        self.queue = post.queue
        self._busy: set[str] = set()
        self._next_at: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._large = asyncio.Semaphore(1)
        self._resolver = dns.asyncresolver.Resolver(configure=not settings.dns_servers)
        self._resolver.lifetime = 20
        for server in settings.dns_servers:
            host, _, port = server.partition("#")
            self._resolver.nameservers = [*self._resolver.nameservers, host]
            if port:
                self._resolver.port = int(port)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver what is due until told to stop; deliveries under way get some seconds to finish."""
        while not stop.is_set():
            try:
                self._start_due()
            except OSError as error:
                log.error("the outgoing queue cannot be read: %s", error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL_SECONDS)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)
            for task in self._tasks:
                task.cancel()

    def _start_due(self) -> None:
        if self.settings.outgoing is Outgoing.HOLD:
            return
        ids = self.queue.ids()
        for gone in set(self._next_at) - set(ids):
            del self._next_at[gone]
        now = time.time()
        for queue_id in ids:
            if queue_id in self._busy or self._next_at.get(queue_id, 0.0) > now:
                continue
            if len(self._busy) >= AT_ONCE * 2:
                return
            self._busy.add(queue_id)
            task = asyncio.create_task(self._deliver(queue_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, queue_id: str) -> None:
        try:
            envelope = self.queue.envelope(queue_id)
            if envelope is None:
                return
            self._next_at[queue_id] = envelope.next_at
            if envelope.next_at > time.time():
                return
            async with self._slots:
                if envelope.size > LARGE_BYTES:
                    async with self._large:
                        outcomes = await self._attempt(envelope)
                else:
                    outcomes = await self._attempt(envelope)
            await asyncio.to_thread(self._settle, envelope, outcomes)
        except Exception:  # one broken message must not stop the others
            log.exception("queued message %s", queue_id)
            self._next_at[queue_id] = time.time() + 300
        finally:
            self._busy.discard(queue_id)

    def _settle(self, envelope: Envelope, outcomes: dict[str, Outcome]) -> None:
        """Journal the answers, bounce what is hopeless, keep what is left."""
        left: list[Waiting] = []
        hopeless: list[Waiting] = []
        for one in envelope.waiting:
            outcome = outcomes.get(one.address, Outcome(Kind.LATER, "451 4.4.0 No answer"))
            result = {Kind.SENT: Result.SENT, Kind.LATER: Result.DEFERRED, Kind.NEVER: Result.BOUNCED}[
                outcome.kind
            ]
            if outcome.kind is Kind.LATER and envelope.is_overdue:
                result = Result.BOUNCED
            self.post.journal.note(
                Entry(
                    Way.OUT, envelope.sender, one.address, envelope.local, envelope.size, result,
                    words=outcome.words, message=envelope.id,
                )
            )  # fmt: skip
            settled = Waiting(one.address, outcome.words)
            if result is Result.BOUNCED:
                hopeless.append(settled)
            elif result is Result.DEFERRED:
                left.append(settled)
        if hopeless and envelope.sender:
            self._bounce(envelope, hopeless)
        if left:
            envelope.waiting = left
            envelope.try_later()
            self.queue.save(envelope)
            self._next_at[envelope.id] = envelope.next_at
        else:
            self.queue.remove(envelope.id)
            self._next_at.pop(envelope.id, None)

    def _bounce(self, envelope: Envelope, hopeless: list[Waiting]) -> None:
        name = self.post.new_name()
        path = self.post.spool / f"{name}.eml"
        message = bounce(envelope, hopeless, self.queue.message(envelope.id), hostname=self.settings.hostname)
        prefix = b"Return-Path: <>\r\n"
        path.write_bytes(prefix + message)
        path.chmod(0o600)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        try:
            address = parse_address(envelope.sender, local_max=LONG_LOCAL_MAX)
            if self.post.directory.domain(address.domain) is None:
                self.queue.put(path, sender="", recipients=[envelope.sender], local="", skip=len(prefix))
            else:
                content = Content(path, len(prefix), len(message))
                self.post.receive(content, sender="", recipients=[address])
        except SendingRefused as refused:
            log.warning("a bounce for %s found nobody: %s", envelope.sender, refused)
        finally:
            path.unlink(missing_ok=True)

    # Attempts

    async def _attempt(self, envelope: Envelope) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        if self.settings.outgoing is Outgoing.RELAY:
            relay = self.settings.relay
            hop = Hop(relay.host, relay.port, relay.tls, relay.user, relay.password)
            return await self._try_hops([hop], envelope, [one.address for one in envelope.waiting])
        by_domain: dict[str, list[str]] = {}
        for one in envelope.waiting:
            by_domain.setdefault(one.address.rpartition("@")[2].lower(), []).append(one.address)
        for domain, addresses in by_domain.items():
            local = [one for one in addresses if self.post.directory.domain(domain) is not None]
            if local:
                outcomes |= await asyncio.to_thread(self._deliver_here, envelope, local)
                continue
            hops = await self._hops_for(domain)
            if isinstance(hops, Outcome):
                outcomes |= dict.fromkeys(addresses, hops)
            else:
                outcomes |= await self._try_hops(hops, envelope, addresses)
        return outcomes

    def _deliver_here(self, envelope: Envelope, addresses: list[str]) -> dict[str, Outcome]:
        """The domain has become ours since the message was queued."""
        outcomes = {}
        for address in addresses:
            try:
                content = Content(self.queue.message(envelope.id), envelope.skip, envelope.size)
                self.post.receive(content, sender=envelope.sender, recipients=[parse_address(address)])
                outcomes[address] = Outcome(Kind.SENT, "250 2.0.0 Delivered here")
            except SendingRefused as refused:
                kind = Kind.NEVER if refused.code.startswith("5") else Kind.LATER
                outcomes[address] = Outcome(kind, str(refused))
        return outcomes

    async def _hops_for(self, domain: str) -> list[Hop] | Outcome:
        """The domain's mail servers in their order (RFC 5321, 5.1), or why there are none."""
        port = self.settings.mx_port
        try:
            answer = await self._resolver.resolve(domain, "MX")
        except dns.resolver.NXDOMAIN:
            return Outcome(Kind.NEVER, f"550 5.1.2 The domain {domain} does not exist.")
        except dns.resolver.NoAnswer:
            return [Hop(domain, port)]  # the address record stands in for a missing MX
        except dns.exception.DNSException as error:
            return Outcome(Kind.LATER, f"451 4.4.3 The name servers of {domain} do not answer: {error}"[:200])
        records = sorted(answer, key=lambda one: one.preference)
        if len(records) == 1 and records[0].exchange.to_text() == ".":
            return Outcome(Kind.NEVER, f"550 5.1.10 The domain {domain} says that it takes no mail.")
        return [Hop(one.exchange.to_text(omit_final_dot=True), port) for one in records][:HOSTS_TRIED_MAX]

    async def _addresses_of(self, hop: Hop) -> list[str]:
        if self.settings.outgoing is Outgoing.RELAY or _is_ip(hop.host):
            return [hop.host]
        found: list[str] = []
        for kind in ("A", "AAAA"):
            with contextlib.suppress(dns.exception.DNSException):
                found += [one.to_text() for one in await self._resolver.resolve(hop.host, kind)]
        return found[:3]

    async def _try_hops(
        self, hops: list[Hop], envelope: Envelope, addresses: list[str]
    ) -> dict[str, Outcome]:
        """The first server that talks to us decides; one that cannot be reached leads to the next."""
        last = Outcome(Kind.LATER, "451 4.4.1 No mail server could be reached")
        for hop in hops:
            for host in await self._addresses_of(hop):
                try:
                    return await self._talk(hop, host, envelope, addresses)
                except aiosmtplib.SMTPResponseException as error:
                    last = Outcome(_kind_of(error.code), f"{hop.host}: {error.code} {error.message}")
                    if last.kind is Kind.NEVER and self.settings.outgoing is Outgoing.RELAY:
                        # A relay that does not want us is our trouble, not the sender's: wait for the provider.
                        last = Outcome(Kind.LATER, last.words)
                except (aiosmtplib.SMTPException, OSError, TimeoutError, ssl.SSLError) as error:
                    last = Outcome(Kind.LATER, f"{hop.host}: 451 4.4.1 {str(error) or type(error).__name__}")
        return dict.fromkeys(addresses, last)

    async def _talk(
        self, hop: Hop, host: str, envelope: Envelope, addresses: list[str]
    ) -> dict[str, Outcome]:
        """One SMTP session. Opportunistic TLS keeps listeners out; who cannot do it gets the mail all the same."""
        try:
            return await self._session(hop, host, envelope, addresses, use_tls=hop.tls != "none")
        except (ssl.SSLError, aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected):
            if hop.tls != "opportunistic":
                raise
            return await self._session(hop, host, envelope, addresses, use_tls=False)

    async def _session(
        self, hop: Hop, host: str, envelope: Envelope, addresses: list[str], *, use_tls: bool
    ) -> dict[str, Outcome]:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if hop.tls in ("starttls", "implicit") and not _is_loopback(host):
            context = ssl.create_default_context()
        client = aiosmtplib.SMTP(
            hostname=host,
            port=hop.port,
            local_hostname=self.settings.hostname,
            timeout=CONNECT_TIMEOUT,
            use_tls=hop.tls == "implicit",
            start_tls=False,
            tls_context=context,
        )
        await client.connect()
        try:
            client.timeout = ANSWER_TIMEOUT
            await client.ehlo()
            if use_tls and hop.tls != "implicit":
                if client.supports_extension("starttls"):
                    await client.starttls(
                        server_hostname=hop.host if not _is_ip(hop.host) else None, tls_context=context
                    )
                    await client.ehlo()
                elif hop.tls == "starttls":
                    raise aiosmtplib.SMTPException("the relay does not offer STARTTLS")
            if hop.user:
                await client.login(hop.user, hop.password)
            return await self._transfer(client, hop, envelope, addresses)
        finally:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                client.timeout = 5
                await client.quit()
            client.close()

    async def _transfer(
        self, client: aiosmtplib.SMTP, hop: Hop, envelope: Envelope, addresses: list[str]
    ) -> dict[str, Outcome]:
        options = []
        if client.supports_extension("size"):
            options.append(f"SIZE={envelope.size}")
        if client.supports_extension("8bitmime"):
            options.append("BODY=8BITMIME")
        if envelope.needs_utf8:
            if not client.supports_extension("smtputf8"):
                words = f"{hop.host}: 550 5.6.7 The server cannot take addresses in other scripts"
                return dict.fromkeys(addresses, Outcome(Kind.NEVER, words))
            options.append("SMTPUTF8")
        encoding = "utf-8" if envelope.needs_utf8 else "ascii"
        outcomes: dict[str, Outcome] = {}
        try:
            await client.mail(envelope.sender, options=options, encoding=encoding)
            for address in addresses:
                try:
                    await client.rcpt(address, encoding=encoding)
                except aiosmtplib.SMTPRecipientRefused as error:
                    outcomes[address] = Outcome(
                        _kind_of(error.code), f"{hop.host}: {error.code} {error.message}"
                    )
            taken = [one for one in addresses if one not in outcomes]
            if taken:
                message = await asyncio.to_thread(_content, self.queue.message(envelope.id), envelope.skip)
                answer = await client.data(message)
                outcomes |= dict.fromkeys(
                    taken, Outcome(Kind.SENT, f"{hop.host}: {answer.code} {answer.message}")
                )
        except aiosmtplib.SMTPResponseException as error:
            whole = Outcome(_kind_of(error.code), f"{hop.host}: {error.code} {error.message}")
            outcomes |= {one: whole for one in addresses if one not in outcomes}
        return outcomes


def _content(path: Path, skip: int) -> bytes:
    with path.open("rb") as file:
        file.seek(skip)
        return file.read()


def _kind_of(code: int) -> Kind:
    return Kind.NEVER if 500 <= code < 600 else Kind.LATER


def _is_ip(host: str) -> bool:
    return bool(re.fullmatch(r"[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*", host))


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
