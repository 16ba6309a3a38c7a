"""How an organization sets single sign-on up: pages, API, and the clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection as database
from django.test import Client

from kanton.accounts.ending import effects_of
from kanton.accounts.models import Person
from kanton.config import config
from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.organizations.sso import proofs, roles
from kanton.organizations.sso.actions import (
    check_domain,
    claim_domain,
    disconnect,
    domain_key,
    release_domain,
)
from kanton.organizations.sso.errors import BadDomain, BadRule, DomainTaken, NotProvenYet, OwnersByHand
from kanton.organizations.sso.models import ClaimedDomain, Connection, Identity
from kanton.organizations.sso.tasks import look_for_proofs
from kanton.organizations.sso.tests.conftest import sign_in, visit, who
from kanton.organizations.sso.tests.provider import CLIENT_ID, CLIENT_SECRET, Provider
from kanton.rest.testing import ApiClient

PAGE = "/o/acme/sso"
zone: dict[str, list[str]] = {}


@pytest.fixture(autouse=True)
def _world() -> Iterator[None]:
    """The world's name servers, as the tests want them."""
    zone.clear()
    proofs.answer_with(lambda name: zone.get(name, []))
    yield
    proofs.answer_with(None)


@pytest.mark.spec("ACC-114", "ACC-117")
def test_from_nothing_to_the_first_sign_in(
    client: Client, provider: Provider, ana: Person, acme: Organization
) -> None:
    client.force_login(ana)
    page = client.get(PAGE).content.decode()
    for shown in (
        f"{config.web.address}/login/sso/acme/callback",
        f"{config.web.address}/login/sso/acme/signed-out",
        "openid profile email",
        "given_name",
        "Microsoft Entra ID",
        "Keycloak",
        "Google Workspace",
    ):
        assert shown in page, shown
    assert page.count("data-copy=") >= 4

    assert client.post(f"{PAGE}/domains", {"name": "ACME.example."}).status_code == 303
    claimed = ClaimedDomain.objects.get()
    assert (claimed.name, claimed.record_name) == ("acme.example", "_kanton-sso.acme.example")
    assert claimed.proof in client.get(PAGE).content.decode()
    client.post(f"{PAGE}/domains/{claimed.pk}/check")
    claimed.refresh_from_db()
    assert claimed.proven_at is None
    zone["_kanton-sso.acme.example"] = ["v=spf1 -all", claimed.proof]
    client.post(f"{PAGE}/domains/{claimed.pk}/check")
    claimed.refresh_from_db()
    assert claimed.proven_at is not None

    values = {"discovery_url": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    wrong = client.post(f"{PAGE}/provider", values | {"discovery_url": "https://127.0.0.1:1"})
    assert wrong.status_code == 422 and "does not answer as it should" in wrong.content.decode()
    assert client.post(f"{PAGE}/provider", values).status_code == 303
    found = Connection.objects.get()
    assert found.client_secret == CLIENT_SECRET
    with database.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM sso_connection")
        assert CLIENT_SECRET not in str(cursor.fetchall())
    assert CLIENT_SECRET not in client.get(f"{PAGE}/provider").content.decode()
    assert client.post(f"{PAGE}/on").status_code == 409
    assert Client().post("/login/sso", {"email": "lea@acme.example"}).status_code == 422

    provider.users["ana@acme.example"] = {
        "sub": "subject-ana",
        "email": "ana@acme.example",
        "groups": ["board"],
    }
    there = client.post(f"{PAGE}/test")["Location"]
    tested = client.get(visit(there))
    assert tested.status_code == 200 and "board" in tested.content.decode()
    assert not Identity.objects.exists()
    assert client.post(f"{PAGE}/on").status_code == 303
    lea = Client()
    sign_in(lea)
    assert who(lea) is not None
    assert "lea@acme.example" in client.get(PAGE).content.decode()

    assert client.post(f"{PAGE}/rules", {"default_role": "external", "rules": "nonsense"}).status_code == 422
    rules = {
        "default_role": "external",
        "role_claim": "groups",
        "rules": "board = administrator\n\nall = : Web",
    }
    assert client.post(f"{PAGE}/rules", rules).status_code == 303
    assert "board = administrator" in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}/sessions/end").status_code == 303 and who(lea) is None
    assert client.post(f"{PAGE}/people/{Identity.objects.get().pk}/separate").status_code == 303
    assert client.post(f"{PAGE}/off").status_code == 303
    assert client.post(f"{PAGE}/disconnect").status_code == 303
    assert not Connection.objects.exists() and Person.objects.filter(email="lea@acme.example").exists()


