"""A blocked order from the shop to the domain: the QR code of its mail scanned, photographed with a phone, released."""

from __future__ import annotations

import io
import mailbox
import re
from collections.abc import Iterator

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.journeys.test_recovery import browser, hand_in_photographs, page_of, pytestmark, sign_in
from tests.journeys.test_running import Installation, installation

__all__ = ["browser", "pytestmark"]

NAME = "paypal-kundendienst.ch"


@pytest.fixture(scope="module")
def kanton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The product with its demo customers."""
    with installation(tmp_path_factory.mktemp("blocked") / "home", KANTON_DEMO="true") as made:
        made.start()
        yield made


def scanned(kanton: Installation, reader: str, *, mails: int) -> str:
    """What a phone reads from the QR code in the newest of so many mails to this address, once they are there."""
    found: dict[float, str] = {}

    def look() -> bool:
        for mail in mailbox.Maildir(kanton.home / "outbox", create=True):
            for part in mail.walk() if mail["To"] == reader else ():
                if part.get_filename() == "identity-check.png":
                    content = part.get_payload(decode=True)
                    assert isinstance(content, bytes)
                    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(content)).convert("L"))
                    found[mail.get_date()] = code.text
        return len(found) == mails

    kanton.wait_for(look)
    return found[max(found)]


def look_up(page: Page) -> None:
    """Ask the shop for the name, in whatever language the reader has."""
    page.locator("#name-search").fill(NAME)
    page.locator("#name-search").press("Enter")


@pytest.mark.spec("SUP-43", "SUP-44", "SUP-45", "SUP-49", "BIL-24", "BIL-26", "BIL-27", "BIL-30")
def test_a_blocked_order_is_released_by_the_procedure_behind_its_qr_code(
    kanton: Installation, browser: Browser
) -> None:
    logins = {one["login"].partition("@")[0]: one for one in kanton.endpoints["logins"]}
    ana, staff = logins["ana"], logins["sam"]
    page = page_of(browser, kanton)
    sign_in(page, ana["login"], ana["password"])
    home = "/o/acme-ag"
    page.goto(f"{home}/shop")
    look_up(page)
    page.get_by_role("button", name=re.compile(f"Add to the cart.*{NAME}")).click()
    page.goto(f"{home}/cart")
    page.get_by_role("button", name=re.compile("^Order for CHF")).click()
    page.get_by_role("button", name=re.compile("^Pay CHF")).click()
    page.goto(f"{home}/orders")
    page.locator("tbody a").first.click()
    band = page.locator("main")
    expect(band).to_contain_text("This order is blocked")
    page.get_by_role("button", name="Send the procedure again").click()
    order = page.url
    page.goto(f"{home}/domains")
    expect(page.locator("main")).not_to_contain_text(NAME)
    # Nobody holds the name meanwhile: who comes first has it.
    other = page_of(browser, kanton)
    sign_in(other, logins["zoe"]["login"], logins["zoe"]["password"])
    other.goto("/o/globex-gmbh/shop")
    look_up(other)
    expect(other.get_by_role("button", name=re.compile(NAME))).to_be_visible()

    phone = page_of(browser, kanton, phone=True)
    phone.goto(scanned(kanton, ana["login"], mails=2))
    hand_in_photographs(phone)

    desk = page_of(browser, kanton)
    sign_in(desk, staff["login"], staff["password"])
    desk.goto("/staff/identity-checks")
    desk.get_by_role("link", name=re.compile("IC-")).first.click()
    desk.get_by_label("Accept").check()
    desk.get_by_label("Reason").fill("The passport and the face are of one person.")
    desk.get_by_role("button", name="Decide").click()
    desk.wait_for_url("**/staff/identity-checks")

    page.goto(order)
    expect(band).not_to_contain_text("This order is blocked")

    def delivered() -> bool:
        page.goto(f"{home}/domains")
        return page.locator("main").get_by_text(NAME).count() > 0

    kanton.wait_for(delivered)
