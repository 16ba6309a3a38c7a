"""A stranger becomes a customer: registers, buys a domain and mail, pays, edits the zone, gets real mail, invites a
colleague, uses the API, and reads in the activity what happened. In a real browser, on the real product."""

from __future__ import annotations

import imaplib
import io
import mailbox
import re
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import dns.message
import dns.query
import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from kanton.testing_browser import chromium, new_context
from tests.journeys.test_running import Installation

pytestmark = pytest.mark.engine("chromium")

ANA, BEN = "ana@home.example", "ben@home.example"
PASSWORD = "seven quiet cranes over Thun"


@pytest.fixture(scope="module")
def kanton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The whole product in a home of its own."""
    installation = Installation(tmp_path_factory.mktemp("journey") / "home", KANTON_DEMO="true")
    installation.start()
    yield installation
    installation.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as found:
        yield found


class Reader:
    """Somebody with a browser, and the mails that Kanton wrote to them."""

    def __init__(self, browser: Browser, kanton: Installation, address: str) -> None:
        self.kanton, self.address = kanton, address
        self.web = kanton.endpoints["web"]
        context = new_context(
            browser, base_url=self.web, locale="en", viewport={"width": 1280, "height": 900}
        )
        self.page: Page = context.new_page()

    def link_from_mail(self, pattern: str) -> str:
        """The newest link to the console in a mail to this person that fits the pattern."""
        found: list[str] = []

        def arrived() -> bool:
            box = mailbox.Maildir(self.kanton.home / "outbox", create=True)
            for message in box:
                if self.address in str(message["To"]):
                    text = message.get_payload(0) if message.is_multipart() else message
                    body = text.get_payload(decode=True).decode()  # type: ignore[union-attr]
                    found.extend(re.findall(rf"{re.escape(self.web)}(/{pattern})", body))
            return bool(found)

        self.kanton.wait_for(arrived, 20)
        return found[-1]

    def snapshot(self, name: str) -> None:
        """Keep what the page looks like, for people who want to see."""
        folder = Path("build/journey")
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png", full_page=True)


def register(ana: Reader) -> None:
    """Step 1: register, confirm by mail, sign in; the organization exists, in the currency of its country."""
    page = ana.page
    page.goto("/register")
    page.get_by_label("First name").fill("Ana")
    page.get_by_label("Last name").fill("Keller")
    page.get_by_label("Company").fill("Acme")
    page.get_by_label("E-mail address", exact=True).fill(ana.address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Mobile number").fill("+41 79 123 45 67")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("inbox")
    page.goto(ana.link_from_mail(r"confirm/\S+"))
    page.get_by_role("button", name=re.compile("Confirm")).click()
    sign_in(ana)
    page.goto("/o/acme/settings")
    expect(page.locator("main")).to_contain_text("CHF")


def sign_in(reader: Reader) -> None:
    """Sign in at the one page for everything."""
    page = reader.page
    page.goto("/login")
    page.get_by_label("E-mail address").fill(reader.address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".avatar-menu > summary")).to_be_visible()


def go(page: Page, path: str) -> None:
    """Open a page, which must be there."""
    answer = page.goto(path)
    assert answer is not None and answer.status == 200, f"{path}: {answer and answer.status}"


def submit(page: Page, name: str | re.Pattern[str]) -> None:
    """Press a button or a link that looks like one, on the page itself."""
    main = page.locator("main")
    main.get_by_role("button", name=name).or_(main.get_by_role("link", name=name)).first.click()


def submit_and_leave(page: Page, name: str | re.Pattern[str]) -> None:
    """Press it, and be on the next page: one must not walk away while the answer is on its way."""
    with page.expect_event("framenavigated", predicate=lambda frame: frame == page.main_frame):
        submit(page, name)


def give_address(ana: Reader) -> None:
    """An invoice needs a postal address."""
    page = ana.page
    go(page, "/o/acme/settings/edit")
    page.get_by_label("Street and number").fill("Marktgasse 1")
    page.get_by_label("Postcode").fill("3011")
    page.get_by_label("Town").fill("Bern")
    submit(page, "Save the details")
    expect(page.locator("main")).to_contain_text("3011 Bern")


def buy(ana: Reader) -> None:
    """Step 2: fill the prepaid account through the payment provider, order a domain and mail, pay, get the invoice."""
    page = ana.page
    go(page, "/o/acme/prepaid/top-up")
    page.get_by_label("Amount").fill("200")
    submit(page, "Credit the account")
    submit_and_leave(page, "Pay, and report it twice")
    go(page, "/o/acme/prepaid")
    expect(page.locator("main")).to_contain_text("CHF 200.00")  # reported twice, credited once
    expect(page.locator("tbody tr")).to_have_count(1)
    go(page, "/o/acme/shop")
    page.get_by_label("Find your name on the internet").fill(DOMAIN)
    submit(page, "Search")
    submit_and_leave(page, re.compile(f"Add to the cart.*{DOMAIN}"))
    go(page, "/o/acme/shop")
    submit(page, "Choose Mail Starter")
    page.get_by_label(re.compile("Domain|Name")).first.fill(DOMAIN)
    submit_and_leave(page, "Add to the cart")
    go(page, "/o/acme/cart")
    expect(page.locator("main")).to_contain_text("prices exclude VAT")
    ana.snapshot("cart")
    submit(page, re.compile("^Order for CHF 24.86"))
    ana.snapshot("pay")
    submit_and_leave(page, re.compile("^Pay CHF 24.86"))
    go(page, "/o/acme/prepaid")
    expect(page.locator("main")).to_contain_text("CHF 175.14")
    go(page, "/o/acme/invoices")
    page.locator("tbody a").first.click()
    ana.snapshot("invoice")
    pdf = page.request.get(f"{page.url}/pdf")
    assert pdf.status == 200 and pdf.body().startswith(b"%PDF-")
    words = "".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(pdf.body())).pages)
    assert "24.86" in words and "Marktgasse 1" in words


def edit_zone(ana: Reader) -> None:
    """Step 3: the zone is there with all it needs; a record that is added is done only when the server answers it."""
    page = ana.page
    go(page, "/o/acme/domains")
    expect(page.locator("main")).to_contain_text(DOMAIN)
    ana.kanton.wait_for(lambda: bool(ask(ana, DOMAIN, "SOA")), 30)
    assert ask(ana, DOMAIN, "NS") and ask(ana, DOMAIN, "MX")
    assert any("v=spf1" in each for each in ask(ana, DOMAIN, "TXT"))
    assert any("v=DMARC1" in each for each in ask(ana, f"_dmarc.{DOMAIN}", "TXT"))
    go(page, f"/o/acme/domains/{DOMAIN}/dns/add?type=A")
    ana.snapshot("record")
    page.locator("[name=source]").fill("shop")
    page.get_by_label("Address").first.fill("192.0.2.300")
    submit(page, re.compile("^(Add|Save)"))
    expect(page.locator(".field-error").first).to_be_visible()  # refused at the field, nothing saved
    assert ask(ana, f"shop.{DOMAIN}", "A") == []
    page.get_by_label("Address").first.fill("192.0.2.30")
    submit_and_leave(page, re.compile("^(Add|Save)"))
    ana.kanton.wait_for(lambda: ask(ana, f"shop.{DOMAIN}", "A") == ["192.0.2.30"], 20)
    assert ask(ana, f"shop.{DOMAIN}", "A", tcp=True) == ["192.0.2.30"]
    go(page, f"/o/acme/domains/{DOMAIN}/dns")
    expect(page.locator(".wish.is-done").first).to_be_visible()
    ana.snapshot("zone")


def ask(reader: Reader, name: str, kind: str, *, tcp: bool = False) -> list[str]:
    """What the name server answers."""
    server = reader.kanton.endpoints["dns"]
    question = dns.message.make_query(name, kind)
    how = dns.query.tcp if tcp else dns.query.udp
    answer = how(question, server["host"], port=server["port"], timeout=60)
    return [rdata.to_text() for rrset in answer.answer for rdata in rrset]


def get_mail(ana: Reader) -> None:
    """Step 4: a mailbox; a message from outside arrives, is read in the webmail and answered, signed."""
    page = ana.page
    go(page, "/o/acme/mail")
    form = page.get_by_role("link", name="Create an address").first.get_attribute("href")
    go(page, str(form))
    page.locator("[name=local_part]").fill("info")
    page.locator("main input[type=password]").first.fill("Kiesel-Fjord-88-Lampe")
    submit_and_leave(page, re.compile("^Create"))
    address = f"info@{DOMAIN}"
    ana.kanton.wait_for(lambda: delivered(ana, address), 40)
    page.goto("/mail/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Inbox")
    page.locator(".mail-line a").first.click()
    expect(page.locator("h1")).to_contain_text("Grüezi")
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("Anbei die Offerte")
    ana.snapshot("message")
    submit(page, "Reply")
    page.get_by_label("Message").fill("Merci vielmal")
    submit_and_leave(page, "Send the message")
    server = ana.kanton.endpoints["imap"]
    client = imaplib.IMAP4(server["host"], server["port"], timeout=120)
    client.starttls(ssl_context=trusting())
    client.login(address, "Kiesel-Fjord-88-Lampe")
    client.select("Sent", readonly=True)
    kept = client.search(None, "SUBJECT", "Re:")[1][0]
    client.logout()
    assert len(kept.split()) == 1


def trusting() -> ssl.SSLContext:
    """TLS with the certificate that the installation made for itself."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def delivered(reader: Reader, address: str) -> bool:
    """Send a message from outside; False while the address is not ready."""
    message = EmailMessage()
    message["From"], message["To"] = "Lea Frei <lea@outside.example>", address
    message["Subject"] = "Grüezi"
    message.set_content("Anbei die Offerte")
    message.add_alternative("<p>Anbei die Offerte</p><img src='https://track.example/x.gif'>", subtype="html")
    server = reader.kanton.endpoints["smtp"]
    with smtplib.SMTP(server["host"], server["port"], timeout=120) as client:
        try:
            client.sendmail("lea@outside.example", [address], bytes(message))
        except smtplib.SMTPRecipientsRefused:
            return False
    return True


