"""The commands of the Python IMAP server, as pymap reads them, but never deeper than its own stack.

pymap reads and answers what stands in parentheses, or behind OR, by calling itself. Whoever signs in could thus send a
line that ends the connection with an error of ours. A server may limit this, and says BAD to what it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pymap.parsing import Params
from pymap.parsing.command import Command
from pymap.parsing.commands import Commands, InvalidCommand
from pymap.parsing.exceptions import NotParseable
from pymap.parsing.specials import Tag
from pymap.parsing.state import ParsingState

DEPTH_MAX = 50
ORS_MAX = 100

# Possessive, and with the closing quote optional: each byte is looked at once, whatever the line is.
_TOKEN = re.compile(
    rb'"(?:[^"\\\r\n]|\\.)*+"?|\{(?P<literal>\d{1,18})\+?\}\r?\n|(?P<open>\()|(?P<close>\))|(?<![^ (])(?P<or>OR)(?= )',
    re.IGNORECASE,
)


class TooDeep(InvalidCommand):
    """A command that nests deeper than anybody needs."""

    @property
    def message(self) -> bytes:
        """What the client is told."""
        return b"More than %d parentheses within each other, or more than %d times OR." % (DEPTH_MAX, ORS_MAX)


class BoundedCommands(Commands):
    """All commands of pymap. What cannot be read, for whatever reason, is an invalid command."""

    __slots__ = ()

    def parse(self, buf: memoryview, params: Params) -> tuple[Command, memoryview]:
        """The command in a line and the literals that followed it."""
        continuations = list(params.state.continuations)
        if _is_too_deep([buf, *continuations]):
            return TooDeep(_tagged(buf, params), None), buf[0:0]
        try:
            return super().parse(buf, params.copy(ParsingState(continuations=continuations)))
        except (ValueError, LookupError, OverflowError, TypeError):
            # pymap decodes and converts what it has not checked: character sets, dates, numbers.
            return Unreadable(_tagged(buf, params), None), buf[0:0]


class Unreadable(InvalidCommand):
    """A command with a text, date or number that cannot be one."""

    @property
    def message(self) -> bytes:
        """What the client is told."""
        return b"Invalid arguments."


def _tagged(buf: memoryview, params: Params) -> Params:
    try:
        tag, _rest = Tag.parse(buf, params)
    except NotParseable:
        return params
    return params.copy(tag=tag.value)


def _is_too_deep(pieces: Iterable[memoryview]) -> bool:
    """Whether a line, with the literals and lines that continue it, has too much within each other. What stands in
    quotes and literals is text and does not count."""
    depth = ors = skipped = 0
    for piece in pieces:
        place, skipped = min(skipped, len(piece)), max(0, skipped - len(piece))
        while found := _TOKEN.search(piece, place):
            place = found.end()
            if literal := found["literal"]:
                skipped = max(0, place + int(literal) - len(piece))
                place = min(place + int(literal), len(piece))
            elif found["open"]:
                depth += 1
            elif found["close"]:
                depth -= 1
            elif found["or"]:
                ors += 1
            if depth > DEPTH_MAX or ors > ORS_MAX:
                return True
    return False