@pytest.mark.spec("ACC-118")
def test_one_organization_has_a_domain(
    owner: Actor, acme: Organization, stranger: Actor, globex: Organization
) -> None:
    mine, theirs = (
        claim_domain(actor, of, name="acme.example") for actor, of in ((owner, acme), (stranger, globex))
    )
    assert mine.proof != theirs.proof
    zone[mine.record_name] = [mine.proof]
    with pytest.raises(NotProvenYet):
        check_domain(stranger, theirs)
    check_domain(owner, mine)
    zone[mine.record_name] = [theirs.proof]
    with pytest.raises(DomainTaken):
        check_domain(stranger, theirs)
    theirs.refresh_from_db()
    assert theirs.proven_at is None
    release_domain(owner, mine)
    look_for_proofs.func()
    theirs.refresh_from_db()
    assert theirs.proven_at is not None


def test_a_domain_that_is_hosted_here_needs_no_record(
    owner: Actor, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "_hosted", [lambda number, name: (number, name) == (acme.pk, "acme.example")])
    assert claim_domain(owner, acme, name="acme.example").proven_at is not None
    assert claim_domain(owner, acme, name="other.example").proven_at is None


def test_what_is_a_domain() -> None:
    assert domain_key(" @Müller.CH. ") == "xn--mller-kva.ch"
    for bad in ("ch", "", "a..ch", "-a.ch", "a_b.ch", "10.0.0.1", "a b.ch", "x" * 64 + ".ch", "lea@acme.ch"):
        with pytest.raises(BadDomain):
            domain_key(bad)


def test_rules_are_read_and_written_alike() -> None:
    lines = ["admins = administrator: Web, Mail", "cn=staff,dc=acme = collaborator", "x = : Web"]
    read = roles.read(lines)
    assert read[1] == {"value": "cn=staff,dc=acme", "role": "collaborator", "teams": []}
    assert roles.written(read) == [
        "admins = administrator: Web, Mail",
        "cn=staff,dc=acme = collaborator",
        "x = : Web",
    ]
    for bad in ("nonsense", "x = king", "= administrator", "x ="):
        with pytest.raises(BadRule):
            roles.read([bad])
    with pytest.raises(OwnersByHand):
        roles.read(["x = owner"])
    assert roles.applied(read, "groups", {"groups": "admins"}) == ("administrator", ["Web", "Mail"])
    assert roles.applied(read, "groups", {"groups": {"admins": 1}}) == ("", [])


def test_by_program(
    connection: Connection, provider: Provider, ana: Person, ben: Person, acme: Organization
) -> None:
    api, path = ApiClient(ana), f"/2/accounts/{acme.pk}/sso"
    read = api.get(path).data
    assert read["provider_needs"]["redirect_address"].endswith("/login/sso/acme/callback")
    assert "client_secret" not in read and read["is_on"] is True
    made = api.post(f"{path}/domains", {"name": "acme.ch"}).data
    assert api.post(f"{path}/domains/{made['id']}/check").code == "sso.not_proven_yet"
    zone[made["record_name"]] = [made["record_value"]]
    assert api.post(f"{path}/domains/{made['id']}/check").data["proven_at"] is not None
    assert [each["name"] for each in api.get(f"{path}/domains").data] == ["acme.ch", "acme.example"]
    rules = api.put(f"{path}/rules", {"rules": ["a = administrator"], "is_forced": True}).data
    assert (rules["rules"], rules["is_forced"]) == (["a = administrator"], True)
    assert api.get(f"/1/accounts/{acme.pk}").data["is_sso"] is True
    lea = Client()
    sign_in(lea)
    people = {each["email"]: each["is_sso"] for each in api.get(f"/2/accounts/{acme.pk}/users").data}
    assert (people["lea@acme.example"], people["ana@acme.example"]) == (True, False)
    (identity,) = api.get(f"{path}/identities").data
    assert identity["subject"] == "subject-lea"
    assert ApiClient(Person.objects.get(pk=identity["user_id"])).get("/2/profile").data["is_sso"] is True
    assert api.delete(f"{path}/sessions").data == 1 and who(lea) is None
    assert api.delete(f"{path}/identities/{identity['id']}").data is True
    assert api.put(f"{path}/state", {"is_on": False}).data["is_forced"] is False
    values = {"discovery_url": provider.issuer, "client_id": "other", "client_secret": "x"}
    assert api.put(path, values).data["tested_at"] is None
    assert api.put(f"{path}/state", {"is_on": True}).code == "sso.not_tested"
    assert ApiClient(ben).get(path).status == 403
    for each in api.get(f"{path}/domains").data:
        assert api.delete(f"{path}/domains/{each['id']}").data is True
    assert api.delete(path).data is True and api.get(path).status == 404
    assert [each["is_sso"] for each in api.get("/1/accounts").data] == [False]


def test_disconnecting_ends_what_was_begun(connection: Connection, provider: Provider, owner: Actor) -> None:
    lea = Client()
    sign_in(lea)
    disconnect(owner, connection)
    assert who(lea) is None and not Identity.objects.exists()


def test_the_end_of_an_account_says_what_it_means_here(connection: Connection, provider: Provider) -> None:
    sign_in(Client())
    person = Person.objects.get(email="lea@acme.example")
    texts = [str(effect.text) for effect in effects_of(person)]
    assert "You no longer sign in here through Acme. Your account there stays." in texts
