"""The Authenticator in two browsers: a computer that signs in, and a phone that approves, refuses, and shows codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kanton.testing_browser import CHROMIUM, PATIENCE, chromium, new_context
from kanton.ui import build
from tests.journeys.test_running import Installation, installation

pytestmark = [
    pytest.mark.engine("chromium"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium"),
]

AXE = build.MODULES / "axe-core" / "axe.min.js"
APP = "/authenticator/"


@pytest.fixture(scope="module")
def kanton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The product with its demo customers."""
    with installation(tmp_path_factory.mktemp("phone") / "home", KANTON_DEMO="true") as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the phone's camera sees."""
    return tmp_path_factory.mktemp("camera") / "film.mjpeg"


@pytest.fixture(scope="module")
def browser(film: Path) -> Iterator[Browser]:
    camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    with chromium(*camera, f"--use-file-for-fake-video-capture={film}") as found:
        yield found


def clean(page: Page) -> None:
    """Nothing for axe to complain about, and nothing wider than the screen."""
    if AXE.exists():
        page.evaluate(AXE.read_text())
        found = page.evaluate(
            "async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html)])"
        )
        assert found == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


class Desk:
    """A computer and a phone of the same person."""

    def __init__(self, browser: Browser, kanton: Installation, who: str) -> None:
        self.login = next(one for one in kanton.endpoints["logins"] if one["login"].startswith(f"{who}@"))
        self.errors: list[str] = []
        web = kanton.endpoints["web"]
        self.computer = self._context(
            browser, base_url=web, locale="en", viewport={"width": 1280, "height": 900}
        )
        self.phone = self._context(
            browser,
            base_url=web,
            locale="en",
            viewport={"width": 390, "height": 844},
            has_touch=True,
            is_mobile=True,
        )
        self.page, self.app = self.computer.new_page(), self.phone.new_page()

    def _context(self, browser: Browser, **options: object) -> BrowserContext:
        context = new_context(browser, **options)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        return context

    def sign_in(self, page: Page) -> None:
        """Address and password."""
        page.goto("/login")
        page.get_by_label("E-mail address").fill(self.login["login"])
        page.get_by_label("Password", exact=True).fill(self.login["password"])
        page.get_by_role("button", name="Sign in", exact=True).click()

    def prove_again(self) -> None:
        """The password once more, before something sensitive."""
        self.page.locator("input[type=password]").fill(self.login["password"])
        self.page.locator("main form button[type=submit], main form button:not([type])").first.click()

    def sign_out(self) -> None:
        """The computer is nobody's again."""
        self.computer.clear_cookies()

    def begin_to_link(self) -> None:
        """The computer shows the code, the phone asks for it."""
        self.page.goto("/account/authenticator")
        self.prove_again()
        expect(self.page.get_by_role("button", name="Next")).to_be_visible()
        clean(self.page)
        self.page.get_by_role("button", name="Next").click()
        expect(self.page.locator("#link-code")).to_be_visible()
        clean(self.page)
        self.app.goto(APP)
        self.app.get_by_role("button", name="Add an account").click()
        self.app.get_by_role("button", name=re.compile("Sign in on a computer")).click()

    def link_by_camera(self, film: Path) -> None:
        """The phone films the computer's screen."""
        self.begin_to_link()
        box = self.page.locator("svg.qr").bounding_box()
        assert box is not None
        seen = {"x": box["x"] - 50, "y": box["y"] - 10, "width": 320, "height": 240}
        film.write_bytes(self.page.screenshot(type="jpeg", quality=90, clip=seen))  # type: ignore[arg-type]
        self.phone.grant_permissions(["camera"])
        self.app.get_by_role("button", name="Continue").click()
        self.confirm()

    def link_by_code(self) -> None:
        """The code below the QR code, typed on the phone."""
        self.begin_to_link()
        code = self.page.locator("#link-code").inner_text()
        self.app.get_by_label("Code below the QR code").fill(code.lower())
        self.app.get_by_role("button", name="Type the code").click()
        self.confirm()

    def confirm(self) -> None:
        """The app says which account it is; the computer notices by itself, and shows a first method's backup codes."""
        expect(self.app.locator("h2")).to_contain_text(self.login["login"], timeout=PATIENCE)
        self.app.get_by_role("button", name="Authorize").click()
        expect(self.app.locator(".account")).to_contain_text(self.login["login"])
        expect(self.page.locator("h1")).to_have_text("Your backup codes")
        expect(self.page.locator(".codes li")).to_have_count(10)

    def close(self) -> None:
        self.computer.close()
        self.phone.close()
        assert self.errors == []


