"""The IMAP server in Python for machines without Dovecot: pymap on the same folders, with our logins.

pymap's own Maildir code rewrites messages when it stores them and loses their content when it copies them; the
classes here keep every byte. Never run it on a store that Dovecot serves at the same time.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import socket
import tempfile
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from proxyprotocol.reader import ProxyProtocolReader
from proxyprotocol.version import ProxyProtocolVersion
from pymap.backend.maildir import Config, FilterSet, Identity, Session
from pymap.backend.maildir.layout import DefaultLayout
from pymap.backend.maildir.mailbox import MailboxData, MailboxSet, Maildir, Message
from pymap.backend.maildir.uidlist import Record, UidList
from pymap.concurrent import Subsystem
from pymap.context import socket_info
from pymap.exceptions import InvalidAuth, MailboxConflict, NotSupportedError, TemporaryFailure
from pymap.imap import IMAPServer
from pymap.interfaces.login import LoginInterface
from pymap.parsing.modutf7 import modutf7_decode, modutf7_encode
from pymap.parsing.response import ResponseCode, ResponseNo
from pymap.parsing.specials import ObjectId
from pymap.token import AllTokens
from pymap.user import UserMetadata
from pysasl import SASLAuth
from pysasl.hashing import BuiltinHash

from kanton.products.mail.engine.credentials import Closed, Credentials, TooManyGuesses
from kanton.products.mail.engine.dovecot import MASTER, MASTER_SEPARATOR, master_password
from kanton.products.mail.engine.files import make_private, sync_folder
from kanton.products.mail.engine.imap_commands import BoundedCommands
from kanton.products.mail.engine.maildir import Maildirs
from kanton.products.mail.engine.published import Directory
from kanton.products.mail.engine.settings import EngineSettings
from kanton.products.mail.engine.tls import server_context

APPEND_BYTES_MAX = 300_000_000
WRONG_PASSWORD_SECONDS = 0.5
FOLDER_BYTES_MAX = 240
"""The whole name as it stands on the disk; a file system takes 255."""


class _KeptMaildir(Maildir):
    """Gives and takes messages as the bytes they are."""

    def get_message(self, key: str) -> Any:
        """The raw bytes; pymap only ever asks for `bytes(…)` of it."""
        return self.get_bytes(key)

    def add_bytes(self, content: bytes, info: str, when: datetime | None) -> str:
        """Add a message durably; returns its key."""
        name = f"{Maildirs.unique_name()},S={len(content)},W={len(content)}"
        temporary, place = Path(self._path) / "tmp" / name, Path(self._path) / "cur" / f"{name}:{info}"
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(content)
            file.flush()
            if when is not None:
                os.utime(file.fileno(), (when.timestamp(), when.timestamp()))
            os.fsync(file.fileno())
        temporary.rename(place)
        sync_folder(place.parent)
        return name

    def copy_from(self, source: Maildir, key: str, info: str) -> str:
        """Add a message of another folder by hard link; returns its key."""
        path = Path(source._path) / source._lookup(key)
        size = path.stat().st_size
        name = f"{Maildirs.unique_name()},S={size},W={size}"
        place = Path(self._path) / "cur" / f"{name}:{info}"
        os.link(path, place)
        sync_folder(place.parent)
        return name


class _Folder(MailboxData):
    """One folder."""

    async def append(self, append_msg: Any, *, recent: bool = False) -> Message:
        """Store what the client sent, byte for byte."""
        letters = "".join(sorted(self.maildir_flags.to_maildir(append_msg.flag_set)))
        content = bytes(append_msg.literal)
        async with self.messages_lock.write_lock():
            maildir: _KeptMaildir = self._maildir  # type: ignore[assignment]
            key = maildir.add_bytes(content, f"2,{letters}", append_msg.when)
            metadata = self._maildir.get_message_metadata(key)
        fields = {"E": str(ObjectId.random_email_id()), "T": str(ObjectId.random_thread_id())}
        record = await self._enter(fields, f"{key}:2,{letters}")
        return self._message(record, metadata)

    async def copy(self, uid: int, destination: Any, *, recent: bool = False) -> int | None:
        """Copy with content and flags."""
        try:
            record, metadata = await self._get_maildir_msg(uid)
        except (KeyError, FileNotFoundError):
            return None
        info = metadata.get_info() or "2,"
        async with destination.messages_lock.write_lock():
            try:
                key = destination._maildir.copy_from(self._maildir, record.key, info)
            except (KeyError, FileNotFoundError):
                return None
        copied = await destination._enter(record.fields, f"{key}:{info}")
        uid_there: int = copied.uid
        return uid_there

    async def move(self, uid: int, destination: Any, *, recent: bool = False) -> int | None:
        """Copy under a new name, then remove. pymap keeps the name, so a message that comes back shows twice."""
        uid_there = await self.copy(uid, destination, recent=recent)
        if uid_there is not None:
            await self.delete([uid])
        return uid_there

    async def _get_keys(self) -> dict[str, str]:
        """Oldest first, so that new messages get their numbers in the order in which they came."""
        return dict(sorted((await super()._get_keys()).items()))

    async def _enter(self, fields: Mapping[str, str], filename: str) -> Record:
        async with UidList.with_write(self._path) as uids:
            record = Record(uids.next_uid, fields, filename)
            uids.next_uid += 1
            uids.set(record)
        return record

    def _message(self, record: Record, metadata: Any) -> Message:
        return Message.from_maildir(
            record.uid,
            metadata,
            self._maildir,
            record.key,
            self._get_object_id(record, "E"),
            self._get_object_id(record, "T"),
            self.maildir_flags,
        )


class _Layout(DefaultLayout[_KeptMaildir]):
    """Maildir++ as Dovecot has it: names in modified UTF-7, and none that means another place on the disk."""

    @classmethod
    def _split(cls, name: str, delimiter: str) -> Sequence[str]:
        # A dot divides folders on the disk: "." and "/" would be the folder above, with everybody's mailboxes.
        parts = super()._split(name, delimiter)
        if not all(parts) or "." in name or not name.isprintable():
            raise FileNotFoundError(name)
        if len(cls._get_subdir(parts)) > FOLDER_BYTES_MAX:
            raise FileNotFoundError(name)
        return parts

    @classmethod
    def _get_subdir(cls, parts: Sequence[str]) -> str:
        return "".join("." + modutf7_encode(part).decode("ascii") for part in parts)

    @classmethod
    def _get_parts(cls, subdir: str) -> list[str]:
        return [modutf7_decode(part.encode()) for part in subdir[1:].split(".")] if subdir else []

    def list_folders(self, delimiter: str, top: str = "INBOX") -> list[str]:
        """Only what can be opened: other folders on the disk are not ours."""
        found = [self._join(parts, delimiter) for parts in self._list_folders(self._split(top, delimiter))]
        return [name for name in found if self.is_folder(name, delimiter)]

    def is_folder(self, name: str, delimiter: str) -> bool:
        """Whether there is a folder of this name."""
        try:
            return (Path(self.get_path(name, delimiter)) / "cur").is_dir()
        except FileNotFoundError:
            return False

    def add_folder(self, name: str, delimiter: str) -> None:
        """Make a folder, and those above it that are missing (RFC 9051, 6.3.4)."""
        parts = self._split(name, delimiter)
        for depth in range(1, len(parts)):
            with contextlib.suppress(FileExistsError):
                super().add_folder(self._join(parts[:depth], delimiter), delimiter)
        super().add_folder(name, delimiter)


class _Folders(MailboxSet):
    """All folders of a mailbox."""

    async def add_mailbox(self, name: str) -> ObjectId:
        """Make a folder; what cannot be the name of one is refused."""
        try:
            return await super().add_mailbox(name.removesuffix(self.delimiter))
        except FileNotFoundError:
            raise NotSupportedError("This is not possible as the name of a folder.") from None
        except KeyError as error:
            raise MailboxConflict(name) from error

    async def rename_mailbox(self, before: str, after: str) -> None:
        """Rename a folder with all below it."""
        try:
            self._layout.get_path(after, self.delimiter)
        except FileNotFoundError:
            raise NotSupportedError("This is not possible as the name of a folder.") from None
        if before != "INBOX":
            await self.get_mailbox(before)
            if self._has(after):
                raise MailboxConflict(after)
        await super().rename_mailbox(before, after)

    def _has(self, name: str) -> bool:
        layout: _Layout = self._layout  # type: ignore[assignment]
        return name == "INBOX" or layout.is_folder(name, self.delimiter)

    async def get_mailbox(self, name: str) -> MailboxData:
        """The folder, with our way of storing. KeyError when it is gone, whoever removed it."""
        if not self._has(name):
            raise KeyError(name)
        if name not in self._cache:
            if name == "INBOX":
                maildir = self._inbox_maildir
            else:
                try:
                    maildir = self._layout.get_folder(name, self.delimiter)
                except FileNotFoundError as error:
                    raise KeyError(name) from error
            path = self._layout.get_path(name, self.delimiter)
            async with UidList.with_init(path) as uids:
                self._cache[name] = _Folder(ObjectId(uids.global_uid), maildir, path)
        return await self._cache[name].reset()


class _Identity(Identity):
    """Somebody logged in."""

    def __init__(self, config: Config, tokens: AllTokens, name: str, path: Path) -> None:
        super().__init__(config, tokens, name, None, frozenset())
        self._mailbox_path = path

    async def get(self) -> UserMetadata:
        """What pymap wants to know of the user."""
        return UserMetadata(self.config, self.name)

    @asynccontextmanager
    async def new_session(self) -> AsyncIterator[Session]:
        """Open the mailbox."""
        maildir = _KeptMaildir(str(self._mailbox_path), create=False)
        folders = _Folders(maildir, _Layout(str(self._mailbox_path), _KeptMaildir))
        yield Session(self.name, self.config, folders, FilterSet(str(self._mailbox_path)))


class _Secret:
    """Takes the password out of pysasl's credentials, which show it only to somebody who compares."""

    password = ""

    @classmethod
    def of(cls, credentials: Any) -> str:
        """The password that the client sent."""
        taken = cls()
        credentials.verify(taken)
        return taken.password

    def compare_authcid(self, authcid: str) -> bool:
        """Every name is asked about its password."""
        return True

    def compare_secret(self, secret: str) -> bool:
        """Remember what was sent; the answer is given elsewhere."""
        self.password = secret
        return False


