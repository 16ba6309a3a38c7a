"""The content of one SMTP DATA command: found its end, dots removed, lines made regular, written as it comes."""

from __future__ import annotations

import re
from typing import BinaryIO

_ANY_LINE_END = re.compile(rb"\r\n|\r|\n")
_LONG_LINE = 65536


class DataSink:
    """Feed it what the socket delivers until it returns what came after the end.

    The end is CR LF dot CR LF and nothing else: a bare LF or CR never counts as a line end here, and is stored as
    CR LF, so that no server behind us can see another message in it (SMTP smuggling). What could not be written is in
    `trouble`; the rest is read and thrown away.
    """

    def __init__(self, target: BinaryIO, limit: int) -> None:
        self.target = target
        self.limit = limit
        self.size = 0
        self.trouble: OSError | None = None
        self._tail = b""
        self._at_line_start = True

    @property
    def is_too_large(self) -> bool:
        """True when more came than the limit; the rest is read and thrown away."""
        return self.size > self.limit

    def feed(self, chunk: bytes) -> bytes | None:
        """Take a chunk. None: more is to come. Otherwise the message is complete, and these bytes follow it."""
        block = self._tail + chunk
        self._tail = b""
        if self._at_line_start and block.startswith(b".\r\n"):
            return block[3:]
        end = block.find(b"\r\n.\r\n")
        if end >= 0:
            self._take(block[: end + 2])
            return block[end + 5 :]
        # Whole lines only; but the last line end stays, because the end mark may begin with it.
        cut = block.rfind(b"\r\n")
        if cut < 0 or (self._at_line_start and block.startswith(b".") and len(block) < 3):
            cut = 0
        if cut <= 0 and len(block) > _LONG_LINE:
            # No line end in all of it, so the end mark can only begin with a CR that is the last byte.
            cut = len(block) - block.endswith(b"\r")
        self._tail = block[cut:]
        if cut:
            self._take(block[:cut])
        return None

    def _take(self, piece: bytes) -> None:
        if self._at_line_start and piece.startswith(b"."):
            piece = piece[1:]
        self._at_line_start = piece.endswith(b"\r\n")
        piece = piece.replace(b"\r\n.", b"\r\n")
        pairs = piece.count(b"\r\n")
        if piece.count(b"\n") != pairs or piece.count(b"\r") != pairs:
            piece = _ANY_LINE_END.sub(b"\r\n", piece)
        self.size += len(piece)
        if self.size <= self.limit and self.trouble is None:
            # A full disk must not end the reading: the client goes on with its message, not with commands.
            try:
                self.target.write(piece)
            except OSError as trouble:
                self.trouble = trouble


def stuffed(piece: bytes, *, at_line_start: bool) -> bytes:
    """The piece with a second dot before each line that begins with one, for sending."""
    if at_line_start and piece.startswith(b"."):
        piece = b"." + piece
    return piece.replace(b"\r\n.", b"\r\n..")
