"""Components and the frame."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, override_settings

from kanton.config import overriding
from kanton.core import clock
from kanton.core.wish import WishState
from kanton.ui import build, components, frame, kept, shell
from kanton.ui.tests.factories import a_request


def wish(state: WishState, seconds: int = 12, **more: str) -> Any:
    return SimpleNamespace(
        wish_state=state,
        wish_reason=more.get("reason", ""),
        wish_remedy=more.get("remedy", ""),
        wished_at=clock.now() - dt.timedelta(seconds=seconds),
        wish_age_seconds=seconds,
    )


def test_a_done_wish_is_a_word_with_an_icon() -> None:
    shown = components.wish(wish(WishState.DONE))
    assert "Done" in shown and "#circle-filled" in shown and "<details" not in shown


def test_a_pending_wish_tells_its_age_and_asks_again_only_while_pending() -> None:
    shown = components.wish(wish(WishState.PENDING, reason="The name server loads."), refresh="/state")
    assert "12 s" in shown and "The name server loads." in shown and 'hx-get="/state"' in shown
    assert "hx-get" not in components.wish(wish(WishState.DONE), refresh="/state")
    assert "hx-get" not in components.wish(wish(WishState.FAILED), refresh="/state")


def test_a_failed_wish_says_what_to_do() -> None:
    shown = components.wish(wish(WishState.FAILED, reason="Refused <b>", remedy="Add the postcode."))
    assert "Refused &lt;b&gt;" in shown and "What you can do" in shown and "Add the postcode." in shown


def draw(source: str, **context: Any) -> str:
    return Template("{% load kanton %}" + source).render(Context(context)).strip()


def test_a_blank_menu_is_not_drawn() -> None:
    assert draw('{% menu "More" %}  {% if nothing %}x{% endif %} {% endmenu %}') == ""
    assert "<details" in draw('{% menu "More" %}<a href="/">x</a>{% endmenu %}')


def test_a_button_is_a_link_with_an_address_and_submits_without() -> None:
    assert draw('{% button "Go" url="/x" kind="primary" %}').startswith(
        '<a class="button is-primary" href="/x"'
    )
    assert 'type="submit"' in draw('{% button "Save" %}')
    assert 'data-dialog="Edit"' in draw('{% button "Edit" url="/x" dialog=True %}')
    assert 'data-dialog="Edit acme.ch"' in draw('{% button "Edit" url="/x" dialog="Edit acme.ch" %}')


def test_only_the_tab_that_fits_best_is_marked() -> None:
    shown = draw(
        '{% tabs label="x" %}{% tab "All" "/acme.ch" %}{% tab "DNS" "/acme.ch/dns" %}{% endtabs %}',
        request=a_request("/acme.ch/dns/add"),
    )
    assert shown.count("aria-current") == 1 and '<a href="/acme.ch/dns" aria-current="page">' in shown


def test_a_tab_counts_only_what_is_known() -> None:
    def shown(count: object) -> str:
        return draw('{% tab "Payments" "/x" count=waiting %}', request=a_request("/"), waiting=count)

    assert '<span class="count">0</span>' in shown(0)
    assert "count" not in shown(None) and "count" not in shown("")


def test_values_in_tags_are_escaped() -> None:
    evil = '"><script>'
    for tag in (
        "button evil url=evil",
        "badge evil",
        "note evil",
        "stat evil evil",
        "copy evil",
        "avatar evil",
        "details evil evil",
    ):
        assert "<script>" not in draw("{% " + tag + " %}", evil=evil), tag
    assert "<script>" not in draw("{% api_call 'POST' evil body %}", evil=evil, body={"a": evil})


def test_every_icon_that_is_named_exists() -> None:
    if not build.MODULES.exists():
        pytest.skip("the front end's tools are not installed; the build itself warns")
    assert build.unknown_icons() == {}


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "_entries", {})
    shell.register(
        shell.NavEntry("home", shell.Group.HOME, "Home", "home", lambda request: "/o/acme/"),
        shell.NavEntry("people", shell.Group.PEOPLE, "People", "users", lambda request: "/o/acme/people"),
        shell.NavEntry("zones", shell.Group.WEB, "Zones", "world", lambda request: "/o/acme/domains/zones", order=2),
        shell.NavEntry("domains", shell.Group.WEB, "Domains", "world", lambda request: "/o/acme/domains", order=1),
        shell.NavEntry("hidden", shell.Group.WEB, "Hidden", "world", lambda request: "/h", shown=lambda request: False),
        shell.NavEntry("account", shell.Group.ACCOUNT, "Profile", "user", lambda request: "/account/"),
    )  # fmt: skip
    monkeypatch.setattr(
        shell.sources, "organization", lambda request: shell.ShellOrganization("Acme", "acme")
    )


def current(path: str, **attributes: Any) -> list[str]:
    request = a_request(path)
    for name, value in attributes.items():
        setattr(request, name, value)
    return [
        line.key for section in shell.shell_of(request).sections for line in section.lines if line.current
    ]


@pytest.mark.usefixtures("entries")
def test_the_line_that_fits_best_is_marked() -> None:
    assert current("/o/acme/") == ["home"]
    assert current("/o/acme/domains") == ["domains"]
    assert current("/o/acme/domains/acme.ch") == ["domains"]
    assert current("/o/acme/domains/zones/7") == ["zones"]
    assert current("/o/acme/domainsXY") == []
    assert current("/o/acme/elsewhere", nav="people") == ["people"]


@pytest.mark.usefixtures("entries")
def test_the_menu_has_groups_in_their_order_and_hides_what_is_not_for_this_person() -> None:
    sections = shell.shell_of(a_request("/o/acme/")).sections
    assert [(section.group, [line.key for line in section.lines]) for section in sections] == [
        (shell.Group.HOME, ["home"]),
        (shell.Group.WEB, ["domains", "zones"]),
        (shell.Group.PEOPLE, ["people"]),
    ]


@pytest.mark.usefixtures("entries")
def test_without_an_organization_the_menu_is_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell.sources, "organization", lambda request: None)
    lines = [
        line.key for section in shell.shell_of(a_request("/account/")).sections for line in section.lines
    ]
    assert lines == ["account"]


def test_each_part_of_the_frame_is_asked_for_once_and_only_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def user(request: HttpRequest) -> shell.ShellUser:
        asked.append("user")
        return shell.ShellUser("Ana", "ana@acme.ch")

    monkeypatch.setattr(shell.sources, "user", user)
    found = shell.shell_of(a_request())
    assert asked == []
    assert found.user == found.user and asked == ["user"]


@pytest.mark.parametrize(
    ("data", "cookie"),
    [
        ({"theme": "dark"}, ("theme", "dark")),
        ({"rail": "narrow"}, ("rail", "narrow")),
        ({"theme": "pink"}, None),
    ],
)
@pytest.mark.django_db
def test_a_look_is_kept_in_a_cookie_and_leads_back(
    data: dict[str, str], cookie: tuple[str, str] | None
) -> None:
    client = Client()
    answer = client.post("/ui/look", {**data, "next": "/ui"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ui")
    if cookie:
        assert client.cookies[cookie[0]].value == cookie[1]
    else:
        assert "theme" not in client.cookies


@pytest.mark.django_db
def test_a_look_never_leads_to_a_strange_host() -> None:
    assert (
        Client().post("/ui/look", {"theme": "dark", "next": "https://evil.example/"}).headers["Location"]
        == "/"
    )


@pytest.mark.django_db
def test_the_style_guide_is_for_builders_only() -> None:
    with override_settings(DEBUG=False), overriding(demo=False):
        assert Client().get("/ui").status_code == 404
    with override_settings(DEBUG=True):
        assert Client().get("/ui").status_code == 200


@pytest.mark.django_db
def test_every_page_forbids_foreign_and_inline_code() -> None:
    policy = Client().get("/login").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert "Content-Security-Policy" not in Client().get("/ui/brand/aa3355.css").headers


@pytest.mark.django_db
def test_built_files_may_be_kept_for_good(settings: Any) -> None:

    test = re.compile(settings.WHITENOISE_IMMUTABLE_FILE_TEST)
    assert test.search("/static/kanton/dist/kanton.NUUGMOCQ.js")
    assert test.search("/static/kanton/dist/inter-latin-wght-normal.NRMW37G5.woff2")
    assert not test.search("/static/kanton/dist/manifest.json")
    assert not test.search("/static/django_htmx/htmx.min.js")


@pytest.mark.django_db
def test_a_brand_is_a_style_sheet_that_may_be_kept() -> None:
    answer = Client().get("/ui/brand/aa3355.css")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/css")
    assert "--accent:#" in answer.content.decode()
    assert Client().get("/ui/brand/red;}.css").status_code == 404


@pytest.mark.usefixtures("entries")
def test_the_kept_frame_never_shows_what_belongs_to_another_request(monkeypatch: pytest.MonkeyPatch) -> None:
    people = {"1": shell.ShellUser("Ana", "ana@acme.ch"), "2": shell.ShellUser("Zoe", "zoe@globex.ch")}
    monkeypatch.setattr(shell.sources, "user", lambda request: people[request.GET["who"]])

    def top(path: str) -> str:
        return frame.before(a_request(path))

    assert "ana@acme.ch" in top("/a?who=1") and "zoe@globex.ch" not in top("/a?who=1")
    assert "zoe@globex.ch" in top("/a?who=2") and "ana@acme.ch" not in top("/a?who=2")
    assert 'value="/a?who=1"' in top("/a?who=1") and 'value="/b?who=1&amp;x=%3C"' in top("/b?who=1&x=%3C")
    tokens = {re.search(r'csrfmiddlewaretoken" value="(\w+)"', top("/a?who=1"))[1] for _ in range(3)}  # type: ignore[index]
    assert len(tokens) == 3, "each request has a token of its own"
    people["1"] = shell.ShellUser("Ana Keller", "ana@acme.ch")
    assert "Ana Keller" in top("/a?who=1"), "a new name shows at once"


def test_the_kept_frames_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_kept", {})
    monkeypatch.setattr(kept, "KEPT", 5)
    for number in range(20):
        provider = shell.Provider(status_url=f"/status/{number}")
        monkeypatch.setattr(shell.sources, "provider", lambda request, provider=provider: provider)
        frame.after(a_request("/a"))
    assert len(kept._kept) == 5
