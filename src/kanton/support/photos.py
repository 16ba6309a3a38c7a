"""From what somebody sends to a photograph of ours: read with suspicion, drawn anew, nothing else kept.

Pure: no database, no clock. Only pixels are written again, so place, camera and whatever else hid in the file are gone.
"""

from __future__ import annotations

from PIL import Image

from kanton.core import pictures
from kanton.support.errors import NotAPhoto, PhotoTooLarge, PhotoTooSmall

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 50_000_000
MIN_SIDE = 300
LONGEST_SIDE = 2200
FORMATS = ("JPEG", "PNG", "WEBP")


def drawn_anew(content: bytes, *, field: str) -> bytes:
    """The photograph as WebP, upright and at most 2,200 pixels long. Raises the error that says what is wrong."""
    try:
        sent = pictures.read(
            content, formats=FORMATS, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS, draft_side=LONGEST_SIDE
        )
    except (pictures.PictureTooLarge, pictures.TooManyPixels) as trouble:
        raise _too_large(field) from trouble
    except (pictures.NotAPicture, pictures.VectorPicture) as trouble:
        raise NotAPhoto(field=field) from trouble
    if min(sent.width, sent.height) < MIN_SIDE:
        raise PhotoTooSmall(field=field, pixels=MIN_SIDE)
    upright = sent.image.convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return pictures.webp(upright, quality=86, method=3)


def _too_large(field: str) -> PhotoTooLarge:
    return PhotoTooLarge(field=field, megabytes=MAX_BYTES // 1024**2, megapixels=MAX_PIXELS // 1_000_000)
