"""The kinds of values a setting can take: how each is read, checked, and explained to who mistyped it."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from stdnum import iban as iban_numbers
from stdnum.ch import uid as swiss_uid
from stdnum.exceptions import ValidationError


@dataclass(frozen=True)
class Kind:
    """One kind of value: `read` takes what TOML delivers, `from_text` what the environment does."""

    allowed: str
    read: Callable[[Any], Any]
    from_text: Callable[[str], Any] = str

    def described(self, allowed: str) -> "Kind":
        """The same kind, explained in other words."""
        return Kind(allowed, self.read, self.from_text)


def _expect(raw: Any, kind: type) -> Any:
    if not isinstance(raw, kind) or (isinstance(raw, bool) and kind is not bool):
        raise ValueError("wrong type")
    return raw


def _plain_text(raw: Any) -> str:
    value: str = _expect(raw, str)
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("control characters")
    return value.strip()


def text(*, empty: bool = True, longest: int = 200) -> Kind:
    """A line of plain text."""

    def read(raw: Any) -> str:
        value = _plain_text(raw)
        if len(value) > longest or not (value or empty):
            raise ValueError("length")
        return value

    return Kind(f"a text in quotes{'' if empty else ', not empty'}, at most {longest} characters", read)


def secret_text() -> Kind:
    """A text that is kept exactly as written, such as a password."""
    return Kind("a text in quotes", lambda raw: _expect(raw, str))


def whole(lowest: int, highest: int, unit: str = "") -> Kind:
    """A whole number within limits."""

    def read(raw: Any) -> int:
        value: int = _expect(raw, int)
        if not lowest <= value <= highest:
            raise ValueError("out of range")
        return value

    return Kind(
        f"a whole number from {lowest} to {highest}{' ' + unit if unit else ''}", read, _whole_from_text
    )


def _whole_from_text(raw: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", raw.strip()):
        raise ValueError("not a whole number")
    return int(raw)


def number(lowest: float, highest: float, unit: str = "") -> Kind:
    """A number, with or without a fraction, within limits."""

    def read(raw: Any) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not lowest <= raw <= highest:
            raise ValueError("out of range")
        return float(raw)

    return Kind(f"a number from {lowest:g} to {highest:g}{' ' + unit if unit else ''}", read, float)


def port() -> Kind:
    """A TCP or UDP port; 0 lets the system choose a free one."""
    return whole(0, 65535).described("a port from 1 to 65535, or 0 for any free one")


def yes_no() -> Kind:
    """true or false."""
    words = {
        "true": True,
        "1": True,
        "yes": True,
        "on": True,
        "false": False,
        "0": False,
        "no": False,
        "off": False,
    }

    def from_text(raw: str) -> bool:
        try:
            return words[raw.strip().lower()]
        except KeyError:
            raise ValueError("neither true nor false") from None

    return Kind("true or false", lambda raw: _expect(raw, bool), from_text)


def one_of(*choices: str) -> Kind:
    """One word out of a few."""

    def read(raw: Any) -> str:
        value: str = _expect(raw, str)
        if value not in choices:
            raise ValueError("not a choice")
        return value

    return Kind("one of " + ", ".join(f'"{choice}"' for choice in choices), read)


def list_of(item: Kind, *, fewest: int = 0, most: int = 100) -> Kind:
    """A list of values of one kind; in the environment separated by commas."""

    def read(raw: Any) -> tuple[Any, ...]:
        values = tuple(item.read(value) for value in _expect(raw, list))
        if not fewest <= len(values) <= most or len(set(values)) != len(values):
            raise ValueError("length, or the same value twice")
        return values

    def from_text(raw: str) -> list[Any]:
        return [item.from_text(part.strip()) for part in raw.split(",") if part.strip()]

    least = f"at least {fewest}, " if fewest else ""
    return Kind(f"a list in brackets ({least}no value twice), each {item.allowed}", read, from_text)


def hostname(*, empty: bool = False) -> Kind:
    """A host name such as mail.example.ch; stored in lower case without the closing dot."""
    label = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")

    def read(raw: Any) -> str:
        value: str = _expect(raw, str).strip().lower().removesuffix(".")
        if not value and empty:
            return ""
        if len(value) > 253 or not all(label.fullmatch(part) for part in value.split(".")):
            raise ValueError("not a host name")
        return value

    return Kind('a host name such as "mail.example.ch" (letters, digits, hyphens, dots)', read)


def address() -> Kind:
    """Where to listen: an IP address, or localhost."""

    def read(raw: Any) -> str:
        value = _plain_text(raw)
        return value if value == "localhost" else str(ipaddress.ip_address(value))

    return Kind('an IP address such as "127.0.0.1", "0.0.0.0" (all IPv4) or "::" (all), or "localhost"', read)


def listening_address(host: str) -> str:
    """The one address on which a server listens for an `address()` of the settings: localhost may have two."""
    return "127.0.0.1" if host == "localhost" else host


def file_path() -> Kind:
    """A file by its full path."""

    def read(raw: Any) -> str:
        value = _plain_text(raw)
        if value and not value.startswith("/"):
            raise ValueError("not a full path")
        return value

    return Kind('the full path of a file, beginning with /, or ""', read)


def network() -> Kind:
    """An IP network such as 10.0.0.0/8, or one address."""

    def read(raw: Any) -> str:
        found = ipaddress.ip_network(_plain_text(raw), strict=True)
        return str(found.network_address if found.num_addresses == 1 else found)

    return Kind('an IP address or network such as "10.0.0.0/8"', read)


def email() -> Kind:
    """An address that mail can be sent to (shape only)."""
    shape = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")

    def read(raw: Any) -> str:
        value = _plain_text(raw)
        if not shape.fullmatch(value):
            raise ValueError("not an address")
        return value

    return Kind('an email address such as "support@example.ch"', read)


def web_address(*, empty: bool = True) -> Kind:
    """The beginning of our own web addresses, without a path."""

    def read(raw: Any) -> str:
        value = _plain_text(raw).rstrip("/")
        if not value and empty:
            return ""
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError when it is no port
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.path
            or parts.query
            or parts.fragment
        ):
            raise ValueError("not an address")
        if parts.username or parts.password or re.search(r"\s", value):
            raise ValueError("not an address")
        return value

    return Kind('an address without a path, such as "https://manager.example.ch"', read)


def country() -> Kind:
    """A country as two letters."""

    def read(raw: Any) -> str:
        value: str = _expect(raw, str)
        if not re.fullmatch(r"[A-Z]{2}", value):
            raise ValueError("not a country")
        return value

    return Kind('two capital letters (ISO 3166), such as "CH"', read)


def currency() -> Kind:
    """A currency as three letters."""

    def read(raw: Any) -> str:
        value: str = _expect(raw, str)
        if not re.fullmatch(r"[A-Z]{3}", value):
            raise ValueError("not a currency")
        return value

    return Kind('three capital letters (ISO 4217), such as "CHF"', read)


def currency_table() -> Kind:
    """Which currency customers of each country pay in; `default` is for all the others."""

    def read(raw: Any) -> Mapping[str, str]:
        table = {
            key if key == "default" else country().read(key): currency().read(value)
            for key, value in _expect(raw, dict).items()
        }
        if "default" not in table:
            raise ValueError("no default")
        return table

    def from_text(raw: str) -> dict[str, str]:
        return dict((part.strip() for part in pair.split("=", 1)) for pair in raw.split(",") if pair.strip())  # type: ignore[misc]

    return Kind(
        'a table such as { default = "EUR", CH = "CHF" } with countries, currencies and a default',
        read,
        from_text,
    )


def time_zone() -> Kind:
    """A time zone by its IANA name."""

    def read(raw: Any) -> str:
        value = _plain_text(raw)
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            raise ValueError("unknown time zone") from None
        return value

    return Kind('a time zone such as "Europe/Zurich"', read)


def iban(*, qr: bool = False) -> Kind:
    """A bank account with right check digits. A QR-IBAN is Swiss, its bank number 30000 to 31999."""

    def read(raw: Any) -> str:
        value = _plain_text(raw)
        if not value:
            return ""
        try:
            value = iban_numbers.validate(value)
        except ValidationError:
            raise ValueError("not an IBAN") from None
        is_qr = value[:2] in ("CH", "LI") and 30000 <= int(value[4:9]) <= 31999
        if is_qr is not qr:
            raise ValueError("the other sort of IBAN")
        return str(value)

    if qr:
        return Kind('a QR-IBAN (CH or LI, bank number 30000 to 31999, right check digits), or ""', read)
    return Kind('an IBAN with the right check digits and not a QR-IBAN, or ""', read)


def vat_number() -> Kind:
    """A VAT number; a Swiss one is checked to the last digit."""

    def read(raw: Any) -> str:
        value = _plain_text(raw)
        if value.upper().startswith("CHE"):
            digits = re.sub(r"(?i)\s*(MWST|TVA|IVA|VAT)$", "", value)
            try:
                swiss_uid.validate(digits)
            except ValidationError:
                raise ValueError("not a UID") from None
        elif value and not re.fullmatch(r"[A-Z]{2}[A-Z0-9.+* -]{2,15}", value):
            raise ValueError("not a VAT number")
        return value

    return Kind('a VAT number such as "CHE-123.456.788 MWST" or "DE136695976", or ""', read)


def database_url() -> Kind:
    """Where the database is."""

    def read(raw: Any) -> str:
        value: str = _expect(raw, str).strip()
        parts = urlsplit(value)
        _ = parts.port
        if value and parts.scheme == "sqlite" and len(parts.path) > 1 and not parts.netloc:
            return value
        if (
            parts.scheme in ("postgresql", "postgres")
            and parts.path.strip("/")
            and "/" not in parts.path.strip("/")
        ):
            return value
        if value:
            raise ValueError("not a database")
        return value

    return Kind(
        '"" for SQLite in $KANTON_HOME, "sqlite:///absolute/path", or "postgresql://user:password@host:5432/name"',
        read,
    )


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word a person most probably meant."""
    import difflib

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None
