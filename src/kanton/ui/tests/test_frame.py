"""The kept frame: one shape for many, and in it only what belongs to this request."""

import re
from dataclasses import replace

import pytest
from django.http import HttpRequest
from django.template.loader import render_to_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanton.ui import frame, kept, shell
from kanton.ui.shell import Group, NavEntry, Provider, ShellOrganization, ShellUser, shell_of
from kanton.ui.tests.factories import a_request

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
slugs = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)
organizations = st.builds(
    ShellOrganization,
    name=texts,
    slug=slugs,
    initials=st.text("ABCÄ", max_size=4),
    role=st.sampled_from(["Owner", "Administrator"]),
)


def visit(
    monkeypatch: pytest.MonkeyPatch,
    user: ShellUser | None,
    own: ShellOrganization | None,
    others: list[ShellOrganization],
) -> HttpRequest:
    things = NavEntry(
        "domains",
        Group.WEB,
        "Things",
        "world",
        url=lambda request: f"/o/{own.slug}/domains" if own else "/things",
    )
    monkeypatch.setattr(shell, "_entries", {"domains": things})
    monkeypatch.setattr(shell, "_apps", {})
    monkeypatch.setattr(shell.sources, "notices", lambda request: ())
    monkeypatch.setattr(shell.sources, "user", lambda request: user)
    monkeypatch.setattr(shell.sources, "organization", lambda request: own)
    monkeypatch.setattr(shell.sources, "organizations", lambda request: others)
    return a_request(f"/o/{own.slug}/domains" if own else "/account/")


def without_tokens(html: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", html)


def drawn_directly(request: HttpRequest, template: str) -> str:
    """The same part without any keeping."""
    context = {
        "shell": shell_of(request),
        "csrf_token": "token",
        "here": request.get_full_path(),
        "tour_first": False,
    }
    return render_to_string(template, context)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    user=st.builds(ShellUser, name=texts, login=texts) | st.none(),
    mine=st.lists(organizations, max_size=15, unique_by=lambda one: one.slug),
    is_inside=st.booleans(),
)
def test_what_is_put_together_is_what_the_templates_draw(
    monkeypatch: pytest.MonkeyPatch, user: ShellUser | None, mine: list[ShellOrganization], is_inside: bool
) -> None:
    own = replace(mine[0], role="") if mine and is_inside else None
    request = visit(monkeypatch, user, own, mine)
    for template, part in (("ui/_frame_before.html", frame.before), ("ui/_frame_after.html", frame.after)):
        assert without_tokens(part(request)) == without_tokens(drawn_directly(request, template))


def test_thousands_of_organizations_share_one_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_kept", {})
    for number in range(50):
        own = ShellOrganization(f"Acme {number}", f"acme-{number}", f"A{number}"[:2], role="Owner")
        user = ShellUser(f"Ana {number}", f"ana{number}@acme.ch")
        html = frame.before(visit(monkeypatch, user, own, [own]))
        assert f"Acme {number}<" in html and f"/o/acme-{number}/" in html and f"ana{number}@acme.ch" in html
        assert kept._SECRET not in html
        assert re.findall(r"Acme \d+", html) == [f"Acme {number}"] * html.count("Acme ")
    assert len(kept._kept) == 1


def test_pages_under_the_names_of_customers_share_one_frame_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_kept", {})
    for number in range(20):
        provider = Provider(name=f"Brand {number}", accent=f"{number:06x}", logo_url=f"/logos/{number}.webp")
        monkeypatch.setattr(shell.sources, "provider", lambda request, provider=provider: provider)
        own = ShellOrganization(f"Acme {number}", f"acme-{number}", role="Owner", accent=f"{number:06x}")
        request = visit(monkeypatch, ShellUser("Ana", "ana@acme.ch"), own, [own])
        html = frame.before(request)
        assert f'aria-label="Brand {number}"' in html
        assert without_tokens(html) == without_tokens(drawn_directly(request, "ui/_frame_before.html"))
    assert len(kept._kept) == 1


def test_names_are_written_and_never_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    own = ShellOrganization("<script>alert(1)</script>", "acme", "<b", role="Owner")
    html = frame.before(visit(monkeypatch, ShellUser('"><img src=x>', "a'b@acme.ch"), own, [own]))
    assert "<script>alert" not in html and "<img src=x>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html and "a&#x27;b@acme.ch" in html
