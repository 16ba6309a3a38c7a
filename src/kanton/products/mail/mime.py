"""Messages from anywhere, made fit to look at; and messages of our own, made to travel. Pure, and wary of its input.

`read(raw)` never raises: a hostile or broken message becomes at worst a view with little in it. Its `html` is harmless
and may be shown in a sandboxed frame. `compose(draft)` makes the bytes that go out.
"""

from __future__ import annotations

import binascii
import codecs
import datetime as dt
import email.utils
import html as html_module
import mimetypes
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import SMTP, SMTPUTF8, compat32
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_to_bytes

import nh3

from kanton.core.errors import NotFound

HEADER_MAX = 32_768
SHOWN_HEADER_MAX = 2_000
BODY_MAX = 2_000_000
PARTS_MAX = 300
DEPTH_MAX = 25
TAGS_MAX = 20_000
NESTED_MAX = 100
AMPERSANDS_MAX = 100_000
ADDRESSES_MAX = 500
FILENAME_MAX = 150
WEBMAIL_ATTACHMENTS_MAX = 25 * 1024 * 1024
"""All attachments of a message written in the web app together (MAIL-49, MAIL-53)."""

# Charsets that programs name and Python does not know, or knows too strictly.
_CHARSETS = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-unknown": "utf-8",
    "unknown-8bit": "utf-8",
    "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "windows-874": "cp874",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
}
_REFUSED_CODECS = frozenset(
    {"idna", "punycode", "rot13", "rot_13", "unicode_escape", "raw_unicode_escape", "utf_7"}
)
# Control characters, and marks that turn the direction of what follows ("gpj.exe" read as "exe.jpg").
_UNWANTED = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_CID = re.compile(r"cid:([^\"'\s>)]{1,200})")
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in From, To or Cc."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address

    @property
    def shown(self) -> str:
        """The name, or the address of somebody without one."""
        return self.name or self.address


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the text. `number` finds it again with `attachment(raw, number)`."""

    number: int
    filename: str
    content_type: str
    size: int
    content_id: str = ""
    is_inline: bool = False
    is_shown: bool = False
    """True when the HTML shows it as a picture in its place."""


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """HTML that may be shown in a sandboxed frame, and how many remote pictures were left out or let in."""

    html: str
    remote_images: int


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as a page shows it."""

    subject: str = ""
    senders: tuple[Person, ...] = ()
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    reply_to: tuple[Person, ...] = ()
    date: dt.datetime | None = None
    message_id: str = ""
    references: tuple[str, ...] = ()
    text: str = ""
    """The plain text; made from the HTML when there is no other."""
    html: str = field(default="", repr=False)
    """The HTML made harmless (see `safe_html`); "" when the message has none."""
    remote_images: int = 0
    """Remote pictures that were left out, or let in when the reader allowed them."""
    attachments: tuple[Attachment, ...] = ()
    is_shortened: bool = False
    """True when limits cut something; the page offers the source."""
    is_from_list: bool = False

    @property
    def files(self) -> tuple[Attachment, ...]:
        """The attachments to list below the text: not the pictures that the HTML shows by itself."""
        return tuple(one for one in self.attachments if not (one.is_inline and one.is_shown))


# Decoding


def decoded(raw: bytes, charset: str | None) -> str:
    """Text in the charset it claims, or the likeliest one; unreadable bytes become U+FFFD. Never raises."""
    names = []
    if charset:
        name = charset.strip().strip("\"'").lower()
        names.append(_CHARSETS.get(name, name))
    if not names or names[0] in ("cp1252", "utf-8", "utf8"):
        names = ["utf-8", *names]  # what is valid UTF-8 is UTF-8, whatever it says
    for name in names:
        try:
            if codecs.lookup(name).name.replace("-", "_") in _REFUSED_CODECS and name != "utf-7":
                continue
            return raw.decode(name)
        except (LookupError, UnicodeError, ValueError, TypeError):
            continue
    last = names[-1]
    try:
        if last not in ("utf-8", "utf8"):
            return raw.decode(last, "replace")
    except (LookupError, UnicodeError, ValueError, TypeError):
        pass
    return raw.decode("cp1252", "replace")


def cleaned(text: str) -> str:
    """Without control characters and direction marks."""
    return _UNWANTED.sub("", text)


