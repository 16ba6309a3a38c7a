"""The look of an organization: what is taken, what is refused, where it is shown, and the way back."""

from __future__ import annotations

import base64
import io
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import Base

from kanton.accounts.models import ApiToken, Person
from kanton.core.actor import Actor
from kanton.core.errors import DomainError
from kanton.core.secrets import token_hash
from kanton.organizations.branding import logos
from kanton.organizations.branding.actions import set_corner, set_wide_logo, undo_branding
from kanton.organizations.branding.errors import BadColour, BadInitials, LogoMissing, WideLogoMissing
from kanton.organizations.branding.models import Before, Logo
from kanton.organizations.models import Organization
from kanton.ui.brand import TEXT_CONTRAST, Palette, contrast, readable_on

HOME = "/o/acme/"
PAGE = "/o/acme/settings/appearance"
hex_colours = st.text("0123456789abcdef", min_size=6, max_size=6)


def picture(
    width: int = 400, height: int = 400, kind: str = "PNG", mode: str = "RGBA", **more: object
) -> bytes:
    """A green picture."""
    written = io.BytesIO()
    Image.new(mode, (width, height), "green").save(written, kind, **more)
    return written.getvalue()


def bomb() -> bytes:
    """A small PNG that says it has 900 million pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    side = (30_000).to_bytes(4, "big")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", side + side + bytes([8, 6, 0, 0, 0]))
        + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )  # fmt: skip


def look(organization: Organization) -> tuple[str, ...]:
    organization.refresh_from_db()
    return (
        organization.corner, organization.own_initials, organization.initials_colour,
        organization.logo_key, organization.wide_logo_key,
    )  # fmt: skip


@pytest.fixture
def browser(client: Client, ana: Person, acme: Organization) -> Client:
    """Ana's browser."""
    client.force_login(ana)
    return client


def send(browser: Client, part: str, **values: object) -> object:
    values = {
        name: SimpleUploadedFile("logo.png", value) if isinstance(value, bytes) else value
        for name, value in values.items()
    }
    return browser.post(f"{PAGE}/{part}", values)


@pytest.mark.spec("ORG-93", "ORG-95", "ORG-96")
def test_the_corner_shows_initials_a_logo_or_initials_with_the_rectangular_logo(
    browser: Client, acme: Organization
) -> None:
    assert '<span class="avatar is-square is-accent tone' in browser.get(HOME).content.decode()

    send(browser, "corner", corner="initials", initials="A+C", colour="#FFDD00")
    page = browser.get(HOME).content.decode()
    assert '<rect width="32" height="32" fill="#ffdd00"/>' in page
    assert 'fill="#0b1214">A+C</text>' in page, "dark ink on a light colour"
    assert page.count("Acme</span>") == 1
    assert 'class="wide-logo"' not in page

    # Refused while there is no rectangular logo, and nothing moved.
    answer = send(browser, "corner", corner="initials_wide")
    assert (answer.status_code, look(acme)[:3]) == (422, ("initials", "A+C", "ffdd00"))  # type: ignore[attr-defined]
    send(browser, "logo", logo=picture(900, 150))
    assert 'class="wide-logo"' not in browser.get(HOME).content.decode(), "only where it was chosen"
    send(browser, "corner", corner="initials_wide", initials="AC")
    page = browser.get(HOME).content.decode()
    assert f'<img class="wide-logo" src="/logos/{look(acme)[4]}.webp" alt="Acme" height="28">' in page
    assert 'class="switcher-name"' not in page, "in place of the name"

    assert send(browser, "corner", corner="logo").status_code == 422  # type: ignore[attr-defined]
    send(browser, "corner", corner="logo", square_logo=picture(300, 200))
    page = browser.get(HOME).content.decode()
    square = f'<img class="avatar is-square is-accent" src="/logos/{look(acme)[3]}.webp" alt="Acme"'
    assert square in page
    assert 'class="wide-logo"' not in page, "a square logo stands alone"

    kept = {logo.shape: (logo.width, logo.height) for logo in Logo.objects.all()}
    assert kept == {"square": (192, 192), "wide": (640, 107)}
    assert browser.post(f"{PAGE}/logo/removal").status_code == 303
    assert look(acme)[4] == ""


