"""The SMTP server: one class for reception (port 25) and submission (587, 465), on asyncio streams.

Not aiosmtpd's: that holds every message in memory several times, answers without enhanced codes, and leaves the checks
between commands to hooks. Here a message goes to the disk as it comes.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import ipaddress
import logging
import os
import re
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from kanton.products.mail.addresses import Address, BadAddress, parse_address
from kanton.products.mail.engine import headers
from kanton.products.mail.engine.credentials import Closed, Credentials, TooManyGuesses
from kanton.products.mail.engine.dataflow import DataSink
from kanton.products.mail.engine.journal import Entry, Result, Way
from kanton.products.mail.engine.port import SendingRefused
from kanton.products.mail.engine.post import Content, PostOffice, refusal_of
from kanton.products.mail.engine.rewriting import LONG_LOCAL_MAX
from kanton.products.mail.engine.settings import EngineSettings

log = logging.getLogger("kanton.mail.smtp")

COMMAND_BYTES_MAX = 12_288
COMMAND_TIMEOUT = 300
DATA_TIMEOUT = 600
CLOSE_TIMEOUT = 2
ERRORS_MAX = 20
CHUNK = 1 << 18
_COMMAND = re.compile(r"([A-Za-z]+)(?: +(.*?))? *", re.DOTALL)
_PATH = re.compile(r"<(?:@[^:>]*:)?((?:\"(?:[^\"\\]|\\.)*\"|[^<>\"])*)>(?: +(.*))?", re.DOTALL)


class Port(Enum):
    """The two jobs of an SMTP port."""

    RECEPTION = "reception"
    SUBMISSION = "submission"


class Reply(Exception):
    """Ends a command with this answer."""

    def __init__(self, text: str, *, close: bool = False) -> None:
        self.text = text
        self.close = close
        super().__init__(text)


@dataclass(slots=True)
class Transaction:
    """One message being told: from whom, to whom."""

    sender: str
    declared_size: int = 0
    needs_utf8: bool = False
    recipients: dict[str, Address] = field(default_factory=dict)


class SmtpServer:
    """Listens, limits clients, and gives each connection a session."""

    def __init__(
        self, settings: EngineSettings, post: PostOffice, credentials: Credentials, context: ssl.SSLContext
    ) -> None:
        self.settings = settings
        self.post = post
        self.credentials = credentials
        self.context = context
        self.clients: Counter[str] = Counter()
        self.accepted = 0
        self._servers: list[asyncio.Server] = []
        self._sessions: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def listen(self, port: int | socket.socket, kind: Port, *, implicit_tls: bool = False) -> int:
        """Open a port, or take over a socket that holds one; returns its number."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(reader, writer, kind, implicit_tls)

        where: dict[str, Any] = (
            {"sock": port}
            if isinstance(port, socket.socket)
            else {"host": self.settings.listen, "port": port}
        )
        server = await asyncio.start_server(
            connected,
            **where,
            limit=CHUNK,
            ssl=self.context if implicit_tls else None,
            ssl_handshake_timeout=30 if implicit_tls else None,
            backlog=512,
        )
        self._servers.append(server)
        number: int = server.sockets[0].getsockname()[1]
        return number

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: Port, implicit_tls: bool
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        peer = writer.get_extra_info("peername")
        client = str(peer[0]) if peer else "unknown"
        self.clients[client] += 1
        self._sessions.add(task)
        session = Session(self, reader, writer, client, kind, is_tls=implicit_tls)
        try:
            if (
                self.clients[client] > self.settings.connections_per_client
                or len(self._sessions) > self.settings.connections_max
            ):
                await session.say("421 4.7.0 Too many connections at the same time. Please try again later.")
            else:
                await session.run()
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await session.say("421 4.3.2 The server is stopping. Please try again in a minute.")
        except Exception:  # a fault of ours must not end the other connections
            log.exception("session with %s failed", client)
        finally:
            self.clients[client] -= 1
            if not self.clients[client]:
                del self.clients[client]
            self._sessions.discard(task)
            writer.close()
            try:
                await asyncio.wait_for(writer.wait_closed(), CLOSE_TIMEOUT)
            except (OSError, asyncio.CancelledError):
                writer.transport.abort()

    @property
    def is_stopping(self) -> bool:
        """True once `stop` was called."""
        return self._stopping

    async def stop(self, grace: float = 10.0) -> None:
        """Take no new connections, let messages under way finish, then end the rest."""
        self._stopping = True
        for server in self._servers:
            server.close()
        if self._sessions:
            await asyncio.wait(set(self._sessions), timeout=0.2)
            busy = [task for task in self._sessions if task.get_name() == "in-data"]
            for task in set(self._sessions) - set(busy):
                task.cancel()
            if busy:
                await asyncio.wait(busy, timeout=grace)
            for task in set(self._sessions):
                task.cancel()
            if self._sessions:
                await asyncio.wait(set(self._sessions), timeout=2)