@pytest.mark.spec("ACC-84", "ACC-86", "ACC-88", "ACC-89", "ACC-90", "ACC-91")
def test_a_phone_is_linked_approves_refuses_shows_codes_and_is_removed(
    kanton: Installation, browser: Browser, film: Path
) -> None:
    desk = Desk(browser, kanton, "ana")
    page, app = desk.page, desk.app
    desk.sign_in(page)
    page.wait_for_url(re.compile(r"/o/"))
    desk.link_by_camera(film)
    page.goto("/account/two-factor")
    expect(page.locator(".phones li")).to_have_count(1)

    # Yes, with the number.
    desk.sign_out()
    desk.sign_in(page)
    number = page.locator(".match-number").inner_text()
    clean(page)
    expect(app.locator("h2")).to_have_text("Authorize this sign-in?")
    expect(app.locator("dl")).to_contain_text("127.0.0.1")
    clean(app)
    app.get_by_label("Number that the browser shows").fill(number)
    app.get_by_role("button", name="YES, authorize").click()
    expect(app.locator("#said")).to_contain_text("Authorized")
    page.wait_for_url(re.compile(r"/o/"))

    # No; and it was not me.
    desk.sign_out()
    desk.sign_in(page)
    expect(page.locator(".match-number")).to_be_visible()
    app.get_by_role("button", name="NO, refuse").click()
    expect(page.locator("main")).to_contain_text("Refused")
    expect(app.locator("h2")).to_have_text("The sign-in was refused.")
    app.get_by_role("button", name="This was not me").click()
    expect(app.get_by_role("link", name="Protect my account")).to_have_attribute(
        "href", re.compile(r"/account/protect\?after=sign-in$")
    )
    app.get_by_role("button", name="Back").click()

    # Without network the app opens and shows a code, which the sign-in page takes.
    app.evaluate("navigator.serviceWorker.ready.then(() => true)")
    desk.phone.set_offline(True)
    app.reload()
    expect(app.locator("#said")).to_contain_text("No network")
    expect(app.locator(".digits")).to_have_text(re.compile(r"^\d{3} \d{3}$"))
    code = app.locator(".code").get_attribute("data-code")
    assert code is not None
    page.get_by_text("Type a code instead").click()
    page.get_by_label("Code from the app").fill(code)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile(r"/o/"))
    desk.phone.set_offline(False)

    # No key can be read out of the app.
    keys = app.evaluate(
        """async () => {
        const open = await new Promise((done) => {
            const asked = indexedDB.open("kanton-authenticator");
            asked.onsuccess = () => done(asked.result);
        });
        const rows = await new Promise((done) => {
            const asked = open.transaction("accounts").objectStore("accounts").getAll();
            asked.onsuccess = () => done(asked.result);
        });
        const tried = [];
        for (const row of rows)
            for (const [name, format] of [["key", "pkcs8"], ["codes", "raw"]])
                tried.push(await crypto.subtle.exportKey(format, row[name]).then(() => "out", () => "kept"));
        return tried.concat(Object.keys(rows[0]).includes("secret") ? ["out"] : []);
        }"""
    )
    assert keys == ["kept", "kept"]

    # Removed on the web, it disappears from the phone.
    page.goto("/account/two-factor")
    page.get_by_role("link", name=re.compile("^Remove")).click()
    desk.prove_again()
    expect(page.locator("main")).to_contain_text("Two-factor authentication is turned off")
    page.get_by_role("button", name="Remove the phone").click()
    page.wait_for_url(re.compile(r"/account/two-factor$"))
    expect(app.locator("main")).to_contain_text("No account yet")
    expect(app.locator("#said")).to_contain_text("was removed from this phone")
    desk.sign_out()
    desk.sign_in(page)
    page.wait_for_url(re.compile(r"/o/"))
    desk.close()