@pytest.mark.spec("ORG-94")
def test_a_corner_that_showed_the_removed_logo_has_the_name_again(
    browser: Client, acme: Organization
) -> None:
    send(browser, "logo", logo=picture(900, 150))
    send(browser, "corner", corner="initials_wide")
    browser.post(f"{PAGE}/logo/removal")
    assert look(acme) == ("initials", "", "", "", "")
    assert "Acme</span>" in browser.get(HOME).content.decode()


@pytest.mark.spec("ORG-96")
def test_logos_are_drawn_anew_and_served_for_good_to_everybody(
    browser: Client, acme: Organization, client: Client
) -> None:
    exif = Image.Exif()
    exif[Base.Make] = "Spy camera"
    send(browser, "logo", logo=picture(1000, 100, "JPEG", "RGB", exif=exif, comment=b"garden"))
    key = look(acme)[4]
    client.logout()
    answer = client.get(f"/logos/{key}.webp")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    image = Image.open(io.BytesIO(answer.content))
    assert (image.format, image.size, dict(image.getexif())) == ("WEBP", (640, 64), {})
    assert b"Spy" not in answer.content and b"garden" not in answer.content
    assert client.get(f"/logos/{key}.webp", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.get(f"/logos/{'x' * 43}.webp").status_code == 404


@pytest.mark.spec("ORG-96")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "scripts"),
        (b"GIF89a" + bytes(50), "cannot read"),
        (picture(40, 40, "GIF", "P"), "cannot read"),
        (picture()[:200], "cannot read"),
        (bytes(2 * 1024 * 1024 + 1), "more than 2 MB"),
        (bomb(), "million pixels"),
    ],
)
def test_a_refused_logo_says_why_at_the_field_and_keeps_the_old_one(
    browser: Client, acme: Organization, content: bytes, reason: str
) -> None:
    send(browser, "logo", logo=picture(900, 150))
    before = look(acme)
    answer = send(browser, "logo", logo=content)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert reason in answer.content.decode()  # type: ignore[attr-defined]
    assert (look(acme), Logo.objects.count()) == (before, 1)


@pytest.mark.spec("ORG-96")
@pytest.mark.parametrize("initials", ["ABCD", "A\u202eB", "\u200b", "A\x00", "..", "e" + "\u0301" * 20])
def test_initials_are_one_to_three_visible_characters(
    owner: Actor, acme: Organization, initials: str
) -> None:
    for fitting in ("É", "ÄÖÜ", "e\u0301x", "3D", "&Co", "字"):
        assert set_corner(owner, acme, corner="initials", initials=fitting).own_initials
    before = look(acme)
    with pytest.raises(BadInitials):
        set_corner(owner, acme, corner="initials", initials=initials)
    with pytest.raises(BadColour):
        set_corner(owner, acme, corner="initials", colour="red;}")
    assert look(acme) == before


@given(hex_colours)
def test_initials_read_on_any_colour(colour: str) -> None:
    assert contrast(colour, readable_on(colour)) >= TEXT_CONTRAST
    palette = Palette.of(colour)
    assert contrast(palette.light, palette.on_light) >= TEXT_CONTRAST
    assert contrast(palette.dark, palette.on_dark) >= TEXT_CONTRAST


@given(st.binary(max_size=300))
def test_whatever_a_file_holds_the_answer_is_a_logo_or_a_refusal(noise: bytes) -> None:
    for content in (noise, picture(60, 20)[: 20 + len(noise)] + noise):
        for draw in (logos.square, logos.wide):
            try:
                assert draw(content).width <= 640
            except DomainError as refusal:
                assert refusal.code.startswith("pictures.")


