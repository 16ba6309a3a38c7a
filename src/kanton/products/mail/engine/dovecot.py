"""Dovecot as our IMAP server: generated configuration, no root, in the foreground, on our published files."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import grp
import hashlib
import logging
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from pwd import getpwnam, getpwuid

from kanton.products.mail.engine.files import make_private, secret_of, write_atomically
from kanton.products.mail.engine.settings import EngineSettings
from kanton.products.mail.engine.tls import certificate_of
from kanton.products.mail.engine.uses import Uses

log = logging.getLogger("kanton.mail.imap")

MASTER = "webmail"
WEB_APP_ADDRESS = "127.0.0.86"
"""Where the web app's connections come from, so that Dovecot can tell them from others of this machine."""
MASTER_SEPARATOR = "|"
INFO_LOG = "info.log"
INFO_LOG_MAX = 1_000_000
_USE = re.compile(rb" app=<([0-9a-f]{16})>")
SOCKET_PATH_MAX = 80
READY_SECONDS = 60
_SPECIAL = {
    "Drafts": "\\Drafts",
    "Sent": "\\Sent",
    "Archive": "\\Archive",
    "Spam": "\\Junk",
    "Trash": "\\Trash",
}


def find_binary(settings: EngineSettings) -> str | None:
    """Dovecot's program, where there is one that we can run."""
    places = (
        settings.dovecot_binary,
        shutil.which("dovecot"),
        "/usr/sbin/dovecot",
        "/usr/local/sbin/dovecot",
    )
    for candidate in places:
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    return None


@functools.lru_cache(maxsize=4)
def version_of(binary: str) -> tuple[int, int] | None:
    """Major and minor version; 2.3 and 2.4 speak different configuration languages."""
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"(\d+)\.(\d+)", answer.stdout)
    return (int(found.group(1)), int(found.group(2))) if found else None