class Unavailable(TemporaryFailure):
    """Come back later (RFC 5530); mail programs keep the password and try again."""

    def get_response(self, tag: bytes) -> ResponseNo:
        """The answer to the command."""
        return ResponseNo(tag, self._raw, ResponseCode.of(b"UNAVAILABLE"))


class ContactAdmin(TemporaryFailure):
    """Trying again does not help, and the text says what does (RFC 5530); Dovecot says the same."""

    def get_response(self, tag: bytes) -> ResponseNo:
        """The answer to the command."""
        return ResponseNo(tag, self._raw, ResponseCode.of(b"CONTACTADMIN"))


class _Login(LoginInterface):
    """Our passwords instead of pymap's files."""

    def __init__(self, settings: EngineSettings, config: Config) -> None:
        self.config = config
        self._tokens = AllTokens(config)
        self._directory = Directory(settings.published)
        self._credentials = Credentials(settings.published)
        self._maildirs = Maildirs(settings.store)
        self._master = master_password(settings)
        self.sessions: dict[str, set[asyncio.Task[Any]]] = {}

    @property
    def tokens(self) -> AllTokens:
        """No tokens are given out."""
        return self._tokens

    async def authenticate(self, credentials: Any) -> _Identity:
        """Check address and password, or the web app's master login from this machine."""
        login, star, helper = credentials.authcid.lower().partition(MASTER_SEPARATOR)
        password = _Secret.of(credentials)
        client = _client()
        if star:
            is_right = (
                helper == MASTER
                and _is_loopback(client)
                and hmac.compare_digest(password.encode(), self._master.encode())
            )
        else:
            try:
                is_right = await asyncio.to_thread(self._credentials.verify, login, password, client=client)
            except TooManyGuesses:
                raise TemporaryFailure("Too many wrong passwords. Please try again in ten minutes.") from None
            except Closed as closed:
                raise (Unavailable if closed.is_for_a_while else ContactAdmin)(str(closed)) from None
        found = self._directory.mailbox(login) if is_right else None
        if found is None:
            await asyncio.sleep(WRONG_PASSWORD_SECONDS)
            raise InvalidAuth
        login = self._directory.login(login)
        task = asyncio.current_task()
        if task is not None and not star:
            self.sessions.setdefault(login, set()).add(task)
            task.add_done_callback(lambda done: self.sessions.get(login, set()).discard(done))
        path = await asyncio.to_thread(self._maildirs.ensure, found[1].store)
        return _Identity(self.config, self._tokens, login, path)

    async def authorize(self, authenticated: Any, authzid: str) -> Any:
        """Nobody acts for somebody else."""
        if authzid and self._directory.login(authzid.partition(MASTER_SEPARATOR)[0]) != authenticated.name:
            raise InvalidAuth
        return authenticated


