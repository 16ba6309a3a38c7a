"""Second factors in a real browser: a one-time password app, backup codes, and a passkey that signs in alone.

The passkey lives in Chromium's virtual authenticator, and pages are opened as `localhost`, which browsers trust.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from kanton.accounts.factors import totp
from kanton.core import clock
from kanton.testing_browser import CHROMIUM, chromium, new_context
from kanton.ui import build
from tests.journeys.test_running import Installation, installation

pytestmark = [
    pytest.mark.engine("chromium"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium"),
]

LOGIN, PASSWORD = "ana@acme.example", "seven quiet cranes over Thun"
ON_PHONE = "ben@acme.example"  # somebody else, so that the tests may run in any order
AXE = build.MODULES / "axe-core" / "axe.min.js"
CUSTOMER = f"""
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.organizations.models import Membership, Organization

ana = Person.objects.create_user(
    "{LOGIN}", "{PASSWORD}", first_name="Ana", last_name="Keller", confirmed_at=clock.now(),
    recovery_email="ana@elsewhere.example", phone="+41791234567",
)
acme = Organization.objects.create(
    name="Acme", slug="acme", kind="company", street="Marktgasse 1", postal_code="3011", city="Bern"
)
Membership.objects.create(organization=acme, person=ana, role="owner")
ben = Person.objects.create_user(
    "{ON_PHONE}", "{PASSWORD}", first_name="Ben", last_name="Moser", confirmed_at=clock.now(),
    recovery_email="ben@elsewhere.example", phone="+41791234568",
)
Membership.objects.create(organization=acme, person=ben, role="owner")
"""


@pytest.fixture(scope="module")
def kanton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The product, with one customer."""
    with installation(tmp_path_factory.mktemp("factors") / "home") as made:
        made.start()
        done = made.run("manage", "shell", "-c", CUSTOMER)
        assert done.returncode == 0, done.stderr
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as found:
        yield found


def open_browser(browser: Browser, kanton: Installation, **options: Any) -> Page:
    """A browser that has never been here."""
    address = urlsplit(kanton.endpoints["web"])
    context = new_context(
        browser,
        base_url=f"http://localhost:{address.port}",
        **{"locale": "en", "viewport": {"width": 1280, "height": 900}, **options},
    )
    return context.new_page()


def with_authenticator(page: Page) -> None:
    """Give the browser a fingerprint reader that always agrees."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def give_password(page: Page) -> None:
    """Address and password."""
    page.goto("/login")
    page.get_by_label("E-mail address").fill(LOGIN)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm_again(page: Page) -> None:
    """The password once more."""
    page.get_by_label("Your login password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def expect_inside(page: Page) -> None:
    """Is somebody signed in?"""
    expect(page.locator(".avatar-menu > summary")).to_be_visible()


def is_sound(page: Page, name: str) -> None:
    """Nothing for axe to complain about, nothing wider than the page; and a picture for people who want to see."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [one["id"] for one in found["violations"]] == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    folder = Path("build/journey")
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def sign_out(page: Page) -> None:
    """Forget the session and every known browser."""
    page.context.clear_cookies()


