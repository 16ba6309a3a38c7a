"""Who logs in: passwords against the published files, quickly the second time and slowly for those who guess."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from kanton.products.mail.addresses import BadAddress
from kanton.products.mail.engine.files import stamp_of
from kanton.products.mail.engine.published import NO_PASSWORD, READING, closed_because, folder_of
from kanton.products.mail.engine.uses import Uses

REMEMBERED_MAX = 10_000
GUESSES_MAX = 10
GUESSES_SECONDS = 600

# 19 MiB and two passes, the smallest setting OWASP recommends: Dovecot computes it at each login.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = HASHER.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """The Argon2id hash of a mailbox password, in the form both Dovecot and we read."""
    return HASHER.hash(password)


def hash_app_password(password: str) -> str:
    """The hash of a generated password: more than 100 random bits need no slow hash."""
    return hashlib.sha256(password.encode()).hexdigest()


def verify_password(password_hash: str, password: str) -> bool:
    """True when the password has this Argon2id hash. Takes some 20 ms."""
    try:
        return HASHER.verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False


# Of one file: user → hash of the app password, or "" for the mailbox's own → password and fields.
Lines = dict[str, dict[str, tuple[str, str]]]


class TooManyGuesses(Exception):
    """This client has guessed too often; it must wait."""


class Closed(Exception):
    """The password is right, but opens nothing now; the words say why. It is no guess (ORG-86). `is_for_a_while` when
    waiting helps, else another password is wanted (ORG-62)."""

    def __init__(self, words: str, is_for_a_while: bool) -> None:
        super().__init__(words)
        self.is_for_a_while = is_for_a_while


class Credentials:
    """Checks logins. A password that was verified once is known by an HMAC under a key that lives only in memory,
    for as long as the published hash stays the same."""

    def __init__(self, published: Path) -> None:
        self.published = published
        self._uses = Uses(published.parent)
        self._key = secrets.token_bytes(32)
        self._files: dict[Path, tuple[tuple[int, int, int], Lines]] = {}
        self._verified: OrderedDict[bytes, str] = OrderedDict()
        self._guesses: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def verify(self, login: str, password: str, *, client: str = "", sending: bool = False) -> bool:
        """True when the login exists and has this password. Raises TooManyGuesses, and Closed where nobody may log in.

        An app password costs one fast hash; Argon2 is not asked. That of somebody who may only read opens no `sending`.

        Only wrong passwords count as guesses; a right one from the same client is refused too while it is locked
        out, else guessing would go on unnoticed.
        """
        login = login.strip().lower()
        self._check_guesses(client)
        known = self._hashes(login)
        if known is not None:
            mark = hmac.new(self._key, f"{login}\0{password}".encode(), hashlib.sha256).digest()
            mailbox_hash, own_fields, apps = known
            # Found by its hash: whoever could measure the look-up would learn about hashes they cannot choose.
            app = hash_app_password(password)
            if (fields := apps.get(app)) is not None:
                if sending and READING in fields:
                    return False
                _require_open(fields)
                self._uses.note(app)
                return True
            if mailbox_hash and self._is_password(mark, mailbox_hash, password):
                _require_open(own_fields)
                return True
        else:
            verify_password(_NOBODY, password)  # an unknown login takes as long as a wrong password
        self._note_guess(client)
        return False

    def _is_password(self, mark: bytes, mailbox_hash: str, password: str) -> bool:
        """Whether the mailbox has this password: at once when it was verified before, else by Argon2."""
        with self._lock:
            if self._verified.get(mark) == mailbox_hash:
                self._verified.move_to_end(mark)
                return True
        if not verify_password(mailbox_hash, password):
            return False
        with self._lock:
            self._verified[mark] = mailbox_hash
            if len(self._verified) > REMEMBERED_MAX:
                self._verified.popitem(last=False)
        return True

    def fingerprint(self, login: str) -> str:
        """Changes with every password of the login and when it is closed or opened; empty when there is none."""
        known = self._hashes(login.strip().lower())
        return hashlib.sha256(repr(known).encode()).hexdigest() if known is not None else ""

    def _hashes(self, login: str) -> tuple[str, str, dict[str, str]] | None:
        """The hash of the mailbox's password with its fields, and the fields of app passwords by their hashes."""
        local, _, domain = login.rpartition("@")
        if not local or "/" in local:
            return None
        try:
            folder = folder_of(self.published, domain)
        except BadAddress:
            return None
        entry = self._read(folder / "passwd").get(f"{local}@{folder.name}")
        if entry is None:
            return None
        apps = self._read(folder / "app-passwords").get(f"{local}@{folder.name}", {})
        password = entry[""][0]
        password_hash = password.removeprefix("{ARGON2ID}") if password != NO_PASSWORD else ""
        by_digest = {digest: fields for digest, (_password, fields) in apps.items() if digest}
        return password_hash, entry[""][1], by_digest

    def _read(self, path: Path) -> Lines:
        stamp = stamp_of(path)
        if stamp is None:
            return {}
        held = self._files.get(path)
        if held is None or held[0] != stamp:
            users: Lines = {}
            for line in path.read_text().splitlines():
                name, _, rest = line.partition(":")
                password, _, fields = rest.partition(":")
                user, _, digest = name.partition("/")
                users.setdefault(user, {})[digest] = (password, fields)
            held = (stamp, users)
            self._files[path] = held
        return held[1]

    def _check_guesses(self, client: str) -> None:
        if not client:
            return
        client = _neighbourhood(client)
        with self._lock:
            times = self._guesses.get(client)
            while times and times[0] < time.monotonic() - GUESSES_SECONDS:
                times.popleft()
            if times is not None and not times:
                del self._guesses[client]
            if times and len(times) >= GUESSES_MAX:
                raise TooManyGuesses

    def _note_guess(self, client: str) -> None:
        if client:
            with self._lock:
                if len(self._guesses) > REMEMBERED_MAX:
                    self._guesses.clear()
                times = self._guesses.setdefault(_neighbourhood(client), deque(maxlen=GUESSES_MAX))
                times.append(time.monotonic())


def _require_open(fields: str) -> None:
    words, is_for_a_while = closed_because(fields)
    if words:
        raise Closed(words, is_for_a_while)


def _neighbourhood(client: str) -> str:
    """Whom guesses count against: an IPv4 address, or the /64 of an IPv6 one, which a single guesser has whole."""
    try:
        found = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
    return client
