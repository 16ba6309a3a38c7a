"""The DNS zone in a real browser, with the worker and the name server of the running product: done means
answered.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import dns.message
import dns.query
import dns.rcode
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kanton.testing_browser import CHROMIUM, PATIENCE, chromium, new_context
from kanton.ui import build
from tests.journeys.test_running import Installation, installation

pytestmark = [
    pytest.mark.engine("chromium"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium"),
]

ZONE = "acme.example"
ROOT = "/o/acme-ag/domains"
AXE = build.MODULES / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def kanton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The product with its demo customers; Acme has a domain."""
    with installation(tmp_path_factory.mktemp("dns") / "home", KANTON_DEMO="true") as made:
        made.start()
        made.wait_for(lambda: answered(made, ZONE, "SOA")[0] == dns.rcode.NOERROR)
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def answered(kanton: Installation, name: str, kind: str) -> tuple[int, set[str]]:
    """What the name server answers: its code, and the records."""
    question = dns.message.make_query(f"{name}.", kind)
    port = kanton.endpoints["dns"]["port"]
    answer = dns.query.udp(question, "127.0.0.1", port=port, timeout=60)
    return answer.rcode(), {rdata.to_text() for rrset in answer.answer for rdata in rrset}


def session(browser: Browser, kanton: Installation, **options: Any) -> BrowserContext:
    """A browser in which Ana of Acme is signed in."""
    web = kanton.endpoints["web"]
    login = next(one for one in kanton.endpoints["logins"] if one["login"].startswith("ana@"))
    context = new_context(
        browser, base_url=web, **{"locale": "en", "viewport": {"width": 1280, "height": 900}, **options}
    )
    page = context.new_page()
    page.goto("/login")
    page.locator("input[name=email], input[name=login]").first.fill(login["login"])
    page.locator("input[type=password]").first.fill(login["password"])
    page.locator("main form button[type=submit], form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/o/|/account"))
    page.close()
    return context


def will_be(page: Page, word: str) -> None:
    """The state beside the title turns into this word by itself."""
    expect(page.locator(".page-state .wish")).to_contain_text(word, timeout=PATIENCE)


@pytest.mark.spec("DOM-32", "DOM-34", "DOM-39")
def test_a_record_is_done_when_the_name_server_answers_it_and_undo_takes_it_back(
    kanton: Installation, browser: Browser
) -> None:
    context = session(browser, kanton)
    page = context.new_page()
    page.goto(f"{ROOT}/{ZONE}/dns")
    page.get_by_role("link", name="Add a record").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Name", exact=False).first.fill("fresh")
    dialog.get_by_label("Address").fill("192.0.2.300")
    dialog.get_by_role("button", name="Save the record").click()
    expect(dialog).to_contain_text("is not an IPv4 address")
    dialog.get_by_label("Address").fill("192.0.2.77")
    # The panel says beforehand what will happen.
    expect(dialog).to_contain_text("fresh A 192.0.2.77")
    dialog.get_by_role("button", name="Save the record").click()
    expect(page.locator("table")).to_contain_text("192.0.2.77")
    will_be(page, "Done")
    assert answered(kanton, f"fresh.{ZONE}", "A") == (dns.rcode.NOERROR, {"192.0.2.77"})
    page.locator("tr", has_text="192.0.2.77").get_by_role("link", name="fresh").click()
    page.get_by_label("Address").fill("192.0.2.78")
    page.get_by_role("button", name="Save the record").click()
    expect(page.locator("table")).to_contain_text("192.0.2.78")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("table")).to_contain_text("192.0.2.77")
    will_be(page, "Done")
    assert answered(kanton, f"fresh.{ZONE}", "A") == (dns.rcode.NOERROR, {"192.0.2.77"})
    page.goto(f"{ROOT}/{ZONE}/dns/history")
    expect(page.locator("table")).to_contain_text("Earlier version brought back")
    context.close()