def decoded_header(value: Any) -> str:
    """A header's value in one line of readable text, encoded words decoded, whatever is wrong with them."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        text = decoded(value[:HEADER_MAX], None)
    else:
        text = str(value)[:HEADER_MAX]
        if any("\udc80" <= one <= "\udcff" for one in text):
            text = decoded(text.encode("utf-8", "surrogateescape"), None)
    text = re.sub(r"[\r\n]+[ \t]*", " ", text)
    if "=?" in text:
        try:
            parts = decode_header(text)
        except (HeaderParseError, binascii.Error, ValueError, UnicodeError):
            parts = [(text, None)]
        text = "".join(_decoded_word(word, charset) for word, charset in parts)
    return " ".join(cleaned(text).split())[:SHOWN_HEADER_MAX]


def _decoded_word(word: bytes | str, charset: str | None) -> str:
    if isinstance(word, str):
        return word
    return decoded(word, charset.partition("*")[0] if charset else None)


def people(values: Sequence[Any]) -> tuple[Person, ...]:
    """The addresses of header fields; broken ones are left out."""
    found: list[Person] = []
    for value in values:
        text = re.sub(r"[\r\n]+[ \t]*", " ", str(value)[:HEADER_MAX])
        try:
            pairs = email.utils.getaddresses([text])
        except (RecursionError, IndexError, ValueError):
            continue
        for name, address in pairs[:ADDRESSES_MAX]:
            shown = cleaned(decoded_header(address)).strip()
            if shown and len(found) < ADDRESSES_MAX:
                found.append(Person(decoded_header(name), shown[:320]))
    return tuple(found)


# Reading


def read(
    raw: bytes, *, remote_images: bool = False, attachment_url: Callable[[int], str] | None = None
) -> MessageView:
    """The view of a message. Never raises, whatever the bytes are.

    `remote_images`: the reader allowed them. `attachment_url` gives the address of an attachment by its number, for
    pictures inside the HTML.
    """
    message = _parsed(raw)
    if message is None:
        return MessageView(text=cleaned(decoded(raw[:BODY_MAX], None)), is_shortened=True)
    collected = _Collected()
    try:
        collected.take(message)
    except (ValueError, LookupError, TypeError, RecursionError, AttributeError):
        collected.is_shortened = True
    text = "\n".join(collected.texts)
    html = "\n".join(collected.htmls)
    if html and not text.strip():
        text = text_of_html(html)
    used = frozenset(html_module.unescape(one).lower() for one in _CID.findall(html)) if html else frozenset()
    attachments = tuple(
        replace(one, is_shown=True) if one.content_id.lower() in used else one
        for one in collected.attachments
    )
    urls = (
        {one.content_id: attachment_url(one.number) for one in attachments if one.is_shown}
        if attachment_url
        else {}
    )
    safe = safe_html(html, cid_urls=urls, show_remote=remote_images) if html else SafeHtml("", 0)
    return MessageView(
        subject=decoded_header(next(iter(raw_headers(message, "Subject")), None)),
        senders=people(raw_headers(message, "From")),
        to=people(raw_headers(message, "To")),
        cc=people(raw_headers(message, "Cc")),
        bcc=people(raw_headers(message, "Bcc")),
        reply_to=people(raw_headers(message, "Reply-To")),
        date=_date(message.get("Date")),
        message_id=_ids(message.get("Message-ID"))[:1][0] if _ids(message.get("Message-ID")) else "",
        references=_ids(f"{message.get('References') or ''} {message.get('In-Reply-To') or ''}"),
        text=text,
        html=safe.html,
        remote_images=safe.remote_images,
        attachments=attachments,
        is_shortened=collected.is_shortened,
        is_from_list=message.get("List-Id") is not None or message.get("List-Unsubscribe") is not None,
    )


def attachment(raw: bytes, number: int) -> Enclosure:
    """One attachment with its content; NotFound when there is no such part."""
    message = _parsed(raw)
    for index, part in enumerate(_leaves(message) if message is not None else ()):
        if index == number:
            content = _content(part)
            found = _described(part, index, len(content))
            return Enclosure(found.filename, found.content_type, content)
    raise NotFound(model="attachment")


def _parsed(raw: bytes) -> Message | None:
    # The parser descends for each nested multipart: hundreds of boundaries are an attack, not a message.
    if raw[: 4 * BODY_MAX].lower().count(b"boundary=") > 4 * PARTS_MAX:
        return None
    try:
        return BytesParser(policy=compat32).parsebytes(raw)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, IndexError, MemoryError):
        return None


class _Collected:
    """Walks a message and sorts its parts into texts, HTML and attachments."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.htmls: list[str] = []
        self.attachments: list[Attachment] = []
        self.is_shortened = False
        self._room = BODY_MAX

    def take(self, message: Message) -> None:
        """Everything in the message, up to the limits."""
        shown = _shown_bodies(message)
        for index, part in enumerate(_leaves(message)):
            if index >= PARTS_MAX:
                self.is_shortened = True
                return
            if any(part is one for one in shown) and self._room > 0:
                self._take_text(part)
            elif not any(part is one for one in _hidden_alternatives(message)):
                self.attachments.append(_described(part, index, len(_content(part))))

    def _take_text(self, part: Message) -> None:
        content = _content(part)
        if len(content) > self._room:
            content, self.is_shortened = content[: self._room], True
        self._room -= len(content)
        charset = _charset(part)
        if part.get_content_type() == "text/html":
            if not charset and (found := _META_CHARSET.search(content[:4096])):
                charset = found.group(1).decode("ascii")
            self.htmls.append(cleaned(decoded(content, charset)))
        else:
            text = cleaned(decoded(content, charset)).replace("\r\n", "\n").replace("\r", "\n")
            if part.get_param("format", "") == "flowed":
                text = _unflowed(text)
            self.texts.append(text)


