"""From what somebody sends to a logo: whole, never cut, no larger than it is shown.

Pure: no database, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from kanton.core import pictures

MAX_BYTES = 2 * 1024 * 1024
MAX_PIXELS = 20_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
SIDE = 192
WIDE = (640, 128)
# Fewer pixels look blurred on a usual screen.
RECOMMENDED_SIDE, RECOMMENDED_HEIGHT = 96, 56


@dataclass(frozen=True, slots=True)
class Drawn:
    """A logo ready to be kept."""

    content: bytes
    width: int
    height: int
    is_small: bool


def square(content: bytes) -> Drawn:
    """The logo in a square; what is not square gets transparent margins. Raises the error that says what is wrong."""
    sent = _read(content)
    whole = sent.image.convert("RGBA")
    whole.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    side = max(whole.size)
    canvas = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    canvas.paste(whole, ((side - whole.width) // 2, (side - whole.height) // 2))
    return Drawn(_file(canvas), side, side, min(sent.width, sent.height) < RECOMMENDED_SIDE)


def wide(content: bytes) -> Drawn:
    """The logo as it is, within the largest size in which it is shown. Raises the error that says what is wrong."""
    sent = _read(content)
    whole = sent.image
    whole.thumbnail(WIDE, Image.Resampling.LANCZOS)
    return Drawn(_file(whole), whole.width, whole.height, sent.height < RECOMMENDED_HEIGHT)


def _read(content: bytes) -> pictures.Sent:
    return pictures.read(
        content, formats=FORMATS, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS, draft_side=2 * WIDE[0]
    )


def _file(image: Image.Image) -> bytes:
    return pictures.webp(image, quality=92)