@pytest.mark.spec("DOM-39", "DOM-43")
def test_the_main_paths_work_without_javascript(kanton: Installation, browser: Browser) -> None:
    context = session(browser, kanton, java_script_enabled=False)
    page = context.new_page()
    page.goto(ROOT)
    page.get_by_role("link", name=ZONE, exact=True).click()
    page.get_by_role("link", name="Edit the DNS zone").click()
    page.get_by_role("link", name="Add a record").click()
    page.get_by_role("link", name="TXT", exact=True).click()
    page.get_by_label("Name", exact=False).first.fill("plain")
    page.get_by_label("Text").fill('say "hello"')
    page.get_by_role("button", name="Save the record").click()
    expect(page.locator("table")).to_contain_text('say "hello"')
    until = time.monotonic() + 240
    while answered(kanton, f"plain.{ZONE}", "TXT")[1] != {'"say \\"hello\\""'}:
        assert time.monotonic() < until
        time.sleep(0.1)
    page.goto(f"{ROOT}/{ZONE}/dns/import")
    text = page.get_by_label("Zone file").input_value()
    lines = [line for line in text.replace("\r", "").split("\n") if not line.startswith("plain ")]
    page.get_by_label("Zone file").fill("\n".join(lines))
    page.get_by_role("button", name="Show the differences").click()
    expect(page.locator("main")).to_contain_text(f"plain.{ZONE} TXT")
    page.get_by_role("button", name="Save these changes").click()
    expect(page.locator("table")).not_to_contain_text('say "hello"')
    until = time.monotonic() + 240
    while answered(kanton, f"plain.{ZONE}", "TXT")[0] != dns.rcode.NXDOMAIN:
        assert time.monotonic() < until
        time.sleep(0.1)
    context.close()


@pytest.mark.spec("DOM-40")
def test_the_second_of_two_windows_is_told_what_the_first_has_changed(
    kanton: Installation, browser: Browser
) -> None:
    context = session(browser, kanton)
    first, second = context.new_page(), context.new_page()
    for page, name in ((first, "early"), (second, "late")):
        page.goto(f"{ROOT}/{ZONE}/dns/add?type=A")
        page.get_by_label("Name", exact=False).first.fill(name)
        page.get_by_label("Address").fill("192.0.2.40")
    first.get_by_role("button", name="Save the record").click()
    expect(first.locator("table")).to_contain_text("early")
    second.get_by_role("button", name="Save the record").click()
    expect(second.locator("main")).to_contain_text("early A 192.0.2.40")
    assert answered(kanton, f"late.{ZONE}", "A")[0] == dns.rcode.NXDOMAIN
    context.close()


def test_the_search_closes_at_the_first_escape_and_gives_the_focus_back(
    kanton: Installation, browser: Browser
) -> None:
    context = session(browser, kanton)
    page = context.new_page()
    page.goto(ROOT)
    before = page.locator(".page-actions > .menu > summary")
    before.focus()
    page.keyboard.press("Control+k")
    expect(page.locator("#search input")).to_be_focused()
    page.keyboard.type("inv")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).to_be_hidden()
    expect(before).to_be_focused()
    context.close()


def test_the_tab_of_the_page_is_in_sight_on_a_phone(kanton: Installation, browser: Browser) -> None:
    context = session(browser, kanton, viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto(f"{ROOT}/{ZONE}/check")
    tab = page.locator(".tabs [aria-current]")
    expect(tab).to_be_in_viewport(ratio=1)
    assert page.locator(".tabs").evaluate("row => row.scrollLeft") > 0, "it was out of sight before"
    context.close()


PAGES = (
    "",
    f"/{ZONE}",
    f"/{ZONE}/dns",
    f"/{ZONE}/dns/add?type=SRV",
    f"/{ZONE}/dns/history",
    f"/{ZONE}/dns/import",
    f"/{ZONE}/nameservers",
    f"/{ZONE}/contacts",
    f"/{ZONE}/check",
)


@pytest.mark.skipif(not AXE.exists(), reason="needs the front end's tools: python -m kanton.ui.build")
@pytest.mark.parametrize(
    ("scheme", "width", "language"), [("light", 1280, "en"), ("dark", 1280, "fr"), ("light", 320, "de")]
)
def test_every_page_is_clean_for_axe_and_fits(
    kanton: Installation, browser: Browser, scheme: str, width: int, language: str
) -> None:
    context = session(
        browser, kanton, color_scheme=scheme, viewport={"width": width, "height": 800}, locale=language
    )
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    for path in PAGES:
        page.goto(ROOT + path)
        page.evaluate(AXE.read_text())
        found = page.evaluate(
            "async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html)])"
        )
        assert found == [], path
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
    assert said == []
    context.close()
