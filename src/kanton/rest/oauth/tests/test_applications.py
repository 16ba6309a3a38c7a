"""Looking after applications: pages and API."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from kanton.accounts.ending import effects_of
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.rest.oauth.actions import delete_application, edit_application, withdraw
from kanton.rest.oauth.errors import BadRedirect, MachineNeedsSecret, RedirectMissing
from kanton.rest.oauth.models import AccessToken, Application, Consent
from kanton.rest.oauth.tests.conftest import APP, CALLBACK, Party, make_application
from kanton.rest.testing import ApiClient
from kanton.testing import PASSWORD

PAGES = "/o/acme/applications"


@pytest.mark.spec("API-20")
def test_an_application_from_the_first_form_to_its_end(browser: Client, acme: Organization) -> None:
    assert "Register an application" in browser.get(PAGES).content.decode()
    values = {
        "name": "Intranet",
        "redirect_uris": f"{CALLBACK}\n\n{APP}\n",
        "scopes": ["openid", "email"],
        "is_confidential": "on",
        "current_password": PASSWORD,
    }
    assert browser.post(f"{PAGES}/new", values | {"current_password": "wrong"}).status_code == 422
    assert not Application.objects.exists()
    shown = browser.post(f"{PAGES}/new", values).content.decode()
    found = Application.objects.get()
    secret = re.search(r"ks_[\w-]{43}", shown)
    assert secret is not None and found.client_id in shown
    assert found.redirect_uris == [CALLBACK, APP]
    page = browser.get(f"{PAGES}/{found.pk}").content.decode()
    assert secret.group() not in page and found.secret_hint in page and CALLBACK in page
    assert "/.well-known/openid-configuration" in page
    assert browser.get(PAGES).content.decode().count("Intranet") == 1

    edited = values | {"name": "Portal", "redirect_uris": CALLBACK}
    assert browser.post(f"{PAGES}/{found.pk}/edit", edited).status_code == 303
    found.refresh_from_db()
    assert (found.name, found.redirect_uris) == ("Portal", [CALLBACK])
    anew = browser.post(f"{PAGES}/{found.pk}/secret", {"current_password": PASSWORD}).content.decode()
    assert re.search(r"ks_[\w-]{43}", anew) and secret.group() not in anew
    assert browser.post(f"{PAGES}/{found.pk}/delete").status_code == 303
    assert not Application.objects.exists()
    assert set(Activity.objects.filter(organization_id=acme.pk).values_list("kind", flat=True)) == {
        "oauth.application_created",
        "oauth.application_changed",
        "oauth.secret_rotated",
        "oauth.application_deleted",
    }


def test_what_cannot_be_registered(owner: Actor, acme: Organization) -> None:
    for error, fields in (
        (BadRedirect, {"redirect_uris": ["http://acme.example/cb"]}),
        (RedirectMissing, {"redirect_uris": []}),
        (MachineNeedsSecret, {"is_machine": True, "is_confidential": False}),
    ):
        with pytest.raises(error):
            make_application(owner, acme, **fields)
    assert not Application.objects.exists() and not Activity.objects.exists()


def test_by_program(ana: Person, ben: Person, acme: Organization) -> None:
    api = ApiClient(ana)
    path = f"/2/accounts/{acme.pk}/applications"
    values = {
        "name": "Intranet", "scopes": ["openid"], "redirect_uris": [CALLBACK], "is_confidential": True,
        "current_password": PASSWORD,
    }  # fmt: skip
    for wrong in (
        {"current_password": "wrong"},
        {"scopes": ["staff"]},
        {"redirect_uris": ["http://a.example"]},
    ):
        assert api.post(path, values | wrong).status == 422
    made = api.post(path, values).data
    assert made["client_secret"].startswith("ks_") and made["secret_hint"] == made["client_secret"][:8]
    one = f"{path}/{made['id']}"
    assert "client_secret" not in api.get(one).data and len(api.get(path).data) == 1
    changed = api.put(
        one, {"name": "Portal", "scopes": ["openid"], "redirect_uris": [APP], "current_password": PASSWORD}
    )
    assert (changed.data["name"], changed.data["redirect_uris"]) == ("Portal", [APP])
    assert (
        api.post(f"{one}/secret", {"current_password": PASSWORD}).data["client_secret"]
        != made["client_secret"]
    )
    assert ApiClient(ben).get(path).status == 403
    assert api.delete(one).data is True and api.get(one).status == 404


def test_what_ends_with_a_consent_and_with_an_application(server: Party, owner: Actor, ana: Person) -> None:
    told = server.sign_in(scope="user_info")
    api = ApiClient(ana)
    (listed,) = api.get("/2/profile/applications").data
    assert (listed["application"], listed["scopes"]) == ("Intranet", ["user_info"])
    assert api.get(f"/2/profile/applications/{listed['id']}").data == listed
    assert "Intranet" in server.browser.get("/account/applications").content.decode()
    page = server.browser.get(f"/account/applications/{listed['id']}/withdraw").content.decode()
    assert "Read your profile" in page
    assert api.delete(f"/2/profile/applications/{listed['id']}").data is True
    assert ApiClient(token=told["access_token"]).get("/2/profile").status == 401
    told = server.sign_in(scope="user_info")
    delete_application(owner, server.application)
    assert ApiClient(token=told["access_token"]).get("/2/profile").status == 401
    assert not AccessToken.objects.exists()


def test_withdrawing_a_machine_stops_it(owner: Actor, acme: Organization, browser: Client) -> None:
    machine, secret = make_application(owner, acme, is_machine=True, scopes=["accounts"])
    party = Party(machine, secret, browser)
    assert party.token(grant_type="client_credentials").status_code == 200
    texts = [str(effect.text) for effect in effects_of(Consent.objects.get().person)]
    assert "1 application loses its access." in texts
    assert any("works in your name when nobody is present" in text for text in texts)
    withdraw(owner, Consent.objects.get())
    refused = party.token(grant_type="client_credentials")
    assert refused.json() == {"error": "unauthorized_client", "reason": "machine_not_allowed"}
    edit_application(
        owner, machine, name="Night", scopes=["accounts"], redirect_uris=[CALLBACK], current_password=PASSWORD
    )
    assert party.token(grant_type="client_credentials").status_code == 400
