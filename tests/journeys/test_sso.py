"""Single sign-on in a real browser: Kanton, an identity provider of its own process, and the people between them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from kanton.organizations.sso.tests.provider import CLIENT_ID, CLIENT_SECRET
from kanton.testing_browser import CHROMIUM, chromium, new_context
from tests.journeys.test_dns_console import session
from tests.journeys.test_running import Installation, installation

pytestmark = [
    pytest.mark.engine("chromium"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium"),
]

SETTINGS = "/o/acme-ag/sso"
USERS = {
    "ana@acme.example": {"sub": "subject-ana", "email": "ana@acme.example", "groups": ["board"]},
    "lea@acme.example": {
        "sub": "subject-lea",
        "email": "lea@acme.example",
        "given_name": "Lea",
        "family_name": "Roth",
        "groups": ["kanton-admins"],
    },
}


@pytest.fixture(scope="module")
def kanton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The product with its demo customers; providers on this machine are allowed."""
    home = tmp_path_factory.mktemp("sso") / "home"
    with installation(home, KANTON_DEMO="true", KANTON_SSO_PRIVATE_NETWORKS="true") as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Acme ID, a process with a sign-in page of its own."""
    source = str(Path(__file__).parents[2] / "src")
    process = subprocess.Popen(
        [sys.executable, "-m", "kanton.organizations.sso.tests.provider"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": source},
    )
    assert process.stdout is not None
    issuer = process.stdout.readline().strip()
    tell(issuer, users=USERS)
    try:
        yield issuer
    finally:
        process.terminate()
        process.wait(timeout=120)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def tell(issuer: str, **state: object) -> None:
    """Tell the provider how to behave."""
    data = json.dumps(state).encode()
    urllib.request.urlopen(urllib.request.Request(f"{issuer}/control", data=data, method="POST"), timeout=120)


def at_the_provider(page: Page) -> None:
    """Sign in on its page."""
    expect(page.get_by_role("heading", name="Acme ID")).to_be_visible()
    page.get_by_role("button", name="Sign in at Acme").click()


@pytest.mark.spec("ACC-112", "ACC-114", "ACC-116", "ACC-117", "ACC-119")
def test_from_the_settings_to_the_first_sign_in_and_out(
    kanton: Installation, provider: str, browser: Browser
) -> None:
    ana = session(browser, kanton)
    page = ana.new_page()
    page.goto(SETTINGS)
    web = kanton.endpoints["web"]
    expect(page.get_by_text(f"{web}/login/sso/acme-ag/callback")).to_be_visible()
    # Acme's domain is with this provider, in Acme's own hands: no record is needed.
    page.goto(f"{SETTINGS}/domains")
    page.get_by_label("E-mail domain").fill("acme.example")
    page.get_by_role("button", name="Add the domain").click()
    page.wait_for_url(f"**{SETTINGS}")
    expect(page.locator("main")).to_contain_text("acme.example")
    expect(page.locator("main .badge", has_text="proven")).to_be_visible()

    page.goto(f"{SETTINGS}/provider")
    page.get_by_label("Discovery address or issuer").fill(provider)
    page.get_by_label("Client id").fill(CLIENT_ID)
    page.get_by_label("Client secret").first.fill(CLIENT_SECRET)
    page.get_by_role("button", name="Connect the provider").click()
    page.wait_for_url(f"**{SETTINGS}")
    page.get_by_role("button", name="Test the sign-in").click()
    at_the_provider(page)
    expect(page.locator("main")).to_contain_text("The test was successful")
    page.goto(f"{SETTINGS}/rules")
    page.get_by_label("Rules").fill("kanton-admins = administrator")
    page.get_by_role("button", name="Save the rules").click()
    page.wait_for_url(f"**{SETTINGS}")
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator(".page-state, header").filter(has_text="On").first).to_be_visible()

    # Lea, on her phone, for the first time.
    phone = new_context(browser, base_url=web, locale="en", viewport={"width": 390, "height": 844})
    lea = phone.new_page()
    lea.goto("/login")
    lea.get_by_role("link", name="Sign in with SSO").click()
    lea.get_by_label("E-mail address at work").fill("lea@acme.example")
    lea.get_by_role("button", name="Continue").click()
    at_the_provider(lea)
    lea.wait_for_url(re.compile(r"/o/acme-ag/"))
    people = lea.goto("/o/acme-ag/people")
    assert people is not None and people.status == 200  # an administrator, by the rule

    # The organization ends all sessions; whoever is disabled at the provider does not come back.
    page.goto(SETTINGS)
    expect(page.locator("main")).to_contain_text("lea@acme.example")
    page.get_by_role("button", name="End all these sessions").click()
    lea.goto("/account/")
    expect(lea).to_have_url(re.compile(r"/login\?next="))
    tell(provider, users=USERS | {"lea@acme.example": USERS["lea@acme.example"] | {"disabled": True}})
    lea.goto("/login/sso")
    lea.get_by_label("E-mail address at work").fill("lea@acme.example")
    lea.get_by_role("button", name="Continue").click()
    at_the_provider(lea)
    expect(lea.locator("main")).to_contain_text("access_denied")

    # Back again, and out: also at the provider.
    tell(provider, users=USERS)
    lea.goto("/login/sso?next=/account/security")
    lea.get_by_label("E-mail address at work").fill("lea@acme.example")
    lea.get_by_role("button", name="Continue").click()
    at_the_provider(lea)
    lea.wait_for_url("**/account/security")
    expect(lea.locator("main")).to_contain_text("You sign in through Acme AG as lea@acme.example.")
    lea.evaluate("document.querySelector('form[action$=\"/logout\"]').requestSubmit()")
    expect(lea.locator("body")).to_contain_text("Signed out at Acme ID")
    phone.close()
    ana.close()
