"""Whatever a client sends to the Python IMAP server is a command, an invalid command, or wants to go on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymap.parsing import Params
from pymap.parsing.command import Command
from pymap.parsing.command.select import SearchCommand
from pymap.parsing.commands import InvalidCommand
from pymap.parsing.state import ParsingInterrupt, ParsingState

from kanton.products.mail.engine.imap_commands import DEPTH_MAX, ORS_MAX, BoundedCommands, TooDeep

COMMANDS = BoundedCommands()


def read(*pieces: bytes) -> Command:
    """As the server reads it: a line, then what continues it."""
    state = ParsingState(continuations=[memoryview(piece) for piece in pieces[1:]])
    return COMMANDS.parse(memoryview(pieces[0]), Params(state))[0]


def search(text: bytes) -> Command:
    return read(b"a1 SEARCH " + text + b"\r\n")


@pytest.mark.parametrize("name", [b"SEARCH", b"UID SEARCH", b"search"])
def test_parentheses_may_stand_in_each_other_fifty_times(name: bytes) -> None:
    def nested(depth: int) -> Command:
        return read(b"a1 " + name + b" " + b"(" * depth + b"ALL" + b")" * depth + b"\r\n")

    assert isinstance(nested(DEPTH_MAX), SearchCommand)
    refused = nested(DEPTH_MAX + 1)
    assert isinstance(refused, TooDeep)
    assert refused.tag == b"a1"
    assert refused.message == b"More than 50 parentheses within each other, or more than 100 times OR."
    assert isinstance(nested(300_000), TooDeep)


def test_or_may_stand_a_hundred_times() -> None:
    def either(count: int) -> Command:
        return search(b"OR " * count + b"ALL " * count + b"ALL")

    assert isinstance(either(ORS_MAX), SearchCommand)
    assert isinstance(either(ORS_MAX + 1), TooDeep)
    assert isinstance(search(b"or " * 5000), TooDeep)


def test_parentheses_after_a_literal_count_with_those_before() -> None:
    half = b"(" * (DEPTH_MAX // 2 + 1)
    line = b"a1 SEARCH " + half + b"SUBJECT {4}\r\n"
    assert isinstance(read(line, b"((((" + b" " + half + b"ALL\r\n"), TooDeep)
    assert not isinstance(read(line, b"((((" + b" ALL\r\n"), TooDeep)
    assert isinstance(read(b"a1 SEARCH " + half + b"SUBJECT {4+}\r\n(((( " + half + b"ALL\r\n"), TooDeep)


def test_what_is_text_does_not_count() -> None:
    many = b"(" * 200
    assert isinstance(
        search(b'SUBJECT "' + many + b'" FROM "' + b"\\\\" * 100 + b'\\"(((" ALL'), SearchCommand
    )
    assert isinstance(read(b"a1 SEARCH SUBJECT {200}\r\n", many + b"\r\n"), SearchCommand)
    assert isinstance(read(b"a1 SEARCH SUBJECT {200+}\r\n" + many + b" ALL\r\n"), SearchCommand)


def test_a_list_of_many_side_by_side_is_not_deep() -> None:
    assert isinstance(search(b"(ALL) " * 200 + b"ALL"), SearchCommand)


@pytest.mark.parametrize(
    "text",
    [
        b"CHARSET UTF-8 SUBJECT \xff\xfe",
        b"CHARSET hex SUBJECT x",
        b"CHARSET \xff ALL",
        b"CHARSET idna SUBJECT {3+}\r\n\xff\xff\xff",
        b"SUBJECT {3+}\r\n\xff\xff\xff",
        b"ON 31-Feb-2026",
        b"ON 99-Foo-99999999999",
        b"LARGER 99999999999999999999999999",
        b"1:99999999999999999999999999999",
        b"RETURN ((((",
        b'"' + b'\\"' * 200_000,
    ],
)
def test_texts_dates_and_numbers_that_are_none_are_invalid_or_read(text: bytes) -> None:
    assert isinstance(search(text), (InvalidCommand, SearchCommand))


WORDS = [
    b"(", b")", b" ", b"OR", b"NOT", b"ALL", b"SUBJECT", b"HEADER", b"BODY", b"CHARSET", b"UTF-8", b"RETURN", b"UID",
    b"KEYWORD", b"BEFORE", b"1-Jan-2026", b"LARGER", b"1:*", b"$", b"*", b"{3}\r\n", b"{2+}\r\n", b'"', b"\\", b"\xff",
    b"\x00", b"[", b"]", b"<0.5>", b"FLAGS", b"+FLAGS.SILENT", b"\\Seen", b"BODY.PEEK[HEADER.FIELDS (", b"INBOX",
    b"&", b"%", b"\r\n", b"NIL", b"RFC822.SIZE", b"(CONDSTORE)", b'"1-Jan-2026 00:00:00 +0000"',
    b"99999999999999999999", b"&AOQ-",
]  # fmt: skip
NAMES = sorted(COMMANDS.commands)
ARGUMENTS = st.lists(st.sampled_from(WORDS) | st.binary(max_size=6), max_size=24)


@settings(max_examples=500)
@given(
    tag=st.sampled_from([b"a1", b"*", b"", b"\xff"]) | st.binary(max_size=4),
    name=st.sampled_from(NAMES),
    arguments=ARGUMENTS,
    spaced=st.booleans(),
    continuations=st.lists(st.binary(max_size=20), max_size=3),
)
def test_any_line_is_read_or_refused(
    tag: bytes, name: bytes, arguments: list[bytes], spaced: bool, continuations: list[bytes]
) -> None:
    line = tag + b" " + name + b" " + (b" " if spaced else b"").join(arguments) + b"\r\n"
    try:
        command = read(line, *continuations)
    except ParsingInterrupt:
        return  # it waits for the literal that was announced
    assert isinstance(command, Command)


@settings(max_examples=500)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(line: bytes) -> None:
    try:
        assert isinstance(read(line), Command)
    except ParsingInterrupt:
        return