class Session:
    """One connection."""

    def __init__(
        self,
        server: SmtpServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        client: str,
        kind: Port,
        *,
        is_tls: bool,
    ) -> None:
        self.server = server
        self.settings = server.settings
        self.post = server.post
        self.reader = reader
        self.writer = writer
        self.client = client
        self.kind = kind
        self.is_tls = is_tls
        self.helo = ""
        self.is_extended = False
        self.login = ""
        self.transaction: Transaction | None = None
        self.errors = 0
        self.wrong_passwords = 0
        self._pending = b""
        self._commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "HELO": self.do_helo,
            "EHLO": self.do_ehlo,
            "STARTTLS": self.do_starttls,
            "AUTH": self.do_auth,
            "MAIL": self.do_mail,
            "RCPT": self.do_rcpt,
            "DATA": self.do_data,
            "RSET": self.do_rset,
            "NOOP": self.do_noop,
            "QUIT": self.do_quit,
            "VRFY": self.do_vrfy,
            "HELP": self.do_help,
        }

    async def say(self, *lines: str) -> None:
        """Answer; the last line ends the answer."""
        code = lines[-1][:3]
        out = [f"{code}-{line[4:]}" for line in lines[:-1]] + [lines[-1]]
        self.writer.write("".join(f"{line}\r\n" for line in out).encode("utf-8"))
        await self.writer.drain()

    async def run(self) -> None:
        """Greet and obey until the client leaves."""
        await self.say(f"220 {self.settings.hostname} ESMTP Kanton")
        while not self.writer.is_closing():
            try:
                line = await self._line(COMMAND_TIMEOUT)
            except TimeoutError:
                await self.say("421 4.4.2 Nothing came for five minutes. Goodbye.")
                return
            if line is None:
                return
            try:
                await self._obey(line)
            except Reply as reply:
                await self._answer_error(reply.text)
                if reply.close:
                    return
            except SendingRefused as refused:
                await self._answer_error(f"{refused.code} {refused.words}")
            if self.errors > ERRORS_MAX:
                await self.say("421 4.7.0 Too many errors. Goodbye.")
                return

    async def _answer_error(self, text: str) -> None:
        if text[0] in "45":
            self.errors += 1
        words = (
            text
            if self.transaction and self.transaction.needs_utf8
            else text.encode("ascii", "replace").decode()
        )
        await self.say(words[:900])

    async def _obey(self, line: bytes) -> None:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise Reply("500 5.5.2 The command is not valid UTF-8.") from None
        found = _COMMAND.fullmatch(text)
        command = self._commands.get(found.group(1).upper()) if found else None
        if found is None or command is None:
            raise Reply("500 5.5.2 I do not know this command.")
        await command(found.group(2) or "")

    async def _line(self, timeout: float) -> bytes | None:
        """One command line without its end; None at the end of the connection."""
        while (end := self._pending.find(b"\n")) < 0:
            if len(self._pending) > COMMAND_BYTES_MAX:
                await self.say("500 5.5.6 The line is too long.")
                return None
            chunk = await asyncio.wait_for(self.reader.read(CHUNK), timeout)
            if not chunk:
                return None
            self._pending += chunk
        line, self._pending = self._pending[:end], self._pending[end + 1 :]
        if not line.endswith(b"\r") or b"\r" in line[:-1] or b"\0" in line or len(line) > COMMAND_BYTES_MAX:
            await self.say("500 5.5.2 A command must end with CR LF and hold no other control characters.")
            return None
        return line[:-1]

    # Greeting

    async def do_helo(self, argument: str) -> None:
        """HELO: the plain greeting."""
        self._greeted(argument)
        self.is_extended = False
        await self.say(f"250 {self.settings.hostname}")

    async def do_ehlo(self, argument: str) -> None:
        """EHLO: greeting and what we can do."""
        self._greeted(argument)
        self.is_extended = True
        lines = [
            f"250 {self.settings.hostname}",
            "250 PIPELINING",
            f"250 SIZE {self.settings.message_bytes_max}",
            "250 8BITMIME",
            "250 SMTPUTF8",
            "250 ENHANCEDSTATUSCODES",
        ]
        if not self.is_tls:
            lines.append("250 STARTTLS")
        if self._may_login:
            lines.append("250 AUTH PLAIN LOGIN")
        lines.append("250 HELP")
        await self.say(*lines)

    def _greeted(self, argument: str) -> None:
        if not argument or len(argument) > 255:
            raise Reply("501 5.5.4 Please tell your name.")
        self.helo = argument
        self.transaction = None

    @property
    def _may_login(self) -> bool:
        if self.kind is not Port.SUBMISSION or self.login:
            return False
        return self.is_tls or (self.settings.plain_auth_on_loopback and _is_loopback(self.client))

    async def do_starttls(self, argument: str) -> None:
        """STARTTLS: everything said before is forgotten, what was sent ahead too (CVE-2011-0411)."""
        if argument:
            raise Reply("501 5.5.4 STARTTLS takes no argument.")
        if self.is_tls:
            raise Reply("503 5.5.1 The connection is encrypted already.")
        if self._pending:
            raise Reply("503 5.5.1 Nothing may be sent before the answer to STARTTLS.", close=True)
        await self.say("220 2.0.0 Ready to start TLS")
        await self.writer.start_tls(self.server.context, ssl_handshake_timeout=30)
        self._pending = b""
        self.is_tls = True
        self.helo, self.login, self.transaction = "", "", None

    # Login

    async def do_auth(self, argument: str) -> None:
        """AUTH PLAIN and AUTH LOGIN, under TLS or on loopback only."""
        if self.kind is not Port.SUBMISSION:
            raise Reply("502 5.5.1 There is no login on this port. Use the submission port.")
        if self.login:
            raise Reply("503 5.5.1 You are logged in already.")
        if not self._may_login:
            raise Reply("538 5.7.11 Encrypt the connection first (STARTTLS).")
        if self.transaction is not None or not self.is_extended:
            raise Reply("503 5.5.1 Login comes after EHLO and before MAIL.")
        mechanism, _, initial = argument.partition(" ")
        try:
            if mechanism.upper() == "PLAIN":
                login, password = await self._auth_plain(initial.strip())
            elif mechanism.upper() == "LOGIN":
                login, password = await self._auth_login(initial.strip())
            else:
                raise Reply("504 5.5.4 Only PLAIN and LOGIN are offered.")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise Reply("501 5.5.2 This is not valid base64 text.") from None
        try:
            is_right = await asyncio.to_thread(
                self.server.credentials.verify, login, password, client=self.client, sending=True
            )
        except TooManyGuesses:
            raise Reply(
                "454 4.7.0 Too many wrong passwords. Please try again in ten minutes.", close=True
            ) from None
        except Closed as closed:
            raise Reply(f"{'454 4.7.0' if closed.is_for_a_while else '534 5.7.9'} {closed}") from None
        if not is_right:
            self.wrong_passwords += 1
            log.info("wrong login %r from %s", login, self.client)
            raise Reply(
                "535 5.7.8 Address or password is wrong. Use the password of the address.",
                close=self.wrong_passwords >= 3,
            )
        # One counter and one name in the journal, however the domain was written.
        self.login = self.post.directory.login(login)
        await self.say("235 2.7.0 Logged in")

    async def _challenge(self, prompt: str) -> str:
        await self.say(f"334 {prompt}")
        line = await self._line(COMMAND_TIMEOUT)
        if line is None:
            raise Reply("421 4.4.2 Goodbye.", close=True)
        if line == b"*":
            raise Reply("501 5.7.0 Login was given up.")
        return line.decode("ascii")

    async def _auth_plain(self, initial: str) -> tuple[str, str]:
        answer = initial or await self._challenge("")
        identity, login, password = base64.b64decode(answer, validate=True).decode("utf-8").split("\0")
        if identity and identity.lower() != login.lower():
            raise Reply("535 5.7.8 Nobody may act for somebody else here.")
        return login, password

    async def _auth_login(self, initial: str) -> tuple[str, str]:
        login = base64.b64decode(initial or await self._challenge("VXNlcm5hbWU6"), validate=True).decode(
            "utf-8"
        )
        password = base64.b64decode(await self._challenge("UGFzc3dvcmQ6"), validate=True).decode("utf-8")
        return login, password

    # A message

    async def do_mail(self, argument: str) -> None:
        """MAIL FROM: begins a message."""
        if not self.helo:
            raise Reply("503 5.5.1 Say EHLO first.")
        if self.transaction is not None:
            raise Reply("503 5.5.1 A message has begun already; RSET gives it up.")
        if self.kind is Port.SUBMISSION and not self.login:
            raise Reply("530 5.7.0 Log in first. Mail to this server's own addresses goes to port 25.")
        path, parameters = self._path(argument, "FROM:")
        transaction = Transaction(sender="")
        for name, value in parameters.items():
            if name == "SIZE" and value.isascii() and value.isdigit() and len(value) <= 20:
                transaction.declared_size = int(value)
            elif name == "BODY" and value.upper() in ("7BIT", "8BITMIME"):
                pass
            elif name == "SMTPUTF8" and not value:
                transaction.needs_utf8 = True
            elif name == "AUTH" and value:
                pass
            else:
                raise Reply(f"555 5.5.4 I do not know the parameter {name}.")
        if transaction.declared_size > self.settings.message_bytes_max:
            raise Reply(self._too_large)
        if path:
            transaction.sender = str(self._address(path, transaction, code="5.1.7"))
        if self.login:
            self.post.check_sender(self.login, transaction.sender)
        self.transaction = transaction
        await self.say("250 2.1.0 Sender noted")

    async def do_rcpt(self, argument: str) -> None:
        """RCPT TO: one recipient, checked at once."""
        transaction = self.transaction
        if transaction is None:
            raise Reply("503 5.5.1 Say MAIL FROM first.")
        path, parameters = self._path(argument, "TO:")
        if parameters:
            raise Reply("555 5.5.4 I do not know this parameter.")
        if path.lower() == "postmaster":
            path = f"postmaster@{self.settings.hostname}"
        if not path:
            raise Reply("501 5.1.3 A recipient needs an address.")
        address = self._address(path, transaction, code="5.1.3")
        if (
            str(address) not in transaction.recipients
            and len(transaction.recipients) >= self.settings.recipients_max
        ):
            raise Reply(f"452 4.5.3 A message can have at most {self.settings.recipients_max} recipients.")
        is_ours = self.post.directory.domain(address.domain) is not None
        if is_ours or self.kind is Port.RECEPTION:
            try:
                self.post.route(address)
            except SendingRefused as refused:
                if is_ours and self.kind is Port.RECEPTION:
                    self._note_refusal(str(address), refused)
                raise
        transaction.recipients[str(address)] = address
        await self.say("250 2.1.5 Recipient noted")

    def _note_refusal(self, recipient: str, refused: SendingRefused) -> None:
        assert self.transaction is not None
        self.post.journal.note(
            Entry(
                Way.IN,
                self.transaction.sender,
                recipient,
                recipient,
                self.transaction.declared_size,
                Result.REFUSED,
                words=f"{refused.code} {refused.words}",
            )
        )

    async def do_data(self, argument: str) -> None:
        """DATA: the content, to the disk as it comes; answered only when it is safe there."""
        transaction = self.transaction
        if transaction is None or not transaction.recipients:
            raise Reply("503 5.5.1 Name sender and recipients first.")
        if argument:
            raise Reply("501 5.5.4 DATA takes no argument.")
        reservation: int | None = None
        if self.login:
            try:
                reservation = await asyncio.to_thread(
                    self.post.reserve, self.login, len(transaction.recipients)
                )
            except SendingRefused:
                self.transaction = None
                raise
        task = asyncio.current_task()
        name = self.post.new_name()
        path = self.post.spool / f"{name}.part"
        kept = False
        if task is not None:
            task.set_name("in-data")
        try:
            prefix, skip = self._prefix(transaction, name)
            size = await self._read_content(path, prefix)
            content = Content(path, skip, size)
            await asyncio.to_thread(self._accept, transaction, content)
            kept = True
        except OSError as error:
            if isinstance(error, ConnectionError | TimeoutError):
                raise
            log.error("cannot store a message: %s", error)
            refused = refusal_of(error)
            raise refused from error
        finally:
            self.transaction = None
            if task is not None:
                task.set_name("idle")
            if not kept and reservation is not None:
                await asyncio.to_thread(self.post.counter.cancel, reservation)
            path.unlink(missing_ok=True)
        self.server.accepted += 1
        await self.say(f"250 2.0.0 Accepted as {name}")
        if self.server.is_stopping:
            raise Reply("421 4.3.2 The server is stopping.", close=True)

    def _prefix(self, transaction: Transaction, name: str) -> tuple[bytes, int]:
        """What we put before a received message. A submitted one is completed later."""
        if self.login:
            return b"", 0
        return_path = f"Return-Path: <{transaction.sender}>\r\n".encode()
        only = next(iter(transaction.recipients)) if len(transaction.recipients) == 1 else ""
        trace = headers.received(
            by=self.settings.hostname,
            protocol=self._protocol(transaction),
            queue_id=name,
            client=self.client,
            helo=self.helo,
            recipient=only,
        )
        return return_path + trace, len(return_path)

    def _protocol(self, transaction: Transaction) -> str:
        kind = "SMTP" if not self.is_extended else ("UTF8SMTP" if transaction.needs_utf8 else "ESMTP")
        return kind + ("S" if self.is_tls else "") + ("A" if self.login else "")

    async def _read_content(self, path: os.PathLike[str], prefix: bytes) -> int:
        """Ask for the content and read to the end mark; it is on the disk, not only in the cache, when this returns its
        size. Asked for only once a file is there to take it."""
        with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(prefix)
            await self.say("354 Send the message, end with a dot on a line of its own")
            sink = DataSink(file, self.settings.message_bytes_max)
            chunk, self._pending = self._pending, b""
            async with asyncio.timeout(DATA_TIMEOUT) as deadline:
                while (rest := sink.feed(chunk) if chunk else None) is None:
                    chunk = await self.reader.read(CHUNK)
                    if not chunk:
                        raise ConnectionResetError("the client left in the middle of a message")
                    deadline.reschedule(asyncio.get_running_loop().time() + DATA_TIMEOUT)
            self._pending = rest
            if sink.is_too_large:
                raise Reply(self._too_large)
            if sink.trouble is not None:
                raise sink.trouble
            file.flush()
            if not self.login:
                await asyncio.to_thread(os.fsync, file.fileno())
            return sink.size

    def _accept(self, transaction: Transaction, content: Content) -> None:
        recipients = list(transaction.recipients.values())
        try:
            if self.login:
                self.post.submit(
                    self.login,
                    sender=transaction.sender,
                    recipients=recipients,
                    raw=content.path,
                    protocol=self._protocol(transaction),
                )
            else:
                self.post.receive(content, sender=transaction.sender, recipients=recipients)
        except headers.HeadersTooLong:
            raise Reply("552 5.3.4 The header lines are larger than a megabyte.") from None

    @property
    def _too_large(self) -> str:
        return (
            f"552 5.3.4 The message is larger than {self.settings.message_bytes_max} bytes, attachments included."
            " They take a third more room inside a message than on the disk."
        )

    # The rest

    async def do_rset(self, argument: str) -> None:
        """RSET: forget the message."""
        self.transaction = None
        await self.say("250 2.0.0 Forgotten")

    async def do_noop(self, argument: str) -> None:
        """NOOP: still here."""
        await self.say("250 2.0.0 Still here")

    async def do_vrfy(self, argument: str) -> None:
        """VRFY: tells nothing, so that nobody can collect addresses."""
        await self.say("252 2.1.5 Send mail to find out")

    async def do_help(self, argument: str) -> None:
        """HELP: what can be said."""
        await self.say("214 2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP QUIT")

    async def do_quit(self, argument: str) -> None:
        """QUIT: goodbye."""
        raise Reply("221 2.0.0 Goodbye", close=True)

    def _path(self, argument: str, keyword: str) -> tuple[str, dict[str, str]]:
        if not argument.upper().startswith(keyword):
            raise Reply(f"501 5.5.4 Write {keyword}<address>.")
        found = _PATH.fullmatch(argument[len(keyword) :].strip())
        if found is None:
            raise Reply(f"501 5.5.4 Write {keyword}<address>.")
        parameters = {}
        for word in (found.group(2) or "").split():
            name, _, value = word.partition("=")
            parameters[name.upper()] = value
        return found.group(1), parameters

    def _address(self, text: str, transaction: Transaction, *, code: str) -> Address:
        try:
            address = parse_address(text, local_max=LONG_LOCAL_MAX)
        except BadAddress:
            raise Reply(f"501 {code} This is not a valid address.") from None
        if not text.isascii() and not transaction.needs_utf8:
            raise Reply("553 5.6.7 Addresses in other scripts need SMTPUTF8.")
        return address


def _is_loopback(client: str) -> bool:
    try:
        return ipaddress.ip_address(client.partition("%")[0]).is_loopback
    except ValueError:
        return False
