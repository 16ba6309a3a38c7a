"""Pictures that people send: read with suspicion, drawn anew, and served at addresses that never change.

Whatever a picture carried along (place, camera, comments, a second file) is gone, because only its pixels are written
again. What is made of it, a square or a wide logo, is its room's business.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from kanton.core.errors import DomainError

YEAR = 365 * 24 * 3600
_MARKUP = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")


class NotAPicture(DomainError):
    """A file that no picture can be read from (ACC-14)."""

    code, status, field = "pictures.not_a_picture", 422, "picture"
    message = _("We cannot read a picture in this file. Send it as JPEG, PNG or WebP.")


class VectorPicture(DomainError):
    """SVG and other markup, which can hold programs (ACC-14)."""

    code, status, field = "pictures.vector_picture", 422, "picture"
    message = _(
        "This is a vector image (SVG) or a web page, which can contain scripts. Send it as JPEG, PNG or WebP."
    )


class PictureTooLarge(DomainError):
    """More bytes than we take (ACC-14)."""

    code, status, field = "pictures.too_large", 422, "picture"
    message = _("The file has more than %(limit)s MB. Send a smaller one.")


class TooManyPixels(DomainError):
    """A small file that would unfold into more than memory holds."""

    code, status, field = "pictures.too_many_pixels", 422, "picture"
    message = _("The picture has more than %(limit)s million pixels. Make it smaller and send it again.")


REFUSALS = (NotAPicture, VectorPicture, PictureTooLarge, TooManyPixels)


class Sent(NamedTuple):
    """What was sent: upright, in RGB or RGBA, and how large it was before."""

    image: Image.Image
    width: int
    height: int


def read(
    content: bytes, *, formats: tuple[str, ...], max_bytes: int, max_pixels: int, draft_side: int
) -> Sent:
    """The pixels of the picture. Raises the error that says what is wrong with it.

    A JPEG is read at a fraction of its size, but not below `draft_side`.
    """
    refuse_size(len(content), max_bytes)
    beginning = content[:1024].lstrip()
    if beginning.startswith(_MARKUP) or b"<svg" in beginning.lower():
        raise VectorPicture
    try:
        with Image.open(io.BytesIO(content), formats=formats) as sent:
            width, height = sent.size
            if width * height > max_pixels:
                raise _too_many(max_pixels)
            sent.draft("RGB", (draft_side, draft_side))
            upright = ImageOps.exif_transpose(sent)
            has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
            return Sent(upright.convert("RGBA" if has_alpha else "RGB"), width, height)
    except TooManyPixels:
        raise
    except Image.DecompressionBombError as bomb:
        raise _too_many(max_pixels) from bomb
    except Exception as trouble:
        raise NotAPicture from trouble


def refuse_size(size: int, max_bytes: int) -> None:
    """Raises PictureTooLarge; for forms, before a file is read into memory."""
    if size > max_bytes:
        raise PictureTooLarge(limit=max_bytes // 1024**2)


def _too_many(max_pixels: int) -> TooManyPixels:
    return TooManyPixels(limit=max_pixels // 1_000_000)


def webp(image: Image.Image, *, quality: int = 82, method: int = 4) -> bytes:
    """The pixels as a file."""
    # A fresh image has the pixels only, without what the old one carried.
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    written = io.BytesIO()
    bare.save(written, "WEBP", quality=quality, method=method)
    return written.getvalue()


def served(request: HttpRequest, tag: str, content: Callable[[], bytes], *, public: bool) -> HttpResponse:
    """The answer at an address that changes with every new picture, so that browsers may keep it for good."""
    quoted = f'"{tag}"'
    if request.headers.get("If-None-Match") == quoted:
        answer: HttpResponse = HttpResponseNotModified()
    else:
        answer = HttpResponse(content(), content_type="image/webp")
    answer.headers["ETag"] = quoted
    answer.headers["Cache-Control"] = f"{'public' if public else 'private'}, max-age={YEAR}, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Content-Disposition"] = "inline; filename=picture.webp"
    return answer
