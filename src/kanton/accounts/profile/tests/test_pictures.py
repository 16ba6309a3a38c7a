"""Profile pictures: what is taken, what is refused and why, what is kept, and where it is shown."""

from __future__ import annotations

import base64
import io
import random
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from kanton.accounts.models import Person
from kanton.accounts.profile.actions import set_picture
from kanton.accounts.profile.images import LARGE, MAX_BYTES, SMALL, prepare
from kanton.accounts.profile.models import Picture
from kanton.core.errors import DomainError
from kanton.core.pictures import NotAPicture, PictureTooLarge, TooManyPixels, VectorPicture
from kanton.organizations.models import Organization
from kanton.testing import acting


def photo(width: int = 640, height: int = 480, kind: str = "JPEG", **options: object) -> bytes:
    """A picture: red on the left half, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def located_photo() -> bytes:
    """A photo that tells where it was taken, and that lies on its side."""
    exif = Image.Exif()
    exif[Base.Make] = "Spy camera"
    exif[Base.Orientation] = 6
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (46.0, 57.0, 5.0)
    return photo(exif=exif, comment=b"in the garden of Ana")


SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def bomb() -> bytes:
    """A PNG of a few hundred kilobytes that would unfold into 1.6 gigabytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    size = (20_000).to_bytes(4, "big")
    header = size + size + bytes([8, 6, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.fixture
def browser(client: Client, ana: Person) -> Client:
    """Ana's browser."""
    client.force_login(ana)
    return client


def upload(browser: Client, content: bytes, name: str = "me.jpg") -> object:
    return browser.post("/account/picture", {"picture": SimpleUploadedFile(name, content)})


@pytest.mark.spec("ACC-14")
def test_a_picture_is_drawn_anew_without_what_it_carried_along() -> None:
    kept = prepare(located_photo())
    for content, side in ((kept.large, LARGE), (kept.small, SMALL)):
        image = Image.open(io.BytesIO(content))
        assert (image.format, image.size) == ("WEBP", (side, side))
        assert not image.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(image.info)
        assert b"Spy camera" not in content
        assert b"garden" not in content
    upright = Image.open(io.BytesIO(kept.large)).convert("RGB")
    red, _green, blue = upright.getpixel((LARGE // 2, 10))  # type: ignore[misc]
    assert red > 200 > blue, "it stands upright: what was on the left is above"


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_usual_formats_are_taken(kind: str) -> None:
    assert prepare(photo(300, 300, kind)).side == 300


@pytest.mark.spec("ACC-14")
@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (SVG, VectorPicture),
        (b"\xef\xbb\xbf  <SVG onload=alert(1)>", VectorPicture),
        (b"<html><body>", VectorPicture),
        (b"%PDF-1.7 not a picture", NotAPicture),
        (b"", NotAPicture),
        (photo()[:300], NotAPicture),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", NotAPicture),
        (photo() + bytes(MAX_BYTES), PictureTooLarge),
        (bomb(), TooManyPixels),
    ],
)
def test_what_is_no_picture_is_refused_with_the_reason(content: bytes, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        prepare(content)


@given(st.binary(max_size=200), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_damaged_files_are_either_drawn_or_refused(noise: bytes, seed: int) -> None:
    """Whatever a file holds, the answer is a picture of ours or one of our refusals."""
    dice = random.Random(seed)
    whole = bytearray(photo(64, 48, dice.choice(["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])))
    for value in noise:
        whole[dice.randrange(len(whole))] = value
    for content in (noise, bytes(whole), bytes(whole[: dice.randrange(len(whole))])):
        try:
            assert Image.open(io.BytesIO(prepare(content).large)).size == (LARGE, LARGE)
        except DomainError as refusal:
            assert refusal.code.startswith("pictures.")


@pytest.mark.spec("ACC-13", "ACC-15")
def test_a_picture_takes_the_place_of_the_initials_until_it_is_removed(browser: Client, ana: Person) -> None:
    assert '<span class="avatar' in browser.get("/account/").content.decode()
    assert "210" in browser.get("/account/picture").content.decode()
    answer = upload(browser, photo())
    assert (answer.status_code, answer["Location"]) == (303, "/account/")  # type: ignore[attr-defined, index]
    url = f"/pictures/{Picture.objects.get().key}/small.webp"
    page = browser.get("/account/").content.decode()
    assert page.count(f'src="{url}"') >= 2, "on the badge, and on the profile"
    assert browser.get("/2/profile").status_code == 401  # the API needs a token; its answer is proved below

    answer = browser.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert browser.get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert browser.get(f"/pictures/{'x' * 43}/small.webp").status_code == 404

    upload(browser, photo(kind="PNG"))
    assert browser.get(url).status_code == 404, "the old address is gone with the old picture"
    browser.post("/account/picture/removal")
    assert not Picture.objects.exists()
    assert "/pictures/" not in browser.get("/account/").content.decode()


@pytest.mark.spec("ACC-14")
def test_a_small_picture_is_taken_with_a_warning(browser: Client) -> None:
    answer = browser.post(
        "/account/picture", {"picture": SimpleUploadedFile("me.png", photo(100, 100, "PNG"))}, follow=True
    )
    assert "may look blurred" in answer.content.decode()
    assert Picture.objects.exists()


@pytest.mark.spec("ACC-14")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (SVG, "scripts"),
        (b"text", "cannot read"),
        (bytes(MAX_BYTES + 1), "more than 5 MB"),
        (bomb(), "million pixels"),
    ],
)
def test_a_refusal_names_its_reason_at_the_field_and_keeps_the_old_picture(
    browser: Client, content: bytes, reason: str
) -> None:
    upload(browser, photo())
    before = Picture.objects.get()
    answer = upload(browser, content, "me.svg")
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert reason in answer.content.decode()  # type: ignore[attr-defined]
    after = Picture.objects.get()
    assert (after.key, bytes(after.large)) == (before.key, bytes(before.large))


def test_programs_set_and_remove_the_picture(client: Client, ana: Person) -> None:
    from kanton.accounts.models import ApiToken
    from kanton.core.secrets import token_hash

    ApiToken.objects.create(person=ana, name="t", digest=token_hash("secret"), hint="s", scopes=["all"])
    headers = {"Authorization": "Bearer secret"}
    body = {"content": base64.b64encode(photo(300, 300)).decode()}
    answer = client.put("/2/profile/picture", body, content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    small = answer.json()["data"]["small"]
    assert client.get("/2/profile", headers=headers).json()["data"]["avatar"] == small
    assert client.delete("/2/profile/picture", headers=headers).json()["data"] is True
    assert client.get("/2/profile/picture", headers=headers).json()["data"] is None
    broken = client.put(
        "/2/profile/picture", {"content": "%%"}, content_type="application/json", headers=headers
    )
    assert broken.status_code == 422


@pytest.mark.spec("ACC-13", "ACC-15")
def test_the_people_of_an_organization_see_the_picture(
    client: Client, ana: Person, ben: Person, acme: Organization
) -> None:
    set_picture(acting(ben), ben, picture=prepare(photo()))
    client.force_login(ana)
    page = client.get("/o/acme/people").content.decode()
    assert page.count(f'src="/pictures/{Picture.objects.get().key}/small.webp"') == 1
    assert ">AK</span>" in page, "Ana, who has none, is shown by her initials"
    ana.first_name = ana.last_name = ""
    ana.save()
    assert ">A</span>" in client.get("/account/").content.decode()