@pytest.mark.spec("ACC-72", "ACC-77", "ACC-78", "ACC-79", "ACC-81", "ACC-9")
def test_app_backup_codes_and_passkey_from_set_up_to_sign_in(kanton: Installation, browser: Browser) -> None:
    page = open_browser(browser, kanton)
    give_password(page)
    expect_inside(page)

    # An app for one-time passwords: what the QR code says is what the app computes with.
    page.goto("/2fa")
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-factor authentication")
    is_sound(page, "factors-off")
    page.goto("/account/two-factor/app")
    is_sound(page, "factors-again")
    confirm_again(page)
    said = page.locator("a:has(img.qr)").get_attribute("href") or ""
    secret = parse_qs(urlsplit(said).query)["secret"][0]
    is_sound(page, "factors-app")
    step = totp.step_at(clock.now())
    page.get_by_label("Code").fill(totp.code_at(secret, step))
    page.get_by_role("button", name="Set up the app").click()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    is_sound(page, "factors-codes")
    with page.expect_download() as loading:
        page.get_by_role("button", name="Download as text").click()
    assert all(code in Path(loading.value.path()).read_text() for code in codes)

    # Signing in wants it from now on.
    sign_out(page)
    give_password(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("One-time password app")
    is_sound(page, "step-app")
    # A code that was not taken yet; the one of the next half minute is taken too.
    page.get_by_label("Code").fill(totp.code_at(secret, max(step + 1, totp.step_at(clock.now()))))
    page.get_by_role("button", name="Continue").click()
    expect_inside(page)

    # Without the phone: another method, a backup code, which works once.
    for message in ("", "not right"):
        sign_out(page)
        give_password(page)
        page.get_by_role("link", name="Use another method").click()
        is_sound(page, "step-others")
        page.get_by_role("link", name="Backup code").click()
        page.get_by_label("Backup code").fill(codes[0])
        page.get_by_role("button", name="Continue").click()
        if message:
            expect(page.locator("main")).to_contain_text(message)
        else:
            expect_inside(page)
    page.get_by_label("Backup code").fill(codes[1])
    page.get_by_role("button", name="Continue").click()
    expect_inside(page)

    # A passkey beside the app.
    with_authenticator(page)
    page.goto("/account/two-factor/key")
    confirm_again(page)
    page.get_by_label("Name").fill("Work laptop")
    is_sound(page, "factors-key")
    page.get_by_role("button", name="Set up the passkey").click()
    row = page.locator("tr", has_text="Work laptop")
    expect(row).to_contain_text("signing in without password")
    is_sound(page, "factors-on")

    # It is a complete sign-in, offered by the browser itself under the address field: no password, no second step.
    sign_out(page)
    page.goto("/login?next=/account/two-factor")
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-factor authentication")

    # It proves the second step, where the browser does not offer it by itself,
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    sign_out(page)
    give_password(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Passkey or security key")
    is_sound(page, "step-key")
    page.get_by_role("button", name="Use the passkey or key").click()
    expect_inside(page)

    # a person inside a session,
    page.goto("/account/two-factor/backup-codes")
    page.get_by_role("link", name="Confirm with passkey or security key").click()
    page.get_by_role("button", name="Confirm with passkey or security key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Make new backup codes")

    # and signs in alone by the button.
    sign_out(page)
    page.goto("/login?next=/account/two-factor")
    is_sound(page, "sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-factor authentication")

    page.context.close()


@pytest.mark.spec("ACC-98")
def test_the_pages_on_a_phone_in_german_and_dark(kanton: Installation, browser: Browser) -> None:
    page = open_browser(
        browser,
        kanton,
        viewport={"width": 390, "height": 844},
        locale="de",
        color_scheme="dark",
        has_touch=True,
        is_mobile=True,
    )
    page.goto("/login")
    is_sound(page, "phone-sign-in")
    page.goto("/unlock")
    is_sound(page, "phone-unlock")
    done = kanton.run(
        "manage",
        "shell",
        "-c",
        "from allauth.mfa.models import Authenticator; from kanton.accounts.models import Person;"
        f"from kanton.core import secrets; ben = Person.objects.get(email='{ON_PHONE}'); ben.language = 'de';"
        "ben.save();"
        "Authenticator.objects.filter(user=ben, type='totp').delete();"
        "Authenticator.objects.create(user=ben, type='totp',"
        " data={'secret': secrets.encrypt('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP')})",
    )
    assert done.returncode == 0, done.stderr
    page.goto("/login")
    page.locator("input[name=email]").fill(ON_PHONE)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form:has(input[name=password]) button.is-primary").click()
    page.goto("/login/code")
    is_sound(page, "phone-step-app")
    code = totp.code_at("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", totp.step_at(clock.now()) + 1)
    page.locator("input[name=code]").fill(code)
    page.locator("input[name=trust]").check()
    page.locator("main form button.is-primary").click()
    expect(page).not_to_have_url(re.compile("/login"))
    for path, name in (
        ("/account/security", "phone-security"),
        ("/account/two-factor", "phone-factors"),
        ("/account/access", "phone-access"),
        ("/account/access/wishes", "phone-wishes"),
    ):
        page.goto(path)
        is_sound(page, name)
    page.context.close()