class _Config(Config):
    """Login before TLS is offered on loopback only."""

    plain = False

    @property
    def commands(self) -> BoundedCommands:
        """What clients may say."""
        return BoundedCommands()

    @property
    def initial_auth(self) -> SASLAuth:
        """Mechanisms offered before TLS."""
        return self.tls_auth if self.plain else SASLAuth([])

    @property
    def tls_auth(self) -> SASLAuth:
        """Mechanisms offered under TLS."""
        return SASLAuth.named([b"PLAIN", b"LOGIN"])


def _client() -> str:
    peer = socket_info.get().peername
    return str(peer[0]) if isinstance(peer, tuple) else ""


class PythonImapServer:
    """A running pymap."""

    def __init__(
        self,
        settings: EngineSettings,
        *,
        imap_port: int,
        imaps_port: int,
        sockets: Sequence[socket.socket] = (),
    ) -> None:
        self.settings = settings
        self.sockets = sockets
        self.imap_port = imap_port
        self.imaps_port = imaps_port
        self._logins: list[_Login] = []
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[Any]] = set()
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Open the ports."""
        # pymap renames its temporary files into the store, so they must be on the same file system.
        self._stack.callback(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = str(make_private(self.settings.mail / "temporary"))
        context = server_context(self.settings)
        executor = ThreadPoolExecutor(2)
        self._stack.callback(executor.shutdown, wait=False, cancel_futures=True)
        held = {each.getsockname()[1]: each for each in self.sockets}
        for port, implicit in ((self.imap_port, False), (self.imaps_port, True)):
            if port < 0:
                continue
            where: dict[str, Any] = (
                {"sock": held[port]} if port in held else {"host": self.settings.imap_listen, "port": port}
            )
            config = _Config(
                Namespace(passlib_cfg=None, proxy_protocol="noop"),
                host=self.settings.imap_listen,
                port=port,
                base_dir=str(self.settings.store),
                layout="++",
                colon=None,
                ssl_context=context,
                tls_enabled=not implicit,
                subsystem=Subsystem.for_asyncio(),
                cpu_subsystem=Subsystem.for_threading(executor),
                hash_context=BuiltinHash(),
                proxy_protocol=ProxyProtocolVersion.get("noop"),
                reject_dnsbl=False,
                max_append_len=APPEND_BYTES_MAX,
            )
            config.plain = implicit or _is_loopback(self.settings.imap_listen)
            config.apply_context()
            login = _Login(self.settings, config)
            self._logins.append(login)
            serve = ProxyProtocolReader(config.proxy_protocol).get_callback(
                self._counted(IMAPServer(login, config))
            )
            self._servers.append(
                await asyncio.start_server(serve, **where, ssl=context if implicit else None, limit=1 << 20)
            )

    def _counted(self, serve: Callable[..., Awaitable[None]]) -> Callable[..., Coroutine[Any, Any, None]]:
        """Remember each connection's task, to end it in `stop`."""

        async def connected(*arguments: Any) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            try:
                await serve(*arguments)
            finally:
                self._connections.discard(task)

        return connected

    async def ended(self) -> int:
        """Never: it runs in this process."""
        await asyncio.Event().wait()
        return 0

    async def kick(self, login: str) -> None:
        """End the running sessions of a login."""
        for one in self._logins:
            for task in list(one.sessions.get(login, ())):
                task.cancel()

    def look_at_logins(self) -> None:
        """Nothing: uses are noted at the login itself."""

    async def stop(self) -> None:
        """Close the ports and all sessions."""
        for server in self._servers:
            server.close()
        for task in list(self._connections):
            task.cancel()
        if self._connections:
            await asyncio.wait(set(self._connections), timeout=5)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stack.aclose(), 5)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