def test_the_last_change_can_be_undone_and_all_of_them_left_behind(
    browser: Client, owner: Actor, acme: Organization
) -> None:
    send(browser, "corner", corner="logo", square_logo=picture())
    first = look(acme)
    send(browser, "corner", corner="logo", square_logo=picture(500, 500))
    second = look(acme)
    assert Logo.objects.count() == 2, "the earlier one waits for Undo"
    assert "Undo" in browser.get(PAGE).content.decode()
    browser.post(f"{PAGE}/undo")
    assert look(acme) == first
    browser.post(f"{PAGE}/undo")
    assert look(acme) == second
    browser.post(f"{PAGE}/default")
    assert look(acme) == ("initials", "", "", "", "")
    set_corner(owner, acme, corner="initials", initials="X")
    assert not Logo.objects.exists(), "nobody can bring them back any more"


def test_nothing_is_left_when_a_corner_is_refused(owner: Actor, acme: Organization) -> None:
    with pytest.raises(WideLogoMissing):
        set_corner(owner, acme, corner="initials_wide", square_logo=logos.square(picture()))
    with pytest.raises(LogoMissing):
        set_corner(owner, acme, corner="logo")
    assert not Logo.objects.exists() and not Before.objects.exists()
    with pytest.raises(DomainError, match="nothing to undo"):
        undo_branding(owner, acme)


def test_a_look_costs_no_query(
    browser: Client, owner: Actor, acme: Organization, django_assert_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser.get(HOME)
    with CaptureQueriesContext(
        connection,
    ) as plain:
        browser.get(HOME)
    set_wide_logo(owner, acme, logo=logos.wide(picture(900, 150)))
    set_corner(owner, acme, corner="initials_wide", colour="#123456")
    browser.get(HOME)
    with CaptureQueriesContext(connection) as branded:
        assert "/logos/" in browser.get(HOME).content.decode()
    assert len(branded) == len(plain)


@pytest.mark.spec("ORG-92")
def test_programs_set_the_look_of_their_own_organization_only(
    client: Client, ana: Person, ben: Person, acme: Organization, globex: Organization
) -> None:
    for person, secret in ((ana, "ana"), (ben, "ben")):
        ApiToken.objects.create(person=person, name="t", digest=token_hash(secret), hint="s", scopes=["all"])
    headers = {"Authorization": "Bearer ana"}
    at = f"/2/accounts/{acme.pk}/branding"
    logo = base64.b64encode(picture(300, 60)).decode()

    def put(url: str, data: object, token: str = "ana") -> object:
        return client.put(
            url, data, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
        )

    found = put(f"{at}/logo", {"logo": logo}).json()["data"]  # type: ignore[attr-defined]
    assert found["logo"] == f"http://localhost:8000/logos/{look(acme)[4]}.webp"
    corner = {"corner": "logo", "initials": "AC", "colour": "#0b686e", "logo_square": logo}
    assert put(f"{at}/corner", corner).json()["data"]["colour"] == "0b686e"  # type: ignore[attr-defined]
    account = client.get(f"/1/accounts/{acme.pk}?with=logo,logo_square", headers=headers).json()["data"]
    assert account["logo"] == found["logo"]
    assert account["logo_square"].endswith(f"/logos/{look(acme)[3]}.webp")
    before = look(acme)
    assert put(f"{at}/corner", {"corner": "initials"}, token="ben").status_code == 403  # type: ignore[attr-defined]
    assert put(f"/2/accounts/{globex.pk}/branding/logo", {"logo": logo}).status_code == 404  # type: ignore[attr-defined]
    assert look(acme) == before
    assert client.delete(at, headers=headers).json()["data"]["logo"] is None
    assert client.post(f"{at}/undo", headers=headers).json()["data"]["logo"] == found["logo"]
