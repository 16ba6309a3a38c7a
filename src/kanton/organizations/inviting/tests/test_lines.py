"""Reading lists of people, whatever wrote them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanton.core.errors import DomainError
from kanton.organizations.inviting.errors import NoText, NothingPasted, TooLarge, TooManyLines
from kanton.organizations.inviting.lines import (
    COLUMNS,
    LONGEST,
    MOST_BYTES,
    MOST_LINES,
    Line,
    decoded,
    read,
    written,
)

pytestmark = pytest.mark.spec("ORG-44")


def people(text: str) -> list[tuple[object, ...]]:
    """Line, address, role, teams and name of everybody in a list."""
    return [
        (
            line.number,
            line.email,
            line.role,
            "+".join(line.teams),
            f"{line.first_name} {line.last_name}".strip(),
        )
        for line in read(text).lines
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lea@example.ch", [(1, "lea@example.ch", "", "", "")]),
        (
            "a@x.ch\n\n b@x.ch \r\nc@x.ch",
            [(1, "a@x.ch", "", "", ""), (3, "b@x.ch", "", "", ""), (4, "c@x.ch", "", "", "")],
        ),
        ("a@x.ch, b@x.ch;", [(1, "a@x.ch", "", "", ""), (1, "b@x.ch", "", "", "")]),
        ("a@x.ch; b@x.ch;", [(1, "a@x.ch", "", "", ""), (1, "b@x.ch", "", "", "")]),
        ("a@x.ch b@x.ch", [(1, "a@x.ch", "", "", ""), (1, "b@x.ch", "", "", "")]),
        (
            "Ana Keller <a@x.ch>, Ben <b@x.ch>",
            [(1, "a@x.ch", "", "", "Ana Keller"), (1, "b@x.ch", "", "", "Ben")],
        ),
        ('"Keller, Ana" <a@x.ch>; b@x.ch', [(1, "a@x.ch", "", "", "Ana Keller"), (1, "b@x.ch", "", "", "")]),
        (
            "Keller, Ana <a@x.ch>; Moser, Ben <b@x.ch>",
            [(1, "a@x.ch", "", "", "Ana Keller"), (1, "b@x.ch", "", "", "Ben Moser")],
        ),
        ("a@x.ch,administrator,Web;Sales", [(1, "a@x.ch", "administrator", "Web+Sales", "")]),
        ("a@x.ch;extern;Web, Büro;Ana;Keller", [(1, "a@x.ch", "extern", "Web+Büro", "Ana Keller")]),
        ("a@x.ch\tadmin\t\tAna\tKeller", [(1, "a@x.ch", "admin", "", "Ana Keller")]),
        (
            "Vorname;Nachname;E-Mail;Rolle;Kürzel\nAna;Keller;a@x.ch;Eigentümer;AK",
            [(2, "a@x.ch", "Eigentümer", "", "Ana Keller")],
        ),
        (
            "Nombre,Apellidos,Correo electrónico\n,,\nAna,de la Cruz,a@x.ch",
            [(3, "a@x.ch", "", "", "Ana de la Cruz")],
        ),
        (
            'email,teams\na@x.ch,"Web\nund mehr"\nb@x.ch,',
            [(2, "a@x.ch", "", "Web und mehr", ""), (4, "b@x.ch", "", "", "")],
        ),
        ("\ufeffemail\na@x.ch", [(2, "a@x.ch", "", "", "")]),
        ("Ana,Keller,no address", [(1, "Ana", "Keller", "no address", "")]),
    ],
)
def test_lists_are_read_as_they_are_meant(text: str, expected: list[tuple[object, ...]]) -> None:
    assert people(text) == expected


def test_columns_that_mean_nothing_are_named_and_cells_too_many_too() -> None:
    found = read("email;phone;email\na@x.ch;079;b@x.ch;more")
    assert found.unused == ("phone", "email")
    assert found.lines == [Line(2, "a@x.ch", surplus="more")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_files_of_every_usual_encoding_are_read(encoding: str) -> None:
    found = read(decoded("email;Vorname\nlea@example.ch;Zoë\n".encode(encoding)))
    assert found.lines == [Line(2, "lea@example.ch", first_name="Zoë")]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", NothingPasted),
        (b" \r\n ;;; \n", NothingPasted),
        (b"email\n", NothingPasted),
        (b"PK\x03\x04\x14\x00spreadsheet", NoText),
        (b"\xff\xfea", NoText),
        (b"a@x.ch\x00", NoText),
        (b"x" * (MOST_BYTES + 1), TooLarge),
        (b'"' + b"x" * 200_000, NoText),
        (b"a@x.ch\n" * (MOST_LINES + 1), TooManyLines),
        (b"a@x.ch;" * (MOST_LINES + 1), TooManyLines),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(content: bytes, error: type[DomainError]) -> None:
    with pytest.raises(error):
        read(decoded(content))
    assert len(read("a@x.ch\n" * MOST_LINES).lines) == MOST_LINES


@given(st.binary(max_size=400) | st.text(alphabet='a@.,;\t\n\r"<> éx|', max_size=200).map(str.encode))
def test_nothing_that_is_uploaded_breaks_the_reader(content: bytes) -> None:
    try:
        found = read(decoded(content))
    except DomainError:
        return
    assert 0 < len(found.lines) <= MOST_LINES
    for line in found.lines:
        assert all(len(part) <= LONGEST for part in (line.email, line.role, *line.teams))
        assert "\n" not in line.email


WORD = (
    st.text(alphabet="abcÄéñ' -", min_size=1, max_size=12)
    .map(lambda word: " ".join(word.split()))
    .filter(bool)
)
LINES = st.lists(
    st.builds(
        Line,
        number=st.just(0),
        email=st.text("abc.", min_size=1, max_size=6).map(lambda local: f"x{local}x@example.ch"),
        role=st.sampled_from(["", "owner", "Externer Benutzer"]),
        teams=st.lists(WORD, max_size=3, unique=True).map(tuple),
        first_name=WORD,
        last_name=WORD,
    ),
    min_size=1,
    max_size=8,
)


@given(
    LINES,
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "latin-1"]),
    st.booleans(),
    st.booleans(),
)
def test_what_a_program_writes_is_what_we_read(
    lines: list[Line], separator: str, encoding: str, is_headed: bool, is_quoted: bool
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL)
    if is_headed:
        writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([line.email, line.role, "|".join(line.teams), line.first_name, line.last_name])
    found = read(decoded(out.getvalue().encode(encoding))).lines
    begin = 2 if is_headed else 1
    expected = [
        Line(begin + place, line.email, line.role, line.teams, line.first_name, line.last_name)
        for place, line in enumerate(lines)
    ]
    assert found == expected
    assert [(one.email, one.role, one.teams) for one in read(written(found)).lines] == [
        (one.email, one.role, one.teams) for one in lines
    ]
