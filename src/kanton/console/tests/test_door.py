"""The front door of lists gives the chain's answer to the last header, or leaves the request to the chain."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern
from django.utils.module_loading import import_string

from kanton.accounts.identifiers import address_of
from kanton.accounts.models import Person
from kanton.console import door
from kanton.core.parity import name_of
from kanton.core.rights import Role
from kanton.organizations.models import Membership, Organization
from kanton.ui.pages import LIST_PAGES

pytestmark = pytest.mark.django_db


def normal(html: bytes) -> str:
    return re.sub(r"[A-Za-z0-9]{64}", "TOKEN", html.decode())


def both(client: Client, path: str, monkeypatch: pytest.MonkeyPatch, **headers: str) -> tuple[Any, Any, bool]:
    """The answers of door and chain to the same request, and whether the door gave the first."""
    answered: list[bool] = []
    real = door.answer

    def noting(environ: dict[str, Any]) -> door.Answer | None:
        found = real(environ)
        answered.append(found is not None)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(door, "answer", noting)
        through = client.get(path, headers=headers)
        patch.setattr(door, "answer", lambda environ: None)
        around = client.get(path, headers=headers)
    return through, around, answered == [True]


def cookies(response: Any) -> list[dict[str, str]]:
    """What is set, but for the time at which it ends: the door keeps that for a minute."""
    return [
        {"value": each.value} | {name: str(value) for name, value in each.items() if name != "expires"}
        for each in response.cookies.values()
    ]


def pages() -> list[str]:
    """The addresses of all list pages in Acme."""
    from kanton.urls import urlpatterns

    return sorted(below("", urlpatterns))


def below(prefix: str, patterns: list[Any]) -> Iterator[str]:
    for each in patterns:
        path = prefix + str(each.pattern).replace("<slug:organization>", "acme")
        if isinstance(each, URLPattern):
            if name_of(each.callback) in LIST_PAGES:
                yield path
        else:
            yield from below(path, each.url_patterns)


def test_the_door_is_open_with_the_settings_that_we_ship() -> None:
    assert door.is_open(), "consider the new middleware in console/door.py, or make it a gate"
    for name in door.KNOWN:
        import_string(name)


def test_the_answer_is_the_chains(
    client: Client, ana: Person, ben: Person, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(pages()) == len(LIST_PAGES) > 0
    for person in (ana, ben):
        client.force_login(person)
        for path in pages():
            for language in ("en", "de"):
                through, around, by_door = both(
                    client, f"/{path}", monkeypatch, **{"accept-language": language}
                )
                assert through.status_code == around.status_code
                if through.status_code == 200:
                    assert by_door, path
                assert normal(through.content) == normal(around.content)
                assert dict(through.headers) == dict(around.headers)
                assert cookies(through) == cookies(around)


def test_what_is_not_plain_is_left_to_the_chain(
    client: Client, ana: Person, zoe: Person, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/o/acme/domains"
    _through, _around, by_door = both(client, path, monkeypatch)
    assert not by_door, "signed out"
    client.force_login(zoe)
    through, _around, by_door = both(client, path, monkeypatch)
    assert through.status_code == 404 and not by_door
    client.force_login(ana)
    assert both(client, path, monkeypatch)[2]
    for other in (f"{path}?format=csv", "/o/nobody/domains", "/o/acme/", "/o//domains"):
        assert not both(client, other, monkeypatch)[2], other
    assert not both(client, path, monkeypatch, **{"HX-Request": "true"})[2]
    client.cookies["messages"] = "something to say"
    assert not both(client, path, monkeypatch)[2]
    del client.cookies["messages"]
    client.cookies["kanton_csrf"] = "malformed"
    assert not both(client, path, monkeypatch)[2]
    del client.cookies["kanton_csrf"]
    assert both(client, path, monkeypatch)[2]
    assert client.post(path).status_code == 405
    with monkeypatch.context() as patch:
        strange = "django.middleware.gzip.GZipMiddleware"
        patch.setattr(settings, "MIDDLEWARE", [*settings.MIDDLEWARE, strange])
        assert not door.is_open()
    Person.objects.filter(pk=ana.pk).update(email=address_of("ABCD-EFGH-JKLM"))
    through, around, by_door = both(client, path, monkeypatch)
    assert through.status_code == around.status_code == 302 and not by_door, "a gate stops it"


def test_trouble_in_a_view_is_the_chains_to_report(
    client: Client, ana: Person, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(ana)
    client.raise_request_exception = False

    def broken(*_args: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("kanton.products.domains.views.queries.domain_rows", broken)
    through, around, by_door = both(client, "/o/acme/domains", monkeypatch)
    assert through.status_code == around.status_code == 500 and not by_door


def test_nobody_gets_in_who_may_no_longer(
    client: Client, ana: Person, ben: Person, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/o/acme/domains"
    client.force_login(ben)
    before, _around, by_door = both(client, path, monkeypatch)
    assert before.status_code == 200 and by_door
    Membership.objects.filter(person=ben, organization=acme).delete()
    assert client.get(path).status_code == 404
    Membership.objects.create(person=ben, organization=acme, role=Role.OWNER)
    assert client.get(path).status_code == 200
    ben.set_password("another long password")
    ben.save()
    assert client.get(path).status_code == 302, "the session ended with the old password"
    client.force_login(ben)
    Person.objects.filter(pk=ben.pk).update(is_active=False)
    assert client.get(path).status_code == 302


def test_two_readers_share_a_drawing_and_nothing_else(
    client: Client, ana: Person, zoe: Person, acme: Organization, globex: Organization
) -> None:
    seen = {}
    for person, organization in ((ana, acme), (zoe, globex)):
        client.force_login(person)
        html = client.get(f"/o/{organization.slug}/people").content.decode()
        assert organization.name in html and person.email in html and f"/o/{organization.slug}/" in html
        seen[person.email] = html
    assert (
        acme.name not in seen[zoe.email]
        and ana.email not in seen[zoe.email]
        and "/o/acme/" not in seen[zoe.email]
    )
