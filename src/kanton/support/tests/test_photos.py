"""Photographs of documents: whatever is sent, either a plain picture comes out or an error in words."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from kanton.core.errors import DomainError
from kanton.support.errors import NotAPhoto, PhotoTooLarge, PhotoTooSmall
from kanton.support.photos import LONGEST_SIDE, MAX_BYTES, drawn_anew


def picture(kind: str = "JPEG", size: tuple[int, int] = (400, 320), **options: object) -> bytes:
    """A plain picture in this format."""
    written = io.BytesIO()
    Image.new("RGB", size, (180, 60, 40)).save(written, kind, **options)
    return written.getvalue()


PICTURES = {kind: picture(kind) for kind in ("JPEG", "PNG", "WEBP")}


@pytest.mark.parametrize("kind", list(PICTURES))
def test_a_photograph_comes_out_as_plain_webp(kind: str) -> None:
    with Image.open(io.BytesIO(drawn_anew(PICTURES[kind], field="front"))) as drawn:
        assert (drawn.format, drawn.size, drawn.mode) == ("WEBP", (400, 320), "RGB")
        assert not drawn.getexif()


def test_place_camera_and_comments_are_gone_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SECRET CAMERA"
    exif.get_ifd(0x8825)[2] = (46.0, 57.0, 0.0)
    content = picture(exif=exif, comment=b"SECRET COMMENT")
    assert b"SECRET CAMERA" in content
    drawn = drawn_anew(content, field="front")
    assert b"SECRET" not in drawn
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.size == (320, 400)


def test_large_ones_shrink() -> None:
    with Image.open(io.BytesIO(drawn_anew(picture(size=(5000, 1000)), field="front"))) as image:
        assert image.size == (LONGEST_SIDE, 440)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be enormous."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", NotAPhoto),
        (b"%PDF-1.7 an identity card", NotAPhoto),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", NotAPhoto),
        (b"\0" * (MAX_BYTES + 1), PhotoTooLarge),
        (bomb(60_000, 60_000), PhotoTooLarge),
        (bomb(8_000, 7_000), PhotoTooLarge),
        (bomb(2_000, 2_000), NotAPhoto),
        (picture(size=(299, 2000)), PhotoTooSmall),
        (picture("GIF"), NotAPhoto),
        (picture("TIFF"), NotAPhoto),
        (picture("BMP"), NotAPhoto),
        (PICTURES["JPEG"][:600], NotAPhoto),
        (PICTURES["PNG"][:-40], NotAPhoto),
    ],
)
def test_what_is_no_photograph_is_refused_by_name(content: bytes, error: type[DomainError]) -> None:
    with pytest.raises(error) as caught:
        drawn_anew(content, field="selfie")
    assert caught.value.field == "selfie"
    assert caught.value.sentence


@pytest.mark.parametrize("kind", list(PICTURES))
def test_what_hides_behind_the_picture_is_gone(kind: str) -> None:
    """A polyglot is a picture for us and a page or an archive for somebody else."""
    content = PICTURES[kind] + b"PK\x03\x04<script>alert(1)</script>"
    assert b"script" not in drawn_anew(content, field="front")


@given(
    kind=st.sampled_from(sorted(PICTURES)),
    cut=st.floats(0, 1),
    place=st.floats(0, 1),
    noise=st.binary(max_size=60),
    tail=st.binary(max_size=60),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_pictures_never_break_anything(
    kind: str, cut: float, place: float, noise: bytes, tail: bytes
) -> None:
    content = bytearray(PICTURES[kind])
    at = int(place * len(content))
    content[at : at + len(noise)] = noise
    sent = bytes(content[: max(1, int(cut * len(content)))]) + tail
    try:
        drawn = drawn_anew(sent, field="front")
    except (NotAPhoto, PhotoTooLarge, PhotoTooSmall):
        return
    with Image.open(io.BytesIO(drawn)) as image:
        image.load()
        assert image.format == "WEBP"
        assert max(image.size) <= LONGEST_SIDE


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_noise_is_no_photograph(content: bytes) -> None:
    for beginning in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x24\0\0\0WEBPVP8 "):
        with pytest.raises((NotAPhoto, PhotoTooLarge, PhotoTooSmall)):
            drawn_anew(beginning + content, field="front")
