"""Somebody goes: what they hold is handed over, they are locked out, and brought back. Real servers, real browser."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kanton.testing_browser import CHROMIUM, chromium, new_context
from tests.journeys.test_dns_console import session
from tests.journeys.test_running import Installation, installation
from tests.journeys.test_whole_journey import trusting

pytestmark = [
    pytest.mark.engine("chromium"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium"),
]

BEN, MIA = "ben@acme.example", "mia@acme.example"
DOMAIN = "acme-werkstatt.example"
LETTER = "Offerte für die neue Webseite"


@pytest.fixture(scope="module")
def kanton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The product with its demo customers: at Acme, Ben signs in with his own mailbox and reads info@ alone."""
    with installation(tmp_path_factory.mktemp("departure") / "home", KANTON_DEMO="true") as made:
        made.start()
        made.wait_for(lambda: opens(made, BEN))
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def password(kanton: Installation) -> str:
    """The password of all demo logins and mailboxes."""
    found: str = kanton.endpoints["logins"][0]["password"]
    return found


def opens(kanton: Installation, address: str) -> bool:
    """Whether the mail server takes the mailbox's password."""
    server = kanton.endpoints["imap"]
    try:
        with imaplib.IMAP4(server["host"], server["port"], timeout=120) as client:
            client.starttls(ssl_context=trusting())
            client.login(address, password(kanton))
    # A server that takes up new passwords lets go of whoever has just come.
    except (imaplib.IMAP4.error, OSError):
        return False
    return True


def signed_in(browser: Browser, kanton: Installation, address: str) -> BrowserContext:
    """A browser in which one of the demo people is signed in."""
    context = new_context(browser, base_url=kanton.endpoints["web"], locale="en")
    page = context.new_page()
    page.goto("/login")
    page.locator("input[name=email], input[name=login]").first.fill(address)
    page.locator("input[type=password]").first.fill(password(kanton))
    page.locator("main form button[type=submit], form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/o/|/account"))
    return context


def in_webmail(page: Page, address: str, subject: str) -> None:
    """The message is there to be read in this mailbox."""
    page.goto("/mail/")
    page.goto(str(page.locator(".mail-rail .switcher a", has_text=address).first.get_attribute("href")))
    expect(page.locator("main")).to_contain_text(subject)


@pytest.mark.spec("ORG-26", "ORG-48", "ORG-50", "ORG-51", "ORG-52", "ORG-53")
def test_ben_goes_mia_has_his_mail_and_ben_comes_back(kanton: Installation, browser: Browser) -> None:
    ana = session(browser, kanton)
    page = ana.new_page()
    page.goto(f"/o/acme-ag/domains/{DOMAIN}/contacts/tech")
    page.get_by_label("First name").fill("Ben")
    page.get_by_label("Last name").fill("Keller")
    page.get_by_label("Email address").fill(BEN)
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator("main")).to_contain_text(BEN)
    ben = signed_in(browser, kanton, BEN)
    in_webmail(ben.new_page(), "info@acme.example", LETTER)

    # The wizard, from the menu of his line.
    page.goto("/o/acme-ag/people")
    row = page.locator("tr", has_text="Ben Keller")
    row.locator(".menu summary, summary").first.click()
    page.get_by_role("link", name="Remove from the organization").locator("visible=true").click()
    expect(page.locator("main")).to_contain_text("There are no calendars and address books here")
    page.get_by_role("link", name="Continue").click()
    for box in (BEN, "info@acme.example"):
        thing = page.locator("fieldset.holding", has_text=box)
        thing.get_by_label("Hand it over").check()
        thing.get_by_label("Who gets it").select_option(label="Mia Roth")
    page.get_by_role("button", name="Continue").click()
    thing = page.locator("fieldset.holding", has_text=DOMAIN)
    expect(thing).to_contain_text("Technical contact")
    thing.get_by_label("Name somebody else").check()
    thing.get_by_label("Who gets it").select_option(label="Mia Roth")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text(
        "Ana Bieri handed info@acme.example of Ben Keller over to Mia Roth"
    )
    page.get_by_label("Your login password").fill(password(kanton))
    page.get_by_label("Yes, end all access of this person").check()
    page.get_by_role("button", name="Remove this user").click()
    expect(page.locator("main")).to_contain_text("Everything is done.")
    expect(page.locator("main .badge", has_text="Settled")).to_have_count(3)

    # He is out, by the browser and by his mail program; Mia has what was his.
    answer = ben.new_page().goto("/o/acme-ag/settings")
    assert answer is not None and (answer.status == 404 or "/login" in answer.url)
    kanton.wait_for(lambda: not opens(kanton, BEN))
    mia = signed_in(browser, kanton, MIA)
    in_webmail(mia.new_page(), "info@acme.example", LETTER)
    page.goto(f"/o/acme-ag/domains/{DOMAIN}/contacts/tech")
    expect(page.get_by_label("Email address")).to_have_value(MIA)

    # And back.
    page.goto("/o/acme-ag/people/departures")
    page.get_by_role("link", name="Ben Keller").first.click()
    page.get_by_role("link", name="Bring the person back").click()
    expect(page.locator("main")).to_contain_text("Ana Bieri brought Ben Keller back into the organization")
    page.get_by_role("button", name="Bring Ben Keller back").click()
    expect(page.locator("main")).to_contain_text("Brought back by Ana Bieri")
    expect(page.locator("main .badge", has_text="Put back")).to_have_count(3)
    kanton.wait_for(lambda: opens(kanton, BEN))
    in_webmail(signed_in(browser, kanton, BEN).new_page(), "info@acme.example", LETTER)
    page.goto(f"/o/acme-ag/domains/{DOMAIN}/contacts/tech")
    expect(page.get_by_label("Email address")).to_have_value(BEN)