@functools.lru_cache(maxsize=1)
def unprivileged_prefix() -> tuple[str, ...] | None:
    """What to put before the command. Dovecot refuses to touch mail as root, so root becomes an ordinary user in a
    user namespace of its own; None where the system does not allow that."""
    if os.geteuid() != 0:
        return ()
    try:
        account = getpwnam("nobody")
    except KeyError:
        return None
    prefix = ("unshare", "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}")
    try:
        subprocess.run([*prefix, "true"], capture_output=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return prefix


@functools.lru_cache(maxsize=4)
def takes_sockets(binary: str) -> bool:
    """True when this Dovecot was built to take its listening sockets from whoever starts it, as from systemd."""
    return b"sd_listen_fds" in Path(binary).read_bytes()


def is_usable(settings: EngineSettings) -> bool:
    """True when Dovecot is installed in a version we know and can be started here."""
    binary = find_binary(settings)
    if binary is None or version_of(binary) not in ((2, 3), (2, 4)):
        return False
    return unprivileged_prefix() is not None


def master_password(settings: EngineSettings) -> str:
    """The password with which the web app opens mailboxes, from this machine only."""
    return secret_of(settings.secrets, MASTER).hex()


def _account() -> tuple[str, str]:
    name = "nobody" if os.geteuid() == 0 else getpwuid(os.geteuid()).pw_name
    return name, grp.getgrgid(getpwnam(name).pw_gid).gr_name


def configuration(
    settings: EngineSettings, *, imap_port: int, imaps_port: int, run: Path, version: tuple[int, int]
) -> str:
    """The whole configuration file."""
    certificate, key = certificate_of(settings)
    account, group = _account()
    folder = settings.mail / "dovecot"
    values: dict[str, object] = {
        "run": run,
        "state": folder / "state",
        "account": account,
        "group": group,
        "listen": settings.imap_listen,
        "certificate": certificate,
        "key": key,
        "store": settings.store,
        "published": settings.published,
        "webmail": folder / "webmail",
        "info": folder / INFO_LOG,
        "imap_port": max(0, imap_port),
        "imaps_port": max(0, imaps_port),
    }
    language = _language_23 if version == (2, 3) else _language_24
    return language(values)


def _services(values: dict[str, object]) -> str:
    return f"""
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  process_limit = 2
  client_limit = 2000
  inet_listener imap {{
    port = {values["imap_port"]}
  }}
  inet_listener imaps {{
    port = {values["imaps_port"]}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 2000
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def _mailboxes() -> str:
    boxes = "".join(
        f"  mailbox {name} {{\n    auto = subscribe\n    special_use = {use}\n  }}\n"
        for name, use in _SPECIAL.items()
    )
    return f"namespace inbox {{\n  inbox = yes\n  separator = /\n{boxes}}}\n"


def _common(values: dict[str, object]) -> str:
    return f"""# Written by Kanton at each start. Changes are lost.
base_dir = {values["run"]}
state_dir = {values["state"]}
log_path = /dev/stderr
info_log_path = {values["info"]}
protocols = imap
listen = {values["listen"]}
default_internal_user = {values["account"]}
default_internal_group = {values["group"]}
default_login_user = {values["account"]}
first_valid_uid = 1
first_valid_gid = 1
login_greeting = Kanton
login_trusted_networks = {WEB_APP_ADDRESS}/32
auth_mechanisms = plain login
ssl_min_protocol = TLSv1.2
mail_max_userip_connections = 50
maildir_copy_with_hardlinks = yes
maildir_stat_dirs = yes
mail_save_crlf = yes
shutdown_clients = yes
ssl = yes
auth_master_user_separator = {MASTER_SEPARATOR}
"""


def _language_23(values: dict[str, object]) -> str:
    return (
        _common(values)
        + f"""auth_username_format = %Lu
login_log_format_elements = user=<%u> app=<%{{passdb:app}}> method=%m rip=%r lip=%l mpid=%e %c session=<%{{session}}>
disable_plaintext_auth = yes
ssl_cert = <{values["certificate"]}
ssl_key = <{values["key"]}
mail_home = {values["store"]}/%{{userdb:store}}
mail_location = maildir:{values["store"]}/%{{userdb:store}}
passdb {{
  driver = passwd-file
  master = yes
  args = username_format=%n {values["webmail"]}
}}
passdb {{
  driver = passwd-file
  args = username_format=%Lu/%{{sha256:password}} {values["published"]}/%Ld/app-passwords
}}
passdb {{
  driver = passwd-file
  args = username_format=%Lu {values["published"]}/%Ld/passwd
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {values["published"]}/%Ld/passwd
}}
"""
        + _mailboxes()
        + _services(values)
    )


def _language_24(values: dict[str, object]) -> str:
    domain = "%{user | domain | lower}"
    return (
        "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
        + _common(values)
        + f"""auth_username_format = %{{user | lower}}
login_log_format_elements = user=<%{{user}}> app=<%{{passdb:app}}> method=%{{mechanism}} rip=%{{remote_ip}}
auth_allow_cleartext = no
ssl_server_cert_file = {values["certificate"]}
ssl_server_key_file = {values["key"]}
mail_driver = maildir
mail_home = {values["store"]}/%{{userdb:store}}
mail_path = {values["store"]}/%{{userdb:store}}
passdb webmail {{
  driver = passwd-file
  master = yes
  auth_username_format = %{{user | username}}
  passwd_file_path = {values["webmail"]}
}}
passdb app-passwords {{
  driver = passwd-file
  auth_username_format = %{{user | lower}}/%{{password | sha256 | hexlify}}
  passwd_file_path = {values["published"]}/{domain}/app-passwords
}}
passdb passwords {{
  driver = passwd-file
  auth_username_format = %{{user | lower}}
  passwd_file_path = {values["published"]}/{domain}/passwd
}}
userdb passwords {{
  driver = passwd-file
  auth_username_format = %{{user | lower}}
  passwd_file_path = {values["published"]}/{domain}/passwd
}}
"""
        + _mailboxes()
        + _services(values)
    )


class DovecotServer:
    """A running Dovecot. `stop` ends it and everything it started."""

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
        self.folder = make_private(settings.mail / "dovecot")
        self.config = self.folder / "dovecot.conf"
        self.run = self.folder / "run"
        self._short: Path | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._uses = Uses(settings.mail)
        self._seen = 0

    async def start(self) -> None:
        """Write the configuration and start; returns when logins are answered."""
        binary = find_binary(self.settings)
        prefix = unprivileged_prefix()
        version = version_of(binary) if binary else None
        if binary is None or prefix is None or version is None:
            raise RuntimeError("Dovecot cannot be started here")
        if len(str(self.run)) > SOCKET_PATH_MAX:
            # Names of sockets may have 107 bytes; a deep $KANTON_HOME leaves too few.
            self._short = Path(tempfile.mkdtemp(prefix="kanton-dovecot-"))
            self.run = self._short
        self._end_forerunner()
        shutil.rmtree(self.run, ignore_errors=True)
        (self.folder / INFO_LOG).unlink(missing_ok=True)
        for path in (self.run, self.folder / "state", self.settings.store, self.settings.published):
            make_private(path)
        digest = hashlib.sha256(master_password(self.settings).encode()).hexdigest()
        line = f"{MASTER}:{{SHA256.HEX}}{digest}::::::allow_nets=127.0.0.0/8,::1/128\n"
        write_atomically(self.folder / "webmail", line.encode())
        text = configuration(
            self.settings, imap_port=self.imap_port, imaps_port=self.imaps_port, run=self.run, version=version
        )
        write_atomically(self.config, text.encode())
        numbers = [each.fileno() for each in self.sockets]
        handover = (
            (sys.executable, "-m", "kanton.products.mail.engine.handover", ",".join(map(str, numbers)))
            if numbers
            else ()
        )
        self._process = await asyncio.create_subprocess_exec(
            *handover,
            *prefix,
            binary,
            "-F",
            "-c",
            str(self.config),
            stdin=subprocess.DEVNULL,
            pass_fds=numbers,
        )
        write_atomically(self.folder / "pid", str(self._process.pid).encode())
        await self._wait_until_ready()

    def _end_forerunner(self) -> None:
        """After a crash of ours the old Dovecot may still hold the ports: end exactly that one."""
        try:
            pid = int((self.folder / "pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return
        if str(self.config).encode() in command:
            os.kill(pid, signal.SIGTERM)

    async def _wait_until_ready(self) -> None:
        assert self._process is not None
        greeted, ended = asyncio.create_task(self._greeting()), asyncio.create_task(self._process.wait())
        done, _ = await asyncio.wait(
            {greeted, ended}, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        greeted.cancel()
        ended.cancel()
        if ended in done:
            raise RuntimeError(f"Dovecot ended with code {self._process.returncode} at its start")
        if greeted not in done:
            raise RuntimeError(f"Dovecot did not answer within {READY_SECONDS} seconds")

    async def _greeting(self) -> None:
        """Returns when Dovecot has said something. A socket that was handed over takes connections before that."""
        context = None
        if self.imap_port <= 0:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        port = self.imap_port if self.imap_port > 0 else self.imaps_port
        while True:
            try:
                reader, writer = await asyncio.open_connection(self.settings.imap_listen, port, ssl=context)
            except OSError:
                await asyncio.sleep(0.03)
                continue
            with contextlib.closing(writer), contextlib.suppress(OSError):
                if await reader.read(1):
                    return

    async def ended(self) -> int:
        """Waits until Dovecot ends by itself, which it should not."""
        assert self._process is not None
        return await self._process.wait()

    def look_at_logins(self) -> None:
        """Note which app passwords were used since the last look, from Dovecot's own log of logins."""
        try:
            with (self.folder / INFO_LOG).open("rb") as file:
                file.seek(self._seen)
                news = file.read(INFO_LOG_MAX)
        except FileNotFoundError:
            return
        whole = news[: news.rfind(b"\n") + 1]
        self._seen += len(whole)
        for line in whole.splitlines():
            log.info("%s", line.decode("utf-8", "replace"))
            if b"Login: " in line and (found := _USE.search(line)):
                self._uses.note(found.group(1).decode())
        if self._seen > INFO_LOG_MAX:
            os.truncate(self.folder / INFO_LOG, 0)  # Dovecot appends, so it goes on at the beginning
            self._seen = 0

    async def kick(self, login: str) -> None:
        """End the running sessions of a login."""
        doveadm = shutil.which("doveadm") or "/usr/bin/doveadm"
        process = await asyncio.create_subprocess_exec(
            *(unprivileged_prefix() or ()),
            doveadm,
            "-c",
            str(self.config),
            "kick",
            login,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await process.wait()

    async def stop(self) -> None:
        """End it calmly, and by force if it stays."""
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 5)
            except TimeoutError:
                process.kill()
                await process.wait()
        (self.folder / "pid").unlink(missing_ok=True)
        if self._short is not None:
            shutil.rmtree(self._short, ignore_errors=True)
