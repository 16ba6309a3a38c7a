"""QR codes in bulk: the same symbols as segno makes, in a third of the time. Pure.

A QR code may be masked in eight ways, and the standard (ISO/IEC 18004, 7.8.3) wants the one with the fewest
penalties. Looking at every module eight times is most of the work. Here a symbol is one number, its modules are bits,
and each rule is a few operations on that number. Rows end with four light modules: beyond the edge everything is light.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import segno
from segno import consts

_EDGE = 4
_DIGITS = bytes.maketrans(b"\0\1", b"01")
_DATA = (consts.TYPE_DATA_LIGHT, consts.TYPE_DATA_DARK)


def modules(text: str) -> list[str]:
    """The rows of the code of this text (error correction M, UTF-8), a dark module as 1."""
    plain = _made(text, mask=0)
    size = len(plain.matrix)
    frame = _frame(int(plain.version), size)
    rows = _number(plain.matrix) & frame.data ^ frame.masks[0][0]
    columns = _number(zip(*plain.matrix, strict=True)) & frame.data_columns ^ frame.masks[0][1]
    _least, best = min(
        (_penalty(rows ^ by_row | frame.fixed, columns ^ by_column | frame.fixed_columns, frame), number)
        for number, (by_row, by_column) in enumerate(frame.masks)
    )
    symbol = rows ^ frame.masks[best][0] | frame.whole[best]
    step = size + _EDGE
    digits = f"{symbol:0{size * step}b}"
    return [digits[start : start + size] for start in range(0, size * step, step)]


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all symbols of a size share: where data lies, the masks there, and the patterns around it.

    `fixed` is what is looked at when the mask is chosen, `whole` what is printed with each mask: format and version
    too.
    """

    size: int
    data: int
    data_columns: int
    fixed: int
    fixed_columns: int
    masks: tuple[tuple[int, int], ...]
    whole: tuple[int, ...]
    pairs: int


@lru_cache(maxsize=40)
def _frame(version: int, size: int) -> _Frame:
    made = [_made("", mask=number, version=version) for number in range(8)]
    kinds = [list(row) for row in made[0].matrix_iter(border=0, verbose=True)]
    patterns = (consts.TYPE_FINDER_PATTERN_DARK, consts.TYPE_ALIGNMENT_PATTERN_DARK, consts.TYPE_TIMING_DARK)
    kinds[8][size - 9] = consts.TYPE_DATA_LIGHT  # segno says that it belongs to the format
    is_data = [[kind in _DATA for kind in row] for row in kinds]
    is_fixed = [[kind in patterns for kind in row] for row in kinds]
    data, data_columns = _number(is_data), _number(zip(*is_data, strict=True))
    masks = []
    for hides in _MASKS:
        mask = [[inside and hides(y, x) for x, inside in enumerate(row)] for y, row in enumerate(is_data)]
        masks.append((_number(mask), _number(zip(*mask, strict=True))))
    return _Frame(
        size=size,
        data=data,
        data_columns=data_columns,
        fixed=_number(is_fixed),
        fixed_columns=_number(zip(*is_fixed, strict=True)),
        masks=tuple(masks),
        whole=tuple(_number(each.matrix) & ~data for each in made),
        pairs=_number([[0, *[1] * (size - 1)]] * size),
    )


#: Where a mask turns a module over, by row and column.
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: (y * x) % 2 + (y * x) % 3 == 0,
    lambda y, x: ((y * x) % 2 + (y * x) % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + (y * x) % 3) % 2 == 0,
)


def _made(text: str, *, mask: int, version: int | None = None) -> segno.QRCode:
    return segno.make_qr(
        text or "x", error="m", mode="byte", encoding="utf-8", boost_error=False, mask=mask, version=version
    )


def _number(rows: object) -> int:
    """Rows of modules as one number, the first module in the highest bit."""
    lines: Sequence[bytes] = [bytes(row) for row in rows]  # type: ignore[attr-defined]
    light = bytes(_EDGE)
    return int((light.join(lines) + light).translate(_DIGITS), 2)


def _penalty(rows: int, columns: int, frame: _Frame) -> int:
    """All four rules; the proportion of dark modules and the blocks need one direction only."""
    size, step = frame.size, frame.size + _EDGE
    alike = ~(rows ^ rows >> 1) & frame.pairs
    blocks = alike & alike >> step & ~(rows ^ rows >> step)
    percent = rows.bit_count() / size**2 * 100
    return (
        _runs(alike)
        + _runs(~(columns ^ columns >> 1) & frame.pairs)
        + 3 * blocks.bit_count()
        + _finders(rows)
        + _finders(columns)
        + 10 * int(abs(percent - 50) / 5)
    )


def _runs(alike: int) -> int:
    """Three for five modules of one colour in a row, and one for each more."""
    five = alike & alike >> 1 & alike >> 2 & alike >> 3
    return five.bit_count() + 2 * (five & ~(five << 1)).bit_count()


def _finders(line: int) -> int:
    """Forty for what looks like a finder pattern (1:1:3:1:1) with four light modules before or after it."""
    found = line & line >> 2 & line >> 3 & line >> 4 & line >> 6 & ~(line >> 1) & ~(line >> 5)
    after = ~(line << 1 | line << 2 | line << 3 | line << 4)
    before = ~(line >> 7 | line >> 8 | line >> 9 | line >> 10)
    counted = found & (after | before)
    if not found & (found >> 4 | found >> 6):
        return 40 * counted.bit_count()
    penalty = 0
    while found:  # two of them overlap: from the left, as they are read
        at = found.bit_length() - 1
        is_counted = counted >> at & 1
        penalty += 40 * is_counted
        found &= (1 << max(0, at - (6 if is_counted else 3))) - 1
    return penalty
