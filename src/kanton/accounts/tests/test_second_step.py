"""The second step of sign-in, whatever the method."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client

from kanton.accounts import second_factor
from kanton.accounts.models import Person
from kanton.accounts.second_factor import Method
from kanton.testing import PASSWORD


@pytest.fixture
def badge(monkeypatch: pytest.MonkeyPatch) -> Method:
    """A method of the test's own, active for everybody; its page is another one that anybody may open."""
    method = Method(
        code="badge",
        label="Badge",
        icon="key",
        order=1,
        is_active=lambda person: True,
        url="accounts:check_inbox",
        set_up_url="accounts:security",
    )
    monkeypatch.setattr(second_factor, "_methods", {"badge": method})
    return method


def sign_in(client: Client) -> HttpResponse:
    """The right password."""
    return client.post(  # type: ignore[return-value]
        "/login", {"email": "ana@acme.example", "password": PASSWORD, "next": "/account/"}
    )


def test_the_right_password_alone_opens_nothing(ana: Person, client: Client, badge: Method) -> None:
    assert sign_in(client)["Location"] == "/login/second-step"
    assert client.get("/login/second-step")["Location"] == "/check-your-inbox"
    assert client.get("/account/").status_code == 302
    assert "Badge" in client.get("/login/second-step/other").content.decode()
    assert Client().get("/login/second-step/other")["Location"] == "/login"