def _leaves(message: Message, depth: int = 0) -> Iterator[Message]:
    """The parts that hold something, in order. A message within the message is one part."""
    payload = message.get_payload()
    if isinstance(payload, list) and message.get_content_maintype() != "message" and depth < DEPTH_MAX:
        for part in payload:
            if isinstance(part, Message):
                yield from _leaves(part, depth + 1)
    else:
        yield message


def _is_attachment(part: Message) -> bool:
    disposition = str(part.get("Content-Disposition", "")).strip().lower()
    if disposition.startswith("attachment"):
        return True
    return bool(_filename(part)) and not disposition.startswith("inline")


def _shown_bodies(message: Message, depth: int = 0) -> list[Message]:
    """The text and HTML parts that are the message itself."""
    if depth > DEPTH_MAX:
        return []
    kind = message.get_content_type()
    payload = message.get_payload()
    if isinstance(payload, list) and kind.startswith("multipart/"):
        parts = [part for part in payload if isinstance(part, Message)]
        if kind == "multipart/related":
            return _shown_bodies(parts[0], depth + 1) if parts else []
        return [one for part in parts for one in _shown_bodies(part, depth + 1)]
    if kind in ("text/plain", "text/html") and not _is_attachment(message) and not isinstance(payload, list):
        return [message]
    return []


def _hidden_alternatives(message: Message, depth: int = 0) -> list[Message]:
    """Other versions of the text (enriched, watch, AMP) that need not be offered as attachments."""
    if depth > DEPTH_MAX or not isinstance(message.get_payload(), list):
        return []
    hidden: list[Message] = []
    for part in message.get_payload():
        if not isinstance(part, Message):
            continue
        is_other_text = part.get_content_maintype() == "text" and part.get_content_type() not in (
            "text/calendar",
        )
        if (
            message.get_content_type() == "multipart/alternative"
            and is_other_text
            and not _is_attachment(part)
        ):
            hidden.append(part)
        hidden += _hidden_alternatives(part, depth + 1)
    return hidden


def _content(part: Message) -> bytes:
    """The decoded bytes of a part; of an enclosed message its source."""
    payload = part.get_payload()
    if isinstance(payload, list):
        try:
            return payload[0].as_bytes() if payload and isinstance(payload[0], Message) else b""
        except (UnicodeError, ValueError, LookupError, TypeError, AttributeError, KeyError, RecursionError):
            return b""
    try:
        found = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AssertionError, UnicodeError):
        found = None
    if isinstance(found, bytes):
        return found
    return str(payload or "").encode("utf-8", "surrogateescape")


def _charset(part: Message) -> str | None:
    try:
        value = part.get_content_charset()
    except (ValueError, LookupError, TypeError, UnicodeError):
        return None
    return value


