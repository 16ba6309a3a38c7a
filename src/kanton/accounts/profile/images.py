"""From what somebody sends to a profile picture: its square middle in two sizes.

Pure: no database, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageOps

from kanton.core import pictures

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000
RECOMMENDED_SIDE = 210
LARGE, SMALL = 420, 96
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture ready to be kept. `side` is the shorter side of what was sent."""

    large: bytes
    small: bytes
    side: int

    @property
    def is_small(self) -> bool:
        """Fewer pixels than we recommend: it will look blurred (ACC-14)."""
        return self.side < RECOMMENDED_SIDE


def prepare(content: bytes) -> Prepared:
    """The square middle of the picture in two sizes, as WebP. Raises the error that says what is wrong with it."""
    sent = pictures.read(
        content, formats=FORMATS, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS, draft_side=LARGE * 2
    )
    large = ImageOps.fit(sent.image, (LARGE, LARGE), Image.Resampling.LANCZOS)
    small = large.resize((SMALL, SMALL), Image.Resampling.LANCZOS)
    return Prepared(pictures.webp(large), pictures.webp(small), min(sent.width, sent.height))
