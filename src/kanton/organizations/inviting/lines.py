"""From what people paste or upload to lines: addresses, or a table with roles, teams and names. No database."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kanton.organizations.inviting.errors import NoText, NothingPasted, TooLarge, TooManyLines

MOST_BYTES = 512 * 1024
MOST_LINES = 1_000
LONGEST = 300  # of a cell; what is longer is cut, and then no address
COLUMNS = ("email", "role", "teams", "first_name", "last_name")
SEPARATORS = (",", ";", "\t")
# What programs and people write above the columns, in our five languages.
HEADINGS = {
    "email": "email|e-mail|mail|e-mail address|email address|e-mail-adresse|e-mailadresse|mailadresse|adresse e-mail|"
    "adresse mail|courriel|adresse|address|indirizzo|indirizzo e-mail|posta elettronica|correo|correo electrónico|"
    "dirección|dirección de correo|dirección de correo electrónico",
    "role": "role|role_type|rolle|rôle|ruolo|rol",
    "teams": "teams|team|équipes|équipe|squadre|squadra|equipos|equipo",
    "first_name": "first name|first_name|firstname|given name|vorname|prénom|nome|nombre",
    "last_name": "last name|last_name|lastname|surname|family name|nachname|name|nom|cognome|apellidos|apellido",
}
_COLUMN_OF = {word: column for column, words in HEADINGS.items() for word in words.split("|")}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMED = re.compile(r"^(?P<name>[^<>@]*)<(?P<email>[^<>\s]+)>$")
_UNNAMED = re.compile(r"^[^<>\s,;\"]+@[^<>\s,;\"]+$")


@dataclass(frozen=True, slots=True)
class Line:
    """One person to invite, in the words of whoever wrote the list. `number` counts lines as an editor does."""

    number: int
    email: str
    role: str = ""
    teams: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    surplus: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """The lines, and the headings of columns that mean nothing to us."""

    lines: list[Line]
    unused: tuple[str, ...] = ()


def decoded(content: bytes) -> str:
    """A file's text: UTF-8 with or without mark, UTF-16 with one, else as old Windows programs write it.

    Raises TooLarge, and NoText for spreadsheets, pictures and the like.
    """
    if len(content) > MOST_BYTES:
        raise TooLarge(kilobytes=MOST_BYTES // 1024)
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    try:
        text = content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise NoText from error
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    if any(sign < " " and sign not in "\t\r\n\f" for sign in text):
        raise NoText
    return text


def read(text: str) -> Read:
    """The people in a list. Raises NothingPasted, TooLarge, TooManyLines or NoText; whatever else may be wrong with a
    line is said by the check, beside the line."""
    if len(text) > MOST_BYTES:
        raise TooLarge(kilobytes=MOST_BYTES // 1024)
    if "\0" in text:
        raise NoText
    text = text.removeprefix("\ufeff")
    rows, columns = _table_in(text)
    lines: list[Line] = []
    for number, cells in rows:
        lines += _lines_of(number, cells, columns)
        if len(lines) > MOST_LINES:
            raise TooManyLines(most=MOST_LINES)
    if not lines:
        raise NothingPasted
    return Read(lines, tuple(heading for heading, column in columns or () if heading and not column))


def written(lines: Sequence[Line]) -> str:
    """The lines as a table that reads back the same."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([line.email, line.role, "|".join(line.teams), line.first_name, line.last_name])
    return out.getvalue()


Row = tuple[int, list[str]]
Columns = list[tuple[str, str]]  # heading, our name for the column or ""


def _table_in(text: str) -> tuple[list[Row], Columns | None]:
    """The rows by the separator that fits best: one whose headings we know, else the one that leaves an address in the
    first cell of the most rows."""
    best: tuple[int, list[Row]] = (-1, [])
    for separator in SEPARATORS:
        rows = list(_rows(text, separator))
        if rows and (columns := _headings(rows[0][1])):
            return rows[1:], columns
        addresses = sum(1 for _number, cells in rows if _address(cells[0]))
        if addresses > best[0]:
            best = (addresses, rows)
    return best[1], None


def _rows(text: str, separator: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    begin = 1
    try:
        for cells in reader:
            trimmed = [" ".join(cell[: 4 * LONGEST].split()).strip(",; ")[:LONGEST] for cell in cells]
            if any(sign.isalnum() for cell in trimmed for sign in cell):
                yield begin, trimmed
            begin = reader.line_num + 1
    except csv.Error as error:  # one cell longer than any table has
        raise NoText from error


def _headings(cells: Sequence[str]) -> Columns | None:
    found = [(cell, _COLUMN_OF.get(cell.casefold(), "")) for cell in cells]
    if "email" not in [column for _heading, column in found]:
        return None
    seen: set[str] = set()
    columns = []
    for heading, column in found:
        columns.append((heading, "" if column in seen else column))
        seen.add(column)
    return columns


def _lines_of(number: int, cells: Sequence[str], columns: Columns | None) -> Iterator[Line]:
    if columns is not None:
        named = {column: cell for (_heading, column), cell in zip(columns, cells, strict=False) if column}
        yield _line(number, named, " ".join(cells[len(columns) :]))
        return
    words = cells[0].split()
    if len(words) > 1 and all(map(_UNNAMED.match, words)):
        cells = [*words, *cells[1:]]
    if sum("@" in cell for cell in cells) > 1:  # addresses side by side, as mail programs copy them
        yield from (_line(number, {"email": cell}) for cell in cells if cell)
        return
    yield _line(number, dict(zip(COLUMNS, cells, strict=False)), " ".join(cells[len(COLUMNS) :]))


def _line(number: int, named: dict[str, str], surplus: str = "") -> Line:
    email, name = named.get("email", ""), ""
    if found := _address(email):
        email, name = found
    first, _space, last = name.partition(" ")
    if ", " in name:  # Keller, Ana
        last, _comma, first = name.partition(", ")
    teams = tuple(dict.fromkeys(filter(None, map(str.strip, re.split(r"[|,;]", named.get("teams", ""))))))
    return Line(
        number,
        email,
        named.get("role", ""),
        teams,
        (named.get("first_name") or first)[:80],
        (named.get("last_name") or last)[:80],
        surplus.strip(),
    )


def _address(cell: str) -> tuple[str, str] | None:
    """Address and name in a cell such as `ana@acme.ch` or `Ana Keller <ana@acme.ch>`; None when it is neither."""
    if named := _NAMED.match(cell):
        return named["email"], named["name"].strip(" \"'")
    return (cell, "") if _UNNAMED.match(cell) else None
