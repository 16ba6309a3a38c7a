"""The mail API: who sees what, what a token may, and how many questions it asks the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.organizations.models import Grant, Invitation, Membership, Organization
from kanton.products.mail import actions
from kanton.products.mail.models import AppPassword, Mailbox, MailService
from kanton.products.mail.tests.factories import make_mail, make_mailbox
from kanton.rest.testing import ApiClient


@pytest.fixture
def base(mail: MailService) -> str:
    """The address of Acme's mail service in the API."""
    return f"/1/mail_hostings/{mail.service_id}"


@pytest.fixture
def info(owner: Actor, mail: MailService) -> Mailbox:
    """info@ of Acme."""
    return make_mailbox(owner, mail)


@pytest.fixture
def redirect(owner: Actor, mail: MailService) -> str:
    """The number of the redirect-only address all@."""
    return str(actions.create_redirect(owner, mail, local_part="all", targets=["a@example.net"]).pk)


def reads(base: str, redirect: str) -> list[str]:
    """Every read of a mail service with info@ and all@."""
    box = f"{base}/mailboxes/info"
    return [
        base,
        f"{base}/mailboxes",
        f"{base}/deleted_mailboxes",
        f"{base}/redirections",
        f"{base}/redirections/{redirect}",
        f"{base}/redirections/{redirect}/targets",
        f"{base}/domains",
        f"{base}/journal",
        box,
        f"{box}/aliases",
        f"{box}/forwarding_addresses",
        f"{box}/users",
        f"{box}/invitations",
        f"{box}/accesses/webmail/users",
        f"{box}/accesses/devices",
        f"{box}/journal",
    ]


def writes(base: str, redirect: str) -> list[tuple[str, str, Any]]:
    """Every kind of change."""
    box = f"{base}/mailboxes/info"
    return [
        ("PUT", f"{base}/maintenance", None),
        ("POST", f"{base}/mailboxes", {"mailbox_name": "new"}),
        ("POST", f"{base}/mailboxes/bulk", [{"mailbox_name": "new"}]),
        ("PATCH", box, {"name": "Desk"}),
        ("DELETE", box, None),
        ("PUT", f"{box}/password", {"password": "Neu-Kiesel-417-Wolke"}),
        ("POST", f"{box}/aliases", {"alias": "sales"}),
        ("PUT", f"{box}/aliases", {"aliases": ["sales"]}),
        ("DELETE", f"{box}/aliases/sales", None),
        ("PUT", f"{box}/forwarding_addresses", {"redirect_addresses": ["a@example.net"]}),
        ("POST", f"{box}/forwarding_addresses", {"redirect_address": "a@example.net"}),
        ("DELETE", f"{box}/forwarding_addresses", None),
        ("POST", f"{base}/redirections", {"name": "more", "targets": ["a@example.net"]}),
        ("PUT", f"{base}/redirections/{redirect}", {"targets": ["b@example.net"]}),
        ("POST", f"{base}/redirections/{redirect}/targets", {"address": "b@example.net"}),
        ("DELETE", f"{base}/redirections/{redirect}", None),
        ("POST", f"{box}/accesses/webmail", {"user_id": 1}),
        ("POST", f"{box}/auth/invitations", {"email": "lea@example.net"}),
        ("PUT", f"{box}/auth/invitations/send", {"key": "1"}),
        ("POST", f"{box}/accesses/devices", {"label": "Phone"}),
        ("DELETE", f"{box}/accesses/devices", None),
        ("POST", f"{base}/domains", {"name": "more.example"}),
    ]


@pytest.mark.spec("API-24")
def test_a_foreign_mail_service_is_not_there(
    zoe: Person, globex: Organization, base: str, info: Mailbox, redirect: str
) -> None:
    client = ApiClient(zoe)
    for path in reads(base, redirect):
        assert client.get(path).status == 404, path
    for method, path, body in writes(base, redirect):
        assert client.call(method, path, body).status == 404, path
    assert client.get("/1/mail_hostings").data == []
    assert Mailbox.objects.alive().count() == 1


@pytest.mark.spec("API-24")
def test_foreign_numbers_below_ones_own_service_are_not_there(
    zoe: Person, globex: Organization, info: Mailbox, redirect: str, mail: MailService
) -> None:
    own = make_mail(globex, "globex.example")
    client, base = ApiClient(zoe), f"/1/mail_hostings/{own.service_id}"
    assert client.get(f"{base}/mailboxes").data == []
    for path in (f"{base}/mailboxes/info", f"{base}/redirections/{redirect}", f"{base}/mailboxes/info/users"):
        assert client.get(path).status == 404
    assert client.post(f"{base}/deleted_mailboxes/{info.pk}/restore").status == 404
    assert client.delete(f"{base}/redirections/{redirect}").status == 404
    assert client.delete(f"/1/mail_hostings/accesses/webmail/mailboxes/{info.pk}").status == 404


@pytest.mark.spec("API-19")
def test_who_may_only_read_one_mailbox_sees_that_and_changes_nothing(
    ben: Person, acme: Organization, owner: Actor, base: str, info: Mailbox, redirect: str, mail: MailService
) -> None:
    other = make_mailbox(owner, mail, "boss")
    client = ApiClient(ben)
    assert client.get(f"{base}/mailboxes/info").status == 404
    membership = Membership.objects.get(person=ben)
    Grant.objects.create(
        organization=acme,
        membership=membership,
        right="mail.use",
        product="mail",
        service_id=mail.service_id,
        resource=info.resource,
    )
    client = ApiClient(ben)
    assert [row["mailbox_name"] for row in client.get(f"{base}/mailboxes").data] == ["info"]
    assert client.get(f"{base}/mailboxes/info").status == 200
    assert client.get(f"{base}/mailboxes/{other.local_part}").status == 404
    for rest in (
        "redirections",
        "deleted_mailboxes",
        "domains",
        "mailboxes/info/users",
        "mailboxes/info/invitations",
    ):
        assert client.get(f"{base}/{rest}").status == 403, rest
    for method, path, body in writes(base, redirect):
        assert client.call(method, path, body).status == 403, (method, path)
    info.refresh_from_db()
    assert (info.name, info.deleted_at, info.aliases) == ("", None, [])


