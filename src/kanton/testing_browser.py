"""Chromium in tests: where it is, how it is started, and how patient we are with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
# Milliseconds. Several browsers may share two cores: a page may take its time. How fast it is, is measured in bench/.
PATIENCE = 120_000

expect.set_options(timeout=PATIENCE)


@contextmanager
def chromium(*more_flags: str) -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *more_flags], timeout=PATIENCE
        )
        try:
            yield browser
        finally:
            browser.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Somebody's browser, with cookies of their own."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    return context


def settle(page: Page) -> None:
    """Wait until the page stands: its scripts have begun, its fonts are there, and no part of it is being fetched."""
    page.wait_for_function(
        """() => document.readyState === 'complete'
            && document.fonts.status === 'loaded'
            && !document.querySelector('.htmx-request')"""
    )