def _filename(part: Message) -> str:
    try:
        name = part.get_filename()
    except (ValueError, LookupError, TypeError, UnicodeError):
        name = None
    if not name:
        return ""
    if "%" in name and re.fullmatch(r"[!-~]*%[0-9A-Fa-f]{2}[!-~]*", name):
        name = unquote_to_bytes(name).decode("utf-8", "replace")
    return safe_filename(decoded_header(name))


def safe_filename(name: str) -> str:
    """A name without folders, controls and tricks, short enough for every system."""
    name = unicodedata.normalize("NFC", cleaned(name)).replace("\\", "/").rpartition("/")[2]
    name = re.sub(r'[<>:"|?*\t\n\r]', "_", name).strip(" .")
    if len(name) > FILENAME_MAX:
        stem, dot, extension = name.rpartition(".")
        extension = extension[:20] if dot else ""
        name = (stem or name)[: FILENAME_MAX - len(extension) - 1] + (f".{extension}" if extension else "")
    return name


def _described(part: Message, index: int, size: int) -> Attachment:
    kind = part.get_content_type().lower()
    if not re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}", kind):
        kind = "application/octet-stream"
    name = _filename(part)
    if not name:
        extension = ".eml" if kind == "message/rfc822" else (mimetypes.guess_extension(kind) or "")
        name = f"part-{index + 1}{extension}"
    content_id = cleaned(str(part.get("Content-ID", ""))).strip().strip("<>")[:200]
    disposition = str(part.get("Content-Disposition", "")).strip().lower()
    return Attachment(
        index,
        name,
        kind,
        size,
        content_id,
        is_inline=bool(content_id) and not disposition.startswith("attachment"),
    )


def raw_headers(message: Message, name: str) -> list[Any]:
    """The fields of this name as they came. (`get_all` would turn raw 8-bit bytes into U+FFFD.)"""
    return [value for key, value in message.raw_items() if key.lower() == name.lower()][:10]


def _ids(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.findall(r"<[^<>\s]{1,400}>", str(value or "")[:HEADER_MAX])))[-50:]