def invite(ana: Reader, browser: Browser) -> Reader:
    """Step 5: a colleague who may use this one mailbox and sees nothing else."""
    page = ana.page
    go(page, "/o/acme/people/invite")
    page.get_by_label("E-mail address").fill(BEN)
    page.locator("details.accordion").evaluate_all("all => all.forEach((each) => { each.open = true })")
    box = page.locator("fieldset", has_text=f"info@{DOMAIN}")
    box.get_by_label(re.compile("send", re.I)).first.check()
    submit(page, "Send the invitation")
    ben = Reader(browser, ana.kanton, BEN)
    ben.page.goto(ben.link_from_mail(r"invitations/\S+"))
    ben.snapshot("invitation")
    submit(ben.page, re.compile("account|register", re.I))
    ben.page.get_by_label("First name").fill("Ben")
    ben.page.get_by_label("Last name").fill("Moser")
    ben.page.get_by_label("Password", exact=True).fill(PASSWORD)
    ben.page.get_by_label("Mobile number").fill("+41 79 765 43 21")
    submit_and_leave(ben.page, re.compile("Create the account"))
    if ben.page.url.endswith("login"):
        sign_in(ben)
    go(ben.page, "/mail/")
    expect(ben.page.locator(".mail-line")).to_have_count(1)
    statuses = {}
    for path in (
        "domains",
        f"domains/{DOMAIN}",
        "people",
        "invoices",
        "prepaid",
        "settings/edit",
        "activity",
    ):
        answer = ben.page.goto(f"/o/acme/{path}")
        assert answer is not None
        statuses[path] = answer.status
    assert statuses["domains"] == 200 and DOMAIN not in ben.page.content()
    refused = {path: status for path, status in statuses.items() if path != "domains"}
    assert set(refused.values()) <= {403, 404}, refused
    answer = ben.page.goto("/o/acme-ag/")
    assert answer is not None and answer.status == 404
    return ben


