"""A mailbox as the webmail sees it: over IMAP, so that every other program sees the same.

One `MailSession` lives for one request. It opens the mailbox with the web application's own login (from this
machine only, see `engine/dovecot.py`); who may open which mailbox is decided before, by the room's rights.
"""

from __future__ import annotations

import base64
import binascii
import imaplib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kanton.core.errors import DomainError, EngineUnavailable, NotFound
from kanton.products.mail.engine.configured import engine_settings
from kanton.products.mail.engine.embedded import open_mailbox as open_imap
from kanton.products.mail.mime import Person, decoded_header, people, raw_headers

PAGE: Final = 50
OWN_SEARCH_MOST: Final = 1000
HEADERS: Final = "FROM TO CC SUBJECT DATE MESSAGE-ID CONTENT-TYPE"
SEEN, FLAGGED, ANSWERED, DRAFT, DELETED = "\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted"

_LIST = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|NIL) (?P<name>.*)$', re.S)
_UID_MAX: Final = 2**32 - 1
_UID = re.compile(rb"\bUID (\d+)")
_FLAGS = re.compile(rb"\bFLAGS \(([^)]*)\)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_ARRIVED = re.compile(rb'\bINTERNALDATE "([^"]+)"')
_COPYUID = re.compile(rb"\d+ \S+ (\S+)")
_SPECIAL: Final = {
    "\\drafts": "drafts",
    "\\sent": "sent",
    "\\archive": "archive",
    "\\junk": "spam",
    "\\trash": "trash",
}
_BY_NAME: Final = {"drafts": "drafts", "sent": "sent", "archive": "archive", "spam": "spam", "junk": "spam",
                   "trash": "trash"}  # fmt: skip
LABELS: Final = {
    "inbox": _("Inbox"),
    "drafts": _("Drafts"),
    "sent": pgettext_lazy("a folder", "Sent"),
    "archive": _("Archive"),
    "spam": _("Spam"),
    "trash": _("Trash"),
}
ICONS: Final = {
    "inbox": "inbox",
    "drafts": "pencil",
    "sent": "send",
    "archive": "archive",
    "spam": "shield-x",
    "trash": "trash",
}
ORDER: Final = ("inbox", "drafts", "sent", "archive", "spam", "trash")


class MailboxClosed(DomainError):
    """The mailbox does not open: it is new and not ready, or in maintenance."""

    code, status = "mail.mailbox_closed", 503
    message = _("This mailbox does not open at the moment. If it is new, wait a few seconds and try again.")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a mailbox. `name` is what IMAP calls it, `role` what it is for (or "")."""

    name: str
    role: str
    total: int = 0
    unseen: int = 0

    @property
    def label(self) -> Any:
        """What people read: the translated role, or the last part of the name."""
        return LABELS.get(self.role) or self.name.rpartition("/")[2]

    @property
    def icon(self) -> str:
        """Its icon."""
        return ICONS.get(self.role, "folder")

    @property
    def depth(self) -> int:
        """How many folders it lies in."""
        return 0 if self.role else self.name.count("/")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as a line of a list."""

    uid: int
    senders: tuple[Person, ...]
    to: tuple[Person, ...]
    subject: str
    arrived_at: datetime | None
    size: int
    flags: frozenset[str]
    has_attachment: bool
    message_id: str

    @property
    def from_names(self) -> str:
        """Who wrote it, by name where there is one."""
        return ", ".join(person.shown for person in self.senders)

    @property
    def to_names(self) -> str:
        """Who got it, by name where there is one."""
        return ", ".join(person.shown for person in self.to)

    @property
    def is_seen(self) -> bool:
        """Has been read."""
        return SEEN in self.flags

    @property
    def is_flagged(self) -> bool:
        """Is followed (MAIL-83)."""
        return FLAGGED in self.flags

    @property
    def is_answered(self) -> bool:
        """Was answered."""
        return ANSWERED in self.flags


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages of a folder, newest arrival first. `older` is the cursor for the next page, None at the end."""

    messages: Sequence[Envelope] = ()
    total: int = 0
    older: int | None = None


@dataclass(slots=True)
class MailSession:
    """An open mailbox."""

    address: str
    connection: imaplib.IMAP4
    _selected: str = field(default="")

    def folders(self) -> list[Folder]:
        """All folders with their counts: those with a role first, then by name."""
        typ, lines = self.connection.list()
        _ok((typ, lines))
        found: list[Folder] = []
        for flags, name in _listed(lines):
            if "\\noselect" in flags or "\\nonexistent" in flags:
                continue
            role = (
                "inbox"
                if name.upper() == "INBOX"
                else next(
                    (_SPECIAL[flag] for flag in flags if flag in _SPECIAL), _BY_NAME.get(name.lower(), "")
                )
            )
            total, unseen = self._counts(name)
            found.append(Folder(name, role, total, unseen))
        return sorted(found, key=lambda f: (ORDER.index(f.role) if f.role else len(ORDER), f.name.lower()))

    def folder_for(self, role: str) -> str:
        """The name of the folder with this role; made when there is none."""
        for folder in self.folders():
            if folder.role == role:
                return folder.name
        name = role.capitalize()
        _ok(self.connection.create(_quoted(name)))
        self.connection.subscribe(_quoted(name))
        return name

    def page(self, folder: str, *, before: int | None = None, search: str = "", size: int = PAGE) -> Page:
        """`size` messages of the folder, those that arrived before the message `before`, found by `search`."""
        self._select(folder)
        uids = self._search(search)
        total = len(uids)
        fitting = sorted((uid for uid in uids if before is None or uid < before), reverse=True)
        shown = fitting[:size]
        older = shown[-1] if len(fitting) > size else None
        return Page(self._envelopes(shown), total, older)

    def raw(self, folder: str, uid: int, *, most: int | None = None) -> tuple[bytes, frozenset[str]]:
        """The message byte for byte (its first `most` bytes), and its flags. Does not mark it as read."""
        self._select(folder)
        part = f"BODY.PEEK[]<0.{most}>" if most else "BODY.PEEK[]"
        for meta, content in self._fetch([uid], f"(UID FLAGS {part})"):
            if content is not None:
                return content, _flags(meta)
        raise NotFound(model="message")

    def size(self, folder: str, uid: int) -> int:
        """How many bytes the message has; NotFound when it is gone."""
        self._select(folder)
        for meta, _content in self._fetch([uid], "(UID RFC822.SIZE)"):
            if found := _SIZE.search(meta):
                return int(found.group(1))
        raise NotFound(model="message")

    def envelope(self, folder: str, uid: int) -> Envelope:
        """One line of the list; NotFound when the message is gone."""
        self._select(folder)
        for found in self._envelopes([uid]):
            return found
        raise NotFound(model="message")

    def set_flag(self, folder: str, uids: Sequence[int], flag: str, on: bool) -> None:
        """Set or clear a flag on these messages."""
        if uids:
            self._select(folder, writable=True)
            _ok(
                self.connection.uid(
                    "STORE", _set(uids), "+FLAGS.SILENT" if on else "-FLAGS.SILENT", f"({flag})"
                )
            )

    def move(self, folder: str, uids: Sequence[int], to: str) -> list[int]:
        """Move messages; returns their new UIDs where the server tells them, for undo."""
        if not uids or folder == to:
            return []
        self._select(folder, writable=True)
        if "MOVE" in self.connection.capabilities:
            typ, data = self.connection.uid("MOVE", _set(uids), _quoted(to))
            _ok((typ, data))
        else:
            typ, data = self.connection.uid("COPY", _set(uids), _quoted(to))
            _ok((typ, data))
            self._remove(uids)
        _typ, codes = self.connection.response("COPYUID")
        for code in [*(codes or []), *(data or [])]:
            text = code if isinstance(code, bytes) else b""
            if found := _COPYUID.search(text.replace(b"[COPYUID ", b"")):
                return list(_expanded(found.group(1).rpartition(b" ")[2].rstrip(b"]")))
        return []

    def destroy(self, folder: str, uids: Sequence[int]) -> None:
        """Delete for good."""
        if uids:
            self._select(folder, writable=True)
            self._remove(uids)

    def empty(self, folder: str) -> int:
        """Delete everything in the folder for good; returns how many messages that were."""
        self._select(folder, writable=True)
        uids = self._search("")
        for start in range(0, len(uids), 500):
            self._remove(uids[start : start + 500])
        return len(uids)

    def append(self, folder: str, message: bytes, *flags: str) -> int | None:
        """Put a message into the folder; returns its UID where the server tells it."""
        typ, data = self.connection.append(_quoted(folder), f"({' '.join(flags)})", "", message)
        _ok((typ, data))
        found = re.search(
            rb"APPENDUID \d+ (\d+)", b" ".join(part for part in data if isinstance(part, bytes))
        )
        return int(found.group(1)) if found else None

    def create_folder(self, name: str) -> None:
        """A new folder, shown by other programs too."""
        _ok(self.connection.create(_quoted(name)))
        self.connection.subscribe(_quoted(name))

    def _counts(self, name: str) -> tuple[int, int]:
        typ, data = self.connection.status(_quoted(name), "(MESSAGES UNSEEN)")
        text = data[0] if typ == "OK" and data and isinstance(data[0], bytes) else b""
        total, unseen = re.search(rb"MESSAGES (\d+)", text), re.search(rb"UNSEEN (\d+)", text)
        return int(total.group(1)) if total else 0, int(unseen.group(1)) if unseen else 0

    def _select(self, folder: str, *, writable: bool = False) -> None:
        mode = f"{folder}|{writable}"
        if self._selected in (mode, f"{folder}|True"):
            return
        typ, _data = self.connection.select(_quoted(folder), readonly=not writable)
        if typ != "OK":
            raise NotFound(model="folder")
        self._selected = mode

    def _search(self, words: str) -> list[int]:
        if not words.strip():
            typ, data = self.connection.uid("SEARCH", "ALL")
        elif "SEARCHRES" not in self.connection.capabilities:  # ours in Python
            return self._search_ourselves(words)
        else:
            # Every word must be somewhere in the message; the literal carries any language.
            criteria: list[Any] = []
            terms = words.split()[:6]
            for word in terms[:-1]:
                criteria += ["TEXT", _astring(word)]
            self.connection.literal = terms[-1].encode()  # type: ignore[assignment]
            typ, data = self.connection.uid("SEARCH", "CHARSET", "UTF-8", *criteria, "TEXT")
        _ok((typ, data))
        return sorted(int(uid) for part in data if part for uid in part.split())

    def _search_ourselves(self, words: str) -> list[int]:
        """For servers that compare encoded text: each word is looked for in the headers as people read them, and by
        the server in the rest. Looks at the newest messages only, since it reads them all."""
        newest = self._search("")[-OWN_SEARCH_MOST:]
        heads = {
            each.uid: f"{each.subject} {each.from_names} {each.to_names}".casefold()
            for each in self._envelopes(newest)
        }
        found = set(newest)
        for word in words.split()[:6]:
            typ, data = (
                self.connection.uid("SEARCH", "TEXT", _astring(word)) if word.isascii() else ("OK", [])
            )
            _ok((typ, data))
            inside = {int(uid) for part in data if part for uid in part.split()}
            found &= inside | {uid for uid, head in heads.items() if word.casefold() in head}
        return sorted(found)

    def _envelopes(self, uids: Sequence[int]) -> list[Envelope]:
        found: dict[int, Envelope] = {}
        items = f"(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({HEADERS})])"
        for meta, content in self._fetch(uids, items):
            if content is not None and (uid := _UID.search(meta)):
                found[int(uid.group(1))] = _envelope(int(uid.group(1)), meta, content)
        return [found[uid] for uid in uids if uid in found]

    def _fetch(self, uids: Sequence[int], items: str) -> Iterator[tuple[bytes, bytes | None]]:
        """(what the server says about a message, its literal) for each message that exists."""
        uids = [uid for uid in uids if 0 < uid <= _UID_MAX]
        if not uids:
            return
        typ, data = self.connection.uid("FETCH", _set(uids), items)
        _ok((typ, data))
        pending: tuple[bytes, bytes | None] | None = None
        for part in data:
            if isinstance(part, tuple):
                if pending:
                    yield pending
                pending = (part[0], part[1])
            elif isinstance(part, bytes):
                if pending:
                    yield pending[0] + b" " + part, pending[1]
                    pending = None
                elif _UID.search(part):
                    yield part, None
        if pending:
            yield pending

    def _remove(self, uids: Sequence[int]) -> None:
        _ok(self.connection.uid("STORE", _set(uids), "+FLAGS.SILENT", f"({DELETED})"))
        if "UIDPLUS" in self.connection.capabilities:
            _ok(self.connection.uid("EXPUNGE", _set(uids)))
        else:
            _ok(self.connection.expunge())


@contextmanager
def open_mailbox(address: str) -> Iterator[MailSession]:
    """The mailbox of this address, open until the block ends.

    Raises MailboxClosed when the server refuses it, EngineUnavailable when there is no server.
    """
    try:
        with open_imap(engine_settings(), address) as connection:
            _typ, said = connection.capability()
            # What a server can do it tells fully only after the login.
            connection.capabilities = tuple(said[-1].decode("ascii", "replace").upper().split())
            yield MailSession(address, connection)
    except imaplib.IMAP4.error as error:  # also what a broken connection raises
        raise MailboxClosed from error
    except OSError as error:
        raise EngineUnavailable from error


def uid_of(text: str) -> int | None:
    """The number of a message as pages carry it; None for what is none (RFC 9051: 32 bits, never 0)."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    return number if 0 < number <= _UID_MAX else None


def _ok(answer: tuple[str, Any]) -> None:
    if answer[0] != "OK":
        raise MailboxClosed


def _set(uids: Iterable[int]) -> str:
    return ",".join(str(int(uid)) for uid in uids)


def _expanded(text: bytes) -> Iterator[int]:
    for part in text.split(b","):
        first, _colon, last = part.partition(b":")
        if first.isdigit() and (not last or last.isdigit()):
            yield from range(int(first), int(last or first) + 1)


def _astring(word: str) -> str:
    if word.isascii():
        return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
    # Only one literal fits into imaplib's command: other words are searched by their ASCII stretch.
    stretches = sorted(re.findall(r"[\x20-\x7e]+", word), key=len)
    return _astring(stretches[-1]) if stretches else '""'


def _quoted(name: str) -> str:
    return '"' + to_utf7(name).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _flags(meta: bytes) -> frozenset[str]:
    found = _FLAGS.search(meta)
    return frozenset(found.group(1).decode("ascii", "replace").split()) if found else frozenset()


def _listed(lines: Sequence[Any]) -> Iterator[tuple[frozenset[str], str]]:
    for line in lines or ():
        literal = b""
        if isinstance(line, tuple):
            line, literal = line[0], line[1]
        if not isinstance(line, bytes) or not (match := _LIST.match(line)):
            continue
        name = literal or match.group("name")
        if name.startswith(b'"'):
            name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
        yield frozenset(match.group("flags").decode("ascii", "replace").lower().split()), from_utf7(name)


def _envelope(uid: int, meta: bytes, header: bytes) -> Envelope:
    message: Message = BytesHeaderParser(policy=compat32).parsebytes(header)
    size, arrived = _SIZE.search(meta), _ARRIVED.search(meta)
    return Envelope(
        uid=uid,
        senders=people(raw_headers(message, "From")),
        to=people(raw_headers(message, "To")),
        subject=decoded_header(next(iter(raw_headers(message, "Subject")), None)),
        arrived_at=_instant(arrived.group(1)) if arrived else None,
        size=int(size.group(1)) if size else 0,
        flags=_flags(meta),
        has_attachment="multipart/mixed" in str(message.get("Content-Type", "")).lower(),
        message_id=str(message.get("Message-ID", "")).strip(),
    )


def _instant(text: bytes) -> datetime | None:
    try:
        return datetime.strptime(text.decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None


def to_utf7(name: str) -> str:
    """A folder's name as IMAP writes it (modified UTF-7, RFC 3501 section 5.1.3)."""
    out: list[str] = []
    shifted = ""
    for char in [*name, ""]:
        if char and not " " <= char <= "~":
            shifted += char
            continue
        if shifted:
            coded = base64.b64encode(shifted.encode("utf-16-be")).decode("ascii").rstrip("=")
            out.append("&" + coded.replace("/", ",") + "-")
            shifted = ""
        out.append("&-" if char == "&" else char)
    return "".join(out)


def from_utf7(name: bytes) -> str:
    """A folder's name as people write it. What is not valid is kept as it is."""

    def plain(match: re.Match[bytes]) -> bytes:
        coded = match.group(1).replace(b",", b"/")
        if not coded:
            return b"&"
        try:
            return base64.b64decode(coded + b"=" * (-len(coded) % 4)).decode("utf-16-be").encode()
        except (binascii.Error, UnicodeDecodeError):
            return match.group(0)

    return re.sub(rb"&([A-Za-z0-9+,]*)-", plain, name).decode("utf-8", "replace")
