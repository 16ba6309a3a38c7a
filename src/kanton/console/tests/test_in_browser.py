"""The console in a real browser: the search box, the bell, the tour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from kanton.accounts.models import Person
from kanton.accounts.recovery.models import Proven
from kanton.organizations.models import Organization
from kanton.testing import PASSWORD
from kanton.testing_browser import new_context, settle
from kanton.ui.tests import test_in_browser as ui

pytestmark = ui.pytestmark
browser = ui.browser


@pytest.fixture
def page(browser: Any, live_server: Any, ana: Person, acme: Organization) -> Iterator[Any]:
    """Ana on the start page of Acme, in a browser that does not say it is driven by a program."""
    # Without a proven way back something would wait for her.
    Person.objects.filter(pk=ana.pk).update(recovery_email="ana@home.example")
    Proven.objects.create(person=ana, recovery_email="ana@home.example")
    context = new_context(browser, viewport={"width": 1280, "height": 860})
    context.add_init_script("Object.defineProperty(navigator, 'webdriver', { get: () => false })")
    page: Any = context.new_page()
    page.said = ui.problems(page)
    page.goto(f"{live_server.url}/login")
    page.fill("input[name=email]", ana.email)
    page.fill("input[type=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/o/acme/")
    yield page
    context.close()


@pytest.mark.spec("ORG-103")
def test_the_tour_opens_by_itself_once_and_again_from_the_help(page: Any) -> None:
    page.wait_for_selector("dialog.tour")
    assert ui.violations(page) == []
    steps = 1
    while page.locator("dialog.tour .button.is-primary").inner_text() != "Done":
        page.locator("dialog.tour .button.is-primary").click()
        steps += 1
    page.locator("dialog.tour .button.is-primary").click()
    assert steps >= 5 and page.locator("dialog.tour").count() == 0
    page.reload()
    settle(page)
    assert page.locator("dialog.tour").count() == 0
    page.locator(".help > summary").click()
    page.locator("[data-tour-steps]").click()
    assert page.locator("dialog.tour").is_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.tour")).to_have_count(0)
    assert page.said == []


def test_the_search_opens_by_keyboard_and_enter_opens_the_chosen_result(page: Any) -> None:
    page.wait_for_selector("dialog.tour")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("people")
    page.wait_for_selector("#search [role=option] >> text=People")
    assert ui.violations(page) == []
    page.keyboard.press("Enter")
    page.wait_for_url("**/o/acme/people")
    # The menu is longer than this window: its line for this page is brought into sight.
    page.set_viewport_size({"width": 1280, "height": 420})
    page.reload()
    expect(page.locator(".rail-nav [aria-current=page]")).to_be_in_viewport(ratio=1)
    assert page.said == []


def test_the_bell_asks_for_its_notices_when_it_opens(page: Any) -> None:
    page.wait_for_selector("dialog.tour")
    page.keyboard.press("Escape")
    page.locator(".notices > summary").click()
    page.wait_for_selector(".notice-list >> text=Nothing waits for you.")
    assert ui.violations(page) == []
    assert page.said == []