def use_the_api(ana: Reader) -> None:
    """Step 6: a personal token; the envelope, the zone, an error."""
    page = ana.page
    go(page, "/account/tokens/new")
    page.get_by_label("Name", exact=True).fill("Journey")
    page.get_by_label("Your login password").fill(PASSWORD)
    submit(page, "Create the token")
    secret = page.locator("main code, main [data-copy]").first.inner_text().strip()
    headers = {"Authorization": f"Bearer {secret}"}
    exists = page.request.get(f"/2/zones/{DOMAIN}/exists", headers=headers)
    assert exists.json() == {"result": "success", "data": True}
    foreign = page.request.get("/2/zones/acme.example/exists", headers=headers)
    assert (foreign.status, foreign.json()["error"]["code"]) == (404, "object_not_found")
    assert page.request.get(f"/2/zones/{DOMAIN}", headers={"Authorization": "Bearer no"}).status == 401
    profile = page.request.get("/2/profile", headers=headers).json()
    assert profile["data"]["login"] == ANA


def read_the_story(ana: Reader) -> None:
    """Step 7: the activity tells who did what, and the chain verifies."""
    page = ana.page
    go(page, "/o/acme/activity")
    ana.snapshot("activity")
    told = page.locator("main").inner_text()
    assert "Ana Keller invited" in told and "Ben Moser joined" in told
    checked = ana.kanton.run("activity", "verify")
    assert checked.returncode == 0, checked.stdout + checked.stderr


DOMAIN = "acme-journey.example"


@pytest.mark.engine("chromium")
@pytest.mark.spec(
    "ACC-1", "ACC-6", "ORG-1", "ORG-2", "ORG-14", "BIL-50", "BIL-51", "DOM-1", "DOM-34", "MAIL-24", "API-9"
)
def test_a_stranger_becomes_a_customer(kanton: Installation, browser: Browser) -> None:
    ana = Reader(browser, kanton, ANA)
    register(ana)
    give_address(ana)
    buy(ana)
    edit_zone(ana)
    get_mail(ana)
    invite(ana, browser)
    use_the_api(ana)
    read_the_story(ana)
