"""Back into an account: by the recovery e-mail, and by an identity document photographed with a phone."""

from __future__ import annotations

import io
import mailbox
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect

from kanton.testing_browser import CHROMIUM, chromium, new_context
from tests.journeys.test_running import Installation, installation

pytestmark = [
    pytest.mark.engine("chromium"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium"),
]
BACK, CONTACT = "back@elsewhere.example", "contact@elsewhere.example"
FIRST, SECOND = "a quite different sentence", "and yet another sentence"


@pytest.fixture(scope="module")
def kanton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The product with its demo customers."""
    with installation(tmp_path_factory.mktemp("recovery") / "home", KANTON_DEMO="true") as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def page_of(browser: Browser, kanton: Installation, *, phone: bool = False) -> Page:
    """A new computer, or a new phone."""
    size: ViewportSize = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
    context = new_context(
        browser,
        base_url=kanton.endpoints["web"],
        locale="en",
        viewport=size,
        is_mobile=phone,
        has_touch=phone,
    )
    return context.new_page()


def link_to(kanton: Installation, reader: str, what: str) -> str:
    """The newest link of this kind in a mail to somebody elsewhere, as soon as it is there."""
    found: list[str] = []

    def look() -> bool:
        for mail in mailbox.Maildir(kanton.home / "outbox", create=True):
            if mail["To"] == reader:
                text = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
                content = text.get_payload(decode=True)
                assert isinstance(content, bytes)
                found.extend(re.findall(rf"^http\S+({what}\S+)", content.decode(), re.MULTILINE))
        return bool(found)

    kanton.wait_for(look)
    return found[-1]


def sign_in(page: Page, login: str, password: str) -> None:
    page.goto("/login")
    page.get_by_label("E-mail address").fill(login)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/login" not in url)


def choose_password(page: Page, password: str) -> None:
    page.get_by_label("New password").fill(password)
    page.locator("main form button").last.click()
    page.wait_for_url("**/login")


def photograph() -> FilePayload:
    """What a camera makes."""
    written = io.BytesIO()
    Image.new("RGB", (800, 600), (90, 120, 140)).save(written, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": written.getvalue()}


def hand_in_photographs(phone: Page) -> None:
    """On the phone, from the first page of an identity check to the thanks."""
    phone.get_by_role("button", name="Begin").click()
    phone.locator("input[name=front]").set_input_files(photograph())
    phone.locator("input[name=selfie]").set_input_files(photograph())
    phone.get_by_role("button", name="Send the photographs").click()
    expect(phone.locator("h1")).to_have_text("Thank you")


@pytest.mark.spec("ACC-46", "ACC-51", "ACC-52", "ACC-54", "SUP-32", "SUP-41")
def test_back_by_the_recovery_email_and_by_an_identity_document(
    kanton: Installation, browser: Browser
) -> None:
    logins = {one["login"].partition("@")[0]: one for one in kanton.endpoints["logins"]}
    ana, staff = logins["ana"], logins["sam"]
    page = page_of(browser, kanton)
    sign_in(page, ana["login"], ana["password"])
    page.goto("/account/recovery-email")
    page.get_by_label("Recovery e-mail").fill(BACK)
    page.locator("input[type=password]").fill(ana["password"])
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/account/security")
    page.goto(link_to(kanton, BACK, "/account/address/confirm/"))
    page.get_by_role("button", name="Confirm the address").click()
    page.wait_for_url("**/account/security")
    expect(page.locator("main")).to_contain_text(BACK)

    lost = page_of(browser, kanton)
    lost.goto("/login")
    lost.get_by_role("link", name="Forgot your password?").click()
    lost.get_by_label("E-mail address").fill(ana["login"])
    lost.get_by_role("button", name="Send the link").click()
    lost.get_by_role("button", name="Send the link to b•••@e•••.example").click()
    lost.goto(link_to(kanton, BACK, "/password/new/"))
    choose_password(lost, FIRST)
    sign_in(lost, ana["login"], FIRST)
    page.goto("/account/")
    assert "/login" in page.url, "the other browser is signed out"

    lost = page_of(browser, kanton)
    lost.goto("/login")
    lost.get_by_role("link", name="Forgot your password?").click()
    lost.get_by_label("E-mail address").fill(ana["login"])
    lost.get_by_role("button", name="Send the link").click()
    lost.get_by_role("link", name="I have access to none of these").click()
    lost.get_by_label("I forgot my password").check()
    lost.locator("input[name=email]").fill(ana["login"])
    lost.locator("input[name=contact]").fill(CONTACT)
    lost.get_by_role("button", name="Send me the procedure").click()
    expect(lost.locator("main")).to_contain_text(CONTACT)

    phone = page_of(browser, kanton, phone=True)
    phone.goto(link_to(kanton, CONTACT, "/identity/"))
    hand_in_photographs(phone)

    desk = page_of(browser, kanton)
    sign_in(desk, staff["login"], staff["password"])
    desk.goto("/staff/identity-checks")
    desk.get_by_role("link", name=re.compile("IC-")).first.click()
    for image in desk.locator("img.photo").all():
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") == 800
    desk.get_by_label("Accept").check()
    desk.get_by_label("Reason").fill("The passport and the face are of one person.")
    desk.get_by_role("button", name="Decide").click()
    desk.wait_for_url("**/staff/identity-checks")

    phone.goto(link_to(kanton, CONTACT, "/password/new/"))
    choose_password(phone, SECOND)
    sign_in(phone, ana["login"], SECOND)
    phone.goto("/account/activity")
    expect(phone.locator("main")).to_contain_text("accepted the documents")
