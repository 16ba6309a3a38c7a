"""Every page of the role matrix in a real browser: axe finds nothing, and nothing is wider than a phone.

The pages come from the lines of the matrix, so that a new page is looked at as soon as it has its line. Django answers
in this process and Chromium draws what it said; only the style sheets are loaded. Colours are those of the style
guide, which its own test looks at in both themes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from kanton import testing_matrix as matrix
from kanton.core import throttle
from kanton.testing_matrix import Who
from kanton.ui import build

CHROMIUM = "/usr/bin/chromium"
AXE = build.MODULES / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
HERE = "http://console.test"
LANGUAGE = "de"  # the longest words
ENGLISH = "/api/docs"  # the one book that is written in English only

#: Mails and messages are documents of their own, shown in a frame.
FRAMES = ("/staff/mails/<int:number>/preview", "/mail/<int:mailbox>/messages/<int:uid>/body")

#: Puts a page in the place of the one before, which keeps the style sheets and axe, and tells what is wrong with it.
CHECK = """async ([html, language]) => {
  const told = [], root = document.documentElement, page = new DOMParser().parseFromString(html, "text/html");
  for (const each of page.querySelectorAll("script, iframe, object, embed")) each.remove();
  document.title = page.title;
  root.lang = page.documentElement.lang;
  root.className = page.documentElement.className;
  document.body.replaceWith(document.adoptNode(page.body));
  if (root.scrollWidth > root.clientWidth) told.push(`${root.scrollWidth} px wide`);
  if (document.querySelectorAll("h1").length !== 1) told.push("not one h1");
  if (root.lang !== language) told.push(`in ${root.lang}`);
  const where = document.querySelector("main") ?? document.body;
  const found = await axe.run(where, {
    resultTypes: ["violations"],
    elementRef: false,
    rules: {"color-contrast": {enabled: false}},
  });
  for (const each of found.violations)
    for (const node of each.nodes) told.push(`${each.id}: ${node.html.slice(0, 160)}`);
  return told;
}"""

pytestmark = [
    pytest.mark.engine("chromium"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium"),
    pytest.mark.skipif(not AXE.exists(), reason="needs the front end's tools: python -m kanton.ui.build"),
]


def pages() -> list[tuple[matrix.RequestLine, Who]]:
    """Each page once, with who may see it: Acme's owner, else the staff, else a visitor."""
    return [
        (line, next(who for who in (Who.OWNER, Who.STAFF, Who.SIGNED_OUT) if who in line.allowed))
        for line in matrix.lines()
        if isinstance(line, matrix.RequestLine)
        and not line.api
        and line.data is None
        and line.status == 200
        and line.route not in FRAMES
        and line.allowed & {Who.OWNER, Who.STAFF, Who.SIGNED_OUT}
    ]


def drawn(line: matrix.RequestLine, who: Who) -> bytes | None:
    """The page as this column gets it; None for files and for parts that a page asks for."""
    sid = transaction.savepoint()
    try:
        throttle.forget_everything()
        cast = matrix.Cast()
        line.prepare(cast)
        for person in cast.people.values():
            type(person).objects.filter(pk=person.pk).update(language=LANGUAGE)
            person.language = LANGUAGE
        cast.grant(line.right)
        client = cast.client(who)
        client.cookies["kanton_language"] = LANGUAGE
        answer = client.get(matrix.address(line.route, cast.places))
        if answer.streaming or answer.status_code != 200 or "html" not in answer["Content-Type"]:
            return None
        content: bytes = answer.content
        return content if b"<html" in content else None
    finally:
        transaction.savepoint_rollback(sid)


def style_sheets(pages: Iterable[bytes]) -> dict[str, bytes]:
    """What the pages ask for to look like something, by its path."""
    paths = {path.decode() for page in pages for path in re.findall(rb'<link[^>]+href="(/[^"]+\.css)"', page)}
    answers = {path: Client().get(path) for path in paths}
    return {
        path: b"".join(answer) if answer.streaming else answer.content for path, answer in answers.items()
    }


@pytest.fixture
def shown() -> dict[str, bytes]:
    """The pages by "route as column", drawn before there is a browser: its thread is no place for a database."""
    build.build()
    drawn_pages = {f"{line.route} as {who}": drawn(line, who) for line, who in pages()}
    return {name: content for name, content in drawn_pages.items() if content is not None}


@pytest.mark.django_db
def test_every_page_is_clean_for_axe_and_fits_a_phone(shown: dict[str, bytes]) -> None:
    from playwright.sync_api import sync_playwright

    assert len(shown) > 200, "most pages of the matrix were drawn"
    sheets = style_sheets(shown.values())
    told: dict[str, list[str]] = {}
    frame = "".join(f'<link rel="stylesheet" href="{path}">' for path in sheets)

    def answer(route: Any) -> None:
        path = route.request.url.removeprefix(HERE)
        if path == "/":
            route.fulfill(body=f"<!doctype html>{frame}", content_type="text/html; charset=utf-8")
        elif path in sheets:
            route.fulfill(body=sheets[path], content_type="text/css")
        else:
            route.abort()

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": 390, "height": 844})
        page.route("**/*", answer)
        page.goto(f"{HERE}/", wait_until="load")
        page.evaluate(AXE.read_text())
        for name, content in shown.items():
            if wrong := page.evaluate(
                CHECK, [content.decode(), "en" if name.startswith(ENGLISH) else LANGUAGE]
            ):
                told[name] = wrong
        chromium.close()
    assert told == {}
