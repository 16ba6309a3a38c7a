"""The mail API as clients of the described service use it."""

from __future__ import annotations

import pytest

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.products.mail.models import Mailbox, MailService
from kanton.products.mail.tests.factories import PASSWORD, make_mailbox
from kanton.rest.testing import ApiClient


@pytest.fixture
def client(ana: Person) -> ApiClient:
    """Ana's program."""
    return ApiClient(ana)


@pytest.fixture
def base(mail: MailService) -> str:
    """The address of Acme's mail service in the API."""
    return f"/1/mail_hostings/{mail.service_id}"


def test_mail_hostings_are_found_by_account(client: ApiClient, base: str, mail: MailService) -> None:
    [row] = client.get(f"/1/mail_hostings?account_id={mail.organization_id}").data
    assert (row["id"], row["customer_name"]) == (mail.service_id, "acme.example")
    assert client.get(base).data["id"] == mail.service_id
    assert client.get("/1/mail_hostings?account_id=999999").status == 404
    assert client.get("/1/mail_hostings/999999").code == "object_not_found"


@pytest.mark.spec("MAIL-108")
def test_a_mailbox_from_creation_to_deletion(client: ApiClient, base: str) -> None:
    created = client.post(f"{base}/mailboxes", {"mailbox_name": "info", "password": PASSWORD, "note": "desk"})
    assert (created.status, created.data["mailbox"], created.data["password"]) == (
        201,
        "info@acme.example",
        None,
    )
    assert len(client.post(f"{base}/mailboxes", {"mailbox_name": "team"}).data["password"]) == 18
    assert client.post(f"{base}/mailboxes", {"mailbox_name": "INFO"}).code == "object_already_exists"
    wrong = client.post(f"{base}/mailboxes", {"mailbox_name": "ä ö"})
    assert (wrong.status, wrong.code) == (422, "validation_failed")
    assert [row["mailbox_name"] for row in client.get(f"{base}/mailboxes").data] == ["info", "team"]
    found = client.get(f"{base}/mailboxes?search=inf&with=aliases,sending,permissions").data
    assert [row["mailbox_idn"] for row in found] == ["info@acme.example"]
    assert found[0]["sending"] == {"limit": 1440, "used": 0, "left": 1440} and found[0]["aliases"] == []
    assert found[0]["state"]["state"] == "pending"
    assert client.post(f"{base}/mailboxes/info/aliases", {"alias": "sales"}).data is True
    assert client.get(f"{base}/mailboxes/info/aliases").data == {"enabled_alias": 1, "aliases": ["sales"]}
    assert client.put(f"{base}/mailboxes/info/aliases", {"aliases": ["a", "b"]}).data is True
    assert client.delete(f"{base}/mailboxes/info/aliases/a").data is True
    assert client.delete(f"{base}/mailboxes/info/aliases/none").status == 404
    assert client.get(f"{base}/mailboxes/info?with=full_aliases").data["full_aliases"] == ["b@acme.example"]
    assert client.put(f"{base}/mailboxes/info/password", {"password": "short"}).status == 422
    assert client.put(f"{base}/mailboxes/info/password", {"password": "Neu-Kiesel-417-Wolke"}).data is True
    assert client.patch(f"{base}/mailboxes/info", {"name": "Front desk"}).data is True
    assert client.delete(f"{base}/mailboxes/info").data is True
    assert client.get(f"{base}/mailboxes/info").status == 404
    [gone] = client.get(f"{base}/deleted_mailboxes").data
    assert client.post(f"{base}/deleted_mailboxes/{gone['mailbox_id']}/restore").data is True
    assert client.get(f"{base}/mailboxes/info").data["name"] == "Front desk"


def test_a_dry_run_creates_nothing(client: ApiClient, base: str) -> None:
    assert client.post(f"{base}/mailboxes?dry_run=1", {"mailbox_name": "info"}).status < 300
    assert not Mailbox.objects.exists()


def test_redirections_of_a_mailbox_and_redirect_only_addresses(
    client: ApiClient, base: str, owner: Actor, mail: MailService
) -> None:
    make_mailbox(owner, mail)
    forward = f"{base}/mailboxes/info/forwarding_addresses"
    assert client.post(forward, {"redirect_address": "lea@example.net"}).data["email"] == "lea@example.net"
    assert client.get(forward).data == {
        "is_enabled": True,
        "redirect_adresses": [{"email": "lea@example.net", "email_idn": "lea@example.net"}],
        "has_dont_deliver": False,
        "has_forward_spam": True,
    }
    assert client.post(forward, {"redirect_address": "nobody"}).status == 422
    assert client.delete(f"{forward}/lea@example.net").data is True
    assert client.get(forward).data["is_enabled"] is False
    made = client.post(f"{base}/redirections", {"name": "all", "targets": ["a@example.net"]}).data
    assert isinstance(made, str)
    assert client.put(f"{base}/redirections/{made}", {"targets": ["b@example.net"]}).data["targets"][0][
        "address"
    ] == ("b@example.net")
    assert client.delete(f"{base}/redirections/{made}").data is True
    assert client.get(f"{base}/redirections").data == []


def test_people_and_devices_of_a_mailbox(
    client: ApiClient, base: str, owner: Actor, mail: MailService, ben: Person
) -> None:
    make_mailbox(owner, mail)
    box = f"{base}/mailboxes/info"
    assert client.post(f"{box}/accesses/webmail", {"user_id": ben.pk}).data is True
    [user] = client.get(f"{box}/users").data["users"]
    assert (user["email"], user["permissions"]) == (
        ben.email,
        {"can_send": True, "can_change_password": False},
    )
    assert [
        row["mailbox"][0]["mailbox"] for row in ApiClient(ben).get("/1/mail_hostings/accesses/webmail").data
    ] == ["info@acme.example"]
    assert ApiClient(ben).get(f"{base}/mailboxes").data[0]["users"] == [], (
        "whom else it serves is not Ben's business"
    )
    assert client.post(f"{box}/auth/invitations", {"email": "lea@example.net"}).data["is_member"] is False
    assert [row["email"] for row in client.get(f"{box}/users").data["invitations"]] == ["lea@example.net"]
    assert client.delete(f"{box}/users/{ben.pk}").data is True
    assert ApiClient(ben).get("/1/mail_hostings/accesses/webmail").data == []
    device = client.post(f"{box}/accesses/devices", {"label": "Phone"}).data
    assert device["login"] == "info@acme.example" and len(device["password"]) == 24
    assert [row["label"] for row in client.get(f"{box}/accesses/devices").data] == ["Phone"]
    assert client.delete(f"{box}/accesses/devices/{device['id']}").data is True


@pytest.mark.parametrize(
    "body", [{}, {"mailbox_name": None}, {"mailbox_name": ["x"]}, [], b"{", b"\xff\xfe", 7]
)
def test_malformed_bodies_are_answered_with_the_envelope(client: ApiClient, base: str, body: object) -> None:
    answer = client.post(f"{base}/mailboxes", body)
    assert 400 <= answer.status < 500 and answer.code


def test_a_token_without_the_mail_scope_is_refused(ana: Person, base: str) -> None:
    assert ApiClient(ana, scopes=("domain",)).get(f"{base}/mailboxes").status in (401, 403)
    reading = ApiClient(ana, scopes=("mail:read",))
    assert reading.get(f"{base}/mailboxes").status == 200
    assert reading.post(f"{base}/mailboxes", {"mailbox_name": "info"}).status in (401, 403)
