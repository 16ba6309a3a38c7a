"""The style guide in a real browser: axe finds nothing, nothing overflows, the scripts do what they promise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from kanton.testing_browser import CHROMIUM, chromium, new_context, settle
from kanton.ui import build

AXE = build.MODULES / "axe-core" / "axe.min.js"

pytestmark = [
    pytest.mark.engine("chromium"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium"),
    pytest.mark.skipif(not AXE.exists(), reason="needs the front end's tools: python -m kanton.ui.build"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    build.build()
    # Playwright keeps an event loop in this thread, which Django would take for asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with chromium() as made:
        yield made
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def address(live_server: Any) -> Iterator[str]:
    with override_settings(DEBUG=True):
        yield str(live_server.url)


def violations(page: Any) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html)])"
    )
    return [f"{rule}: {html[:200]}" for rule, nodes in found for html in nodes]


def problems(page: Any) -> list[str]:
    """What the page complains about while it works; filled as it goes."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    return said


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_style_guide_is_clean_for_axe_in_both_themes(
    browser: Any, address: str, scheme: str, width: int
) -> None:
    context = new_context(browser, viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    said = problems(page)
    page.goto(f"{address}/ui")
    settle(page)
    assert page.locator("[role=option], .stat").count() > 3, "the page is there"
    assert violations(page) == []
    assert said == []
    context.close()


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_nothing_overflows_at_320_pixels_in_any_language(browser: Any, address: str, language: str) -> None:
    context = new_context(browser, viewport={"width": 320, "height": 700}, locale=language)
    context.add_cookies([{"name": "kanton_language", "value": language, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/ui")
    settle(page)
    assert page.evaluate("document.documentElement.lang") == language
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    context.close()


def test_a_filter_goes_into_the_address_and_only_the_table_changes(browser: Any, address: str) -> None:
    page: Any = new_context(browser).new_page()
    said = problems(page)
    page.goto(f"{address}/ui")
    settle(page)
    page.evaluate("window.untouched = true")
    page.locator("#tables .table-tools summary").nth(1).click()
    page.locator("#tables .pop a", has_text="Failed").click()
    page.wait_for_url("**/ui?wish_state=failed")
    page.wait_for_selector("#tables .chip")
    assert page.locator("#tables tbody tr").count() == 1
    assert page.evaluate("window.untouched") is True
    page.go_back()
    page.locator("#tables tbody tr").nth(5).wait_for()
    assert page.locator("#tables tbody tr").count() == 6
    assert said == []
    page.context.close()


@pytest.mark.spec("ORG-101")
def test_a_check_box_selects_and_a_name_opens_both_by_keyboard(browser: Any, address: str) -> None:
    page: Any = new_context(browser).new_page()
    page.goto(f"{address}/ui")
    settle(page)
    box = page.locator("#tables tbody tr:first-child [name=selected]")
    link = page.locator("#tables tbody tr:first-child td:nth-child(2) a").first
    one, other = page.locator("#tables tbody tr:first-child .pick label").bounding_box(), link.bounding_box()
    assert one["x"] + one["width"] <= other["x"], "two targets that do not overlap"
    box.focus()
    page.keyboard.press("Space")
    assert box.is_checked() and page.url == f"{address}/ui"
    page.keyboard.press("Tab")
    assert link.evaluate("element => element === document.activeElement")
    page.evaluate("window.isOld = true")
    page.keyboard.press("Enter")
    page.wait_for_function("window.isOld === undefined")
    page.context.close()


def test_the_bulk_bar_counts_a_range_chosen_with_shift(browser: Any, address: str) -> None:
    page: Any = new_context(browser).new_page()
    page.goto(f"{address}/ui")
    settle(page)
    bar, boxes = page.locator("#tables [data-bulk-bar]"), page.locator("#tables [name=selected]")
    assert not bar.is_visible()
    boxes.nth(1).click()
    boxes.nth(3).click(modifiers=["Shift"])
    assert bar.is_visible() and "3 selected" in bar.inner_text()
    page.locator("#tables [data-all]").click()
    assert "6 selected" in bar.inner_text()
    page.context.close()


def test_menus_and_dialogs_work_by_keyboard(browser: Any, address: str) -> None:
    page: Any = new_context(browser).new_page()
    page.goto(f"{address}/ui")
    settle(page)
    page.locator(".page-actions > .menu > summary").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('.pop') !== null")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.locator("[data-opens=rename]").click()
    assert page.locator("#rename").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#rename").is_visible()
    page.context.close()


def test_the_theme_changes_at_once_and_stays(browser: Any, address: str) -> None:
    context = new_context(browser, color_scheme="light")
    page = context.new_page()
    page.goto(f"{address}/ui")
    settle(page)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator("form.choice button[value=dark]").first.evaluate("button => button.click()")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    context.close()


def test_without_script_menus_open_and_the_first_use_is_complete(browser: Any, address: str) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/ui")
    page.locator("#tables td.more summary").first.click()
    assert page.locator("#tables td.more .pop a").first.is_visible()
    assert page.locator("[data-bulk-bar]").first.is_visible(), (
        "without script the bulk actions are always there"
    )
    context.close()


def test_the_built_files_are_small() -> None:
    build.build()
    files = {path.name.split(".")[0] + path.suffixes[-2]: path for path in build.DIST.glob("kanton.*.gz")}
    assert files["kanton.js"].stat().st_size <= 60_000
    assert files["kanton.css"].stat().st_size <= 12_500


def test_a_second_build_has_nothing_to_do() -> None:
    build.build()
    assert build.is_current()
    assert build.build() is False