@pytest.mark.spec("ACC-85")
def test_a_phone_is_linked_by_signing_in_on_it_and_the_computer_works_without_javascript(
    kanton: Installation, browser: Browser
) -> None:
    desk = Desk(browser, kanton, "ben")
    app = desk.app
    app.goto(APP)
    app.get_by_role("button", name="Add an account").click()
    app.get_by_role("button", name=re.compile("Sign in on this phone")).click()
    app.get_by_label("E-mail address").fill(desk.login["login"])
    app.get_by_label("Password", exact=True).fill(desk.login["password"])
    app.get_by_role("button", name="Sign in", exact=True).click()
    app.get_by_role("button", name="Authorize").click()
    app.wait_for_url(re.compile(r"/authenticator/"))
    app.get_by_role("button", name="Authorize").click()
    expect(app.locator(".codes li")).to_have_count(10)
    app.get_by_role("button", name="I have stored them").click()
    expect(app.locator(".account")).to_contain_text(desk.login["login"])
    plain = desk._context(browser, base_url=kanton.endpoints["web"], locale="en", java_script_enabled=False)
    page = plain.new_page()
    desk.sign_in(page)
    number = page.locator(".match-number").inner_text()
    app.get_by_label("Number that the browser shows").fill(number)
    app.get_by_role("button", name="YES, authorize").click()
    expect(app.locator("#said")).to_contain_text("Authorized")
    page.get_by_role("button", name="I have answered").click()
    page.wait_for_url(re.compile(r"/o/"))
    plain.close()
    desk.close()


@pytest.mark.spec("ACC-88")
def test_a_push_shows_a_notification_from_which_one_refuses(kanton: Installation, browser: Browser) -> None:
    """The app is not looking: the service worker asks what there is, and NO needs no app."""
    desk = Desk(browser, kanton, "zoe")
    page, app = desk.page, desk.app
    desk.sign_in(page)
    page.wait_for_url(re.compile(r"/o/"))
    page.goto("/account/language")  # Zoe reads German, this test English
    page.locator("main select[name=language]").select_option("en")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/account/$"))
    desk.link_by_code()
    desk.phone.grant_permissions(["notifications"])
    app.evaluate("navigator.serviceWorker.ready.then(() => true)")
    device = app.locator(".account").get_attribute("data-device")
    worker = desk.phone.service_workers[0]
    app.goto("/ui/look-away-from-the-app")
    desk.sign_out()
    desk.sign_in(page)
    expect(page.locator(".match-number")).to_be_visible()
    # Asking Chromium what it shows while it is about to show something can lose it for good: wait for the promise.
    [[title, body, actions]] = worker.evaluate(
        """async device => {
            const shown = new Promise((resolve, reject) => {
                const show = self.registration.showNotification.bind(self.registration);
                self.registration.showNotification = (...told) => show(...told).then(resolve, reject);
            });
            self.dispatchEvent(new PushEvent("push", {data: JSON.stringify({v: 1, device, kind: "request"})}));
            await shown;
            const found = await self.registration.getNotifications();
            return found.map((one) => [one.title, one.body, one.actions.map((act) => act.action)]);
        }""",
        device,
    )
    assert (title, actions) == ("Authorize this sign-in?", ["yes", "no"])
    assert desk.login["login"] in body and "Chrome" in body and "127.0.0.1" in body
    worker.evaluate(
        """async () => {
            const [notification] = await self.registration.getNotifications();
            self.dispatchEvent(new NotificationEvent("notificationclick", {notification, action: "no"}));
        }"""
    )
    expect(page.locator("main")).to_contain_text("Refused")
    desk.close()


@pytest.mark.skipif(not AXE.exists(), reason="needs the front end's tools: python -m kanton.ui.build")
@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 390, "en"), ("dark", 320, "de")])
def test_the_app_is_clean_for_axe_and_fits(
    kanton: Installation, browser: Browser, scheme: str, width: int, language: str
) -> None:
    context = new_context(
        browser,
        base_url=kanton.endpoints["web"],
        locale=language,
        color_scheme=scheme,
        viewport={"width": width, "height": 700},
    )
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(APP)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    for step in (".plus", ".choice:nth-of-type(2)"):
        clean(page)
        page.locator(step).click()
    assert all(url.startswith(kanton.endpoints["web"]) for url in asked), "no third party"
    context.close()