def _date(value: Any) -> dt.datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(str(value)[:100])
        aware = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return aware.astimezone(dt.UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _unflowed(text: str) -> str:
    """Lines that were broken for the journey, joined again (RFC 3676)."""
    lines: list[str] = []
    joins = False
    for line in text.split("\n"):
        line = line[1:] if line.startswith(" ") else line
        if joins and lines and not line.startswith(">") and line != "-- ":
            lines[-1] += line
        else:
            lines.append(line)
        joins = line.endswith(" ") and line != "-- " and not line.startswith(">")
    return "\n".join(lines)


# HTML

_TAGS = {
    "a", "abbr", "address", "article", "b", "bdi", "big", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "ol", "p",
    "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub", "summary", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
_EVERYWHERE = {"style", "dir", "lang", "title", "align", "valign", "width", "height", "bgcolor"}
_ATTRIBUTES = {
    "*": _EVERYWHERE,
    "a": {"href", "name"},
    "img": {"src", "alt", "border", "hspace", "vspace"},
    "table": {"border", "cellpadding", "cellspacing", "summary"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
    "li": {"value"},
    "time": {"datetime"},
}
_DROPPED_WITH_CONTENT = {
    "script", "style", "title", "head", "noscript", "template", "iframe", "object", "embed", "applet", "svg", "math",
    "form", "select", "textarea", "button", "audio", "video", "canvas", "map", "frameset", "xml",
} - {"head", "form"}  # fmt: skip
_PROPERTIES = re.compile(
    r"(?:color|background|background-color|font|font-[a-z]+|line-height|letter-spacing|word-spacing|text-[a-z-]+"
    r"|white-space|word-break|word-wrap|overflow-wrap|vertical-align|direction|unicode-bidi"
    r"|(?:margin|padding)(?:-[a-z]+)*|border(?:-[a-z]+)*|width|height|(?:min|max)-(?:width|height)"
    r"|display|float|clear|table-layout|list-style-type|opacity)"
)
_BAD_VALUE = re.compile(
    r"url\s*\(|image\s*\(|image-set|expression|javascript|-moz-binding|[\\<>@{}]|/\*", re.IGNORECASE
)
_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]{1,1500000}", re.IGNORECASE)


def safe_html(
    source: str, *, cid_urls: Mapping[str, str] | None = None, show_remote: bool = False
) -> SafeHtml:
    """HTML without script, form, frame, style sheet or event; remote pictures only when the reader allowed them.

    Show it in a frame with `sandbox` and a Content-Security-Policy all the same: two locks.
    """
    known = {key.lower(): url for key, url in (cid_urls or {}).items()}
    remote = 0

    def attribute(tag: str, name: str, value: str) -> str | None:
        nonlocal remote
        if name == "style":
            kept = _safe_style(value)
            return kept or None
        if name == "href":
            return value if re.match(r"(?i)\s*(?:https?:|mailto:|tel:|#)", value) else None
        if name == "src":
            address = value.strip()
            if address.lower().startswith("cid:"):
                return known.get(address[4:].lower().strip("<>"))
            if _PICTURE.fullmatch(address):
                return address
            if re.match(r"(?i)(?:https?:)?//", address):
                remote += 1
                if show_remote:
                    return "https:" + address if address.startswith("//") else address
            return None
        return value

    schemes = {"http", "https", "mailto", "tel", "data", "cid"} | {
        url.partition(":")[0] for url in known.values() if re.match(r"[a-z]+:", url)
    }
    clean = nh3.clean(
        _tamed(source),
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        url_schemes=schemes,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={
            "a": {"target": "_blank"},
            "img": {"referrerpolicy": "no-referrer", "loading": "lazy"},
        },
        strip_comments=True,
    )
    return SafeHtml(clean, remote)


_ONE_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)[^<>]*+>?")
# Closed by the next of their kind, or never open: they do not nest.
_FLAT = frozenset({
    "p", "li", "td", "tr", "th", "dt", "dd", "tbody", "thead", "tfoot", "option", "br", "hr", "img", "col", "wbr",
    "input", "meta", "link", "area", "base", "source",
})  # fmt: skip


def _tamed(source: str) -> str:
    """The HTML without what would make every parser slow: thousands of nested tags or of ampersands."""
    source = source[:BODY_MAX]
    if source.count("&") > AMPERSANDS_MAX:
        source = "&".join(source.split("&", AMPERSANDS_MAX)[:AMPERSANDS_MAX])
    kept: list[str] = []
    position = depth = 0
    for number, found in enumerate(_ONE_TAG.finditer(source)):
        if number >= TAGS_MAX:
            source = source[: found.start()]
            break
        if found.group(2).lower() in _FLAT:
            continue
        if found.group(1):
            depth = max(0, depth - 1)
        elif depth < NESTED_MAX:
            depth += 1
        else:
            kept.append(source[position : found.start()])
            position = found.end()
    return "".join([*kept, source[position:]])


def _safe_style(style: str) -> str:
    kept = []
    for declaration in style[:20_000].split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if colon and _PROPERTIES.fullmatch(name) and value and not _BAD_VALUE.search(value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def text_of_html(source: str) -> str:
    """The words of an HTML message, for lists, replies and programs."""
    source = re.sub(
        r"(?i)<(?:br|/p|/div|/tr|/h[1-6]|/li|/table|/blockquote)\b[^<>]{0,200}+>", "\n", _tamed(source)
    )
    words = nh3.clean(source, tags=set(), clean_content_tags=_DROPPED_WITH_CONTENT)
    lines = (" ".join(line.split()) for line in html_module.unescape(words).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


# Writing


class ReplyKind(StrEnum):
    """What a message answers with."""

    REPLY = "reply"
    REPLY_ALL = "reply_all"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file to send along."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that somebody writes."""

    sender: Person
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    subject: str = ""
    text: str = ""
    enclosures: tuple[Enclosure, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    message_id: str = ""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every address once, in order."""
        return tuple(dict.fromkeys(one.address for one in (*self.to, *self.cc, *self.bcc)))


def reply(
    view: MessageView,
    kind: ReplyKind,
    *,
    sender: Person,
    own: Sequence[str],
    attribution: str,
    enclosures: Sequence[Enclosure] = (),
) -> Draft:
    """The draft that answers or forwards a message.

    `attribution` is the line above the quotation, in the writer's language; `own` are the writer's addresses, who does
    not get an answer to himself.
    """
    mine = {one.lower() for one in own}
    if kind is ReplyKind.FORWARD:
        return Draft(
            sender,
            subject=_prefixed("Fwd:", view.subject),
            text=f"\n\n{attribution}\n\n{view.text}",
            enclosures=tuple(enclosures),
            references=(*view.references, view.message_id) if view.message_id else view.references,
        )
    author = view.reply_to or view.senders
    if author and all(one.address.lower() in mine for one in author):
        author = view.to  # one's own message: go on writing to the same people
    to = tuple(author)
    cc: tuple[Person, ...] = ()
    if kind is ReplyKind.REPLY_ALL:
        taken = {one.address.lower() for one in to} | mine
        others: dict[str, Person] = {}
        for one in (*view.to, *view.cc):
            if one.address.lower() not in taken:
                others.setdefault(one.address.lower(), one)
        cc = tuple(others.values())
    quoted = "\n".join(">" + ("" if line.startswith(">") else " ") + line for line in view.text.split("\n"))
    return Draft(
        sender,
        to=to,
        cc=cc,
        subject=_prefixed("Re:", view.subject),
        text=f"\n\n{attribution}\n{quoted}\n",
        in_reply_to=view.message_id,
        references=(*view.references, view.message_id)[-20:] if view.message_id else view.references[-20:],
    )


def _prefixed(prefix: str, subject: str) -> str:
    known = {"Re:": r"(?i)(?:re|aw|rv|r|sv)\s*(?:\[\d+\])?:", "Fwd:": r"(?i)(?:fwd?|wg|tr|rv|i)\s*:"}[prefix]
    return subject if re.match(known, subject) else f"{prefix} {subject}".strip()


def compose(draft: Draft, *, with_bcc: bool = False) -> bytes:
    """The message as it travels, lines ended by CR LF. `with_bcc` keeps Bcc, for drafts and the copy in Sent."""
    everybody = (draft.sender, *draft.to, *draft.cc, *draft.bcc)
    message = EmailMessage(policy=SMTP if all(one.address.isascii() for one in everybody) else SMTPUTF8)
    message["From"] = _formatted([draft.sender])
    for name, persons in (("To", draft.to), ("Cc", draft.cc), ("Bcc", draft.bcc if with_bcc else ())):
        if persons:
            message[name] = _formatted(persons)
    message["Subject"] = " ".join(cleaned(draft.subject).split())
    message["Date"] = email.utils.format_datetime(dt.datetime.now(dt.UTC))
    message["User-Agent"] = "Kanton"
    text = cleaned(draft.text).replace("\r\n", "\n").replace("\r", "\n")
    message.set_content(text if text.endswith("\n") else text + "\n")
    for one in draft.enclosures:
        main, _, sub = one.content_type.partition("/")
        if not re.fullmatch(r"[A-Za-z0-9!#$&^_.+-]+", main) or not re.fullmatch(
            r"[A-Za-z0-9!#$&^_.+-]+", sub
        ):
            main, sub = "application", "octet-stream"
        if main in ("message", "multipart"):
            main, sub = "application", "octet-stream"
        message.add_attachment(
            one.content, maintype=main, subtype=sub, filename=safe_filename(one.filename) or "file"
        )
    return _threading(draft) + message.as_bytes()


def without_bcc(raw: bytes) -> bytes:
    """A composed message without its Bcc field, for sending."""
    head, empty, body = raw.partition(b"\r\n\r\n")
    return re.sub(rb"(?im)^Bcc:.*\r\n(?:[ \t].*\r\n)*", b"", head + b"\r\n") + empty[2:] + body


def _threading(draft: Draft) -> bytes:
    """The fields of ids, written by hand: the library would encode long ids and so break every thread."""
    domain = draft.sender.address.rpartition("@")[2] or "localhost"
    lines = [f"Message-ID: {draft.message_id or email.utils.make_msgid(domain=domain)}"]
    # Only ids: whatever else a form brought along could end the line and begin another field.
    if answered := _ids(draft.in_reply_to)[:1]:
        lines.append(f"In-Reply-To: {answered[0]}")
    if references := _ids(" ".join(draft.references)):
        lines.append("References: " + "\r\n ".join(references))
    text = "".join(f"{line}\r\n" for line in lines)
    return text.encode("utf-8", "replace")


def _formatted(persons: Sequence[Person]) -> str:
    return ", ".join(
        _one_formatted(" ".join(cleaned(one.name).split()), " ".join(one.address.split())) for one in persons
    )


def _one_formatted(name: str, address: str) -> str:
    if address.isascii():
        return email.utils.formataddr((name, address), charset="utf-8")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>' if name else address