@pytest.mark.spec("API-18")
def test_a_reading_token_reads_everything_and_changes_nothing(
    ana: Person, base: str, info: Mailbox, redirect: str
) -> None:
    reader = ApiClient(ana, scopes=("mail:read",))
    for path in reads(base, redirect):
        assert reader.get(path).status == 200, path
    for method, path, body in writes(base, redirect):
        assert reader.call(method, path, body).status == 401, path
    for scope in ("domain", "invoicing", "accounts"):
        other = ApiClient(ana, scopes=(scope,))
        assert {other.get(path).status for path in reads(base, redirect)} == {401}
    assert {ApiClient().get(path).status for path in reads(base, redirect)} == {401}


def test_lists_take_as_many_queries_for_many_rows_as_for_one(
    ana: Person, ben: Person, owner: Actor, base: str, info: Mailbox, redirect: str, mail: MailService
) -> None:
    client = ApiClient(ana)
    paths = [
        f"{base}/mailboxes?with=aliases,redirection,permissions",
        f"{base}/redirections",
        f"{base}/domains",
        f"{base}/mailboxes/info/accesses/devices",
        "/1/mail_hostings/accesses/webmail",
    ]
    actions.create_app_password(owner, info, label="Phone")
    actions.link_mailbox(owner, info)
    member = Membership.objects.get(person=ben)
    actions.give_access(owner, info, membership=member)

    def counted() -> list[int]:
        counts = []
        for path in paths:
            with CaptureQueriesContext(connection) as found:
                assert client.get(path).data
            counts.append(len(found))
        return counts

    counted()  # whatever is read once per process
    few = counted()
    for number in range(6):
        box = make_mailbox(owner, mail, f"box{number}")
        actions.add_alias(owner, box, alias=f"alias{number}")
        actions.link_mailbox(owner, box)
        actions.give_access(owner, box, membership=member)
        actions.create_app_password(owner, info, label=f"Phone {number}")
        actions.create_redirect(owner, mail, local_part=f"all{number}", targets=["a@example.net"])
        actions.link_domain(owner, mail, name=f"more{number}.example")
    assert counted() == few


def test_targets_are_listed_and_added(ana: Person, base: str, redirect: str) -> None:
    client, path = ApiClient(ana), f"{base}/redirections/{redirect}/targets"
    added = client.post(path, {"address": "B@Example.net"}).data
    targets = client.get(path).data
    assert [each["address"] for each in targets] == ["a@example.net", "B@example.net"]
    assert targets[-1]["id"] == added
    assert client.post(path, {"address": "nobody"}).status == 422
    assert client.post(path, {}).status == 422
    assert client.get(f"{base}/redirections/999999/targets").status == 404


def test_an_invitation_is_listed_sent_again_and_taken_back(
    ana: Person, base: str, info: Mailbox, outbox: Any
) -> None:
    client, box = ApiClient(ana), f"{base}/mailboxes/info"
    client.post(f"{box}/auth/invitations", {"email": "lea@example.net", "permissions": {"can_send": False}})
    (found,) = client.get(f"{box}/invitations").data
    assert (found["sent_to"], found["is_valid"], found["is_used"]) == ("lea@example.net", True, False)
    digest = Invitation.objects.get().digest
    assert client.put(f"{box}/auth/invitations/send", {"email": "Lea@example.net"}).data is True
    assert client.put(f"{box}/auth/invitations/send", {"key": found["key"]}).data is True
    assert Invitation.objects.get().digest != digest
    assert client.put(f"{box}/auth/invitations/send", {}).status == 422
    assert client.put(f"{box}/auth/invitations/send", {"key": "999999"}).status == 404
    assert client.delete(f"{box}/invitations/{found['key']}").data is True
    assert client.get(f"{box}/invitations").data == []
    assert client.delete(f"{box}/invitations/{found['key']}").status == 404


def test_people_and_all_devices_under_the_addresses_that_clients_use(
    ana: Person, ben: Person, owner: Actor, base: str, info: Mailbox
) -> None:
    client, box = ApiClient(ana), f"{base}/mailboxes/info"
    client.post(f"{box}/accesses/webmail", {"user_id": ben.pk})
    assert [each["email"] for each in client.get(f"{box}/accesses/webmail/users").data] == [ben.email]
    assert client.get(f"{box}/accesses/webmail/users?search=nobody").data == []
    one = f"{box}/accesses/webmail/users/{ben.pk}"
    assert client.patch(one, {"permissions": {"can_send": False, "can_change_password": True}}).data is True
    (access,) = ApiClient(ben).get("/1/mail_hostings/accesses/webmail").data
    assert access["permissions"] == ["can_change_password"]
    assert client.delete(one).data is True
    assert client.patch(one, {"permissions": {}}).status == 404
    for label in ("Phone", "Tablet"):
        client.post(f"{box}/accesses/devices", {"label": label})
    assert client.delete(f"{box}/accesses/devices").data is True
    assert not AppPassword.objects.exists()
    actions.link_mailbox(owner, info)
    assert client.delete(f"/1/mail_hostings/accesses/webmail/mailboxes/{info.pk}").data is True
    assert client.get("/1/mail_hostings/accesses/webmail").data == []
