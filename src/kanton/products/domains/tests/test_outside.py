"""Asking name servers that a customer names: before the transaction, only on the internet, only so much and so long."""

from __future__ import annotations

from collections.abc import Callable

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rrset
import pytest
from django.db import connection
from django.test import Client

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core.action import dry_run
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.organizations.models import Organization
from kanton.products.domains import outside
from kanton.products.domains.actions import point_domain
from kanton.products.domains.errors import NotActive, SilentNameserver, TooFewNameservers
from kanton.products.domains.models import Domain, DomainState
from kanton.products.domains.tests.factories import make_domain
from kanton.rest.testing import ApiClient

OURS = ["ns1.alpenhost.example", "ns2.alpenhost.example"]
THEIRS = ["ns1.globex.example", "ns2.globex.example"]
Answer = Callable[[str, dns.message.Message], dns.message.Message]


class Internet:
    """Names with their addresses, and what was asked of whom."""

    def __init__(self) -> None:
        self.addresses = {"ns1.globex.example": ["8.8.8.1"], "ns2.globex.example": ["8.8.8.2"]}
        self.silent: set[str] = set()
        self.asked: list[tuple[str, int]] = []
        self.in_transaction: list[bool] = []
        self.seconds_each = 0.0
        self.now = 0.0

    def look_up(self, name: str, patience: float) -> list[str]:
        return self.addresses.get(name, [])

    def answer(
        self, query: dns.message.Message, where: str, *, timeout: float, port: int
    ) -> tuple[dns.message.Message, bool]:
        self.asked.append((where, port))
        self.in_transaction.append(connection.in_atomic_block)
        if where in self.silent:
            self.now += timeout
            raise dns.exception.Timeout
        self.now += self.seconds_each
        said = dns.message.make_response(query)
        said.flags |= dns.flags.AA
        name = query.question[0].name
        said.answer.append(
            dns.rrset.from_text(name, 3600, "IN", "SOA", f"ns1.globex.example. h.{name} 1 2 3 4 5")
        )
        return said, False


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    found = Internet()
    monkeypatch.setattr(outside, "look_up", found.look_up)
    monkeypatch.setattr(dns.query, "udp_with_fallback", found.answer)
    monkeypatch.setattr(outside, "clock_of", lambda: found.now)
    return found


@pytest.fixture
def domain(acme: Organization) -> Domain:
    return make_domain(acme)


def kept(domain: Domain) -> list[str]:
    domain.refresh_from_db()
    return list(domain.nameservers)


@pytest.mark.django_db(transaction=True)
def test_they_are_asked_before_the_transaction_and_once_each(
    owner: Actor, domain: Domain, internet: Internet
) -> None:
    point_domain(owner, domain, nameservers=THEIRS, verify=True)
    assert internet.asked == [("8.8.8.1", 53), ("8.8.8.2", 53)]
    assert internet.in_transaction == [False, False]
    assert kept(domain) == THEIRS


@pytest.mark.django_db(transaction=True)
def test_the_api_and_the_page_ask_outside_a_transaction_too(
    ana: Person, client: Client, domain: Domain, internet: Internet
) -> None:
    body = {"nameservers": THEIRS, "verify_ns_availability": True}
    path = f"/2/domains/{domain.name}/nameservers"
    assert ApiClient(ana).put(path, body).status == 200
    assert ApiClient(ana).put(path, body, IF_MATCH='"of-something-that-nobody-reads"').status == 200
    page = f"/o/acme/domains/{domain.name}/nameservers"
    form = {"use_own": "no", "nameservers": "\n".join(THEIRS), "verify": "on"}
    client.force_login(ana)
    assert client.post(page, form).status_code == 303
    assert len(internet.asked) == 6
    assert not any(internet.in_transaction)


@pytest.mark.django_db
def test_a_silent_one_is_named_and_nothing_moves(owner: Actor, domain: Domain, internet: Internet) -> None:
    internet.silent = {"8.8.8.2"}
    before = Activity.objects.count()
    with pytest.raises(SilentNameserver) as caught:
        point_domain(owner, domain, nameservers=THEIRS, verify=True)
    assert caught.value.params == {"host": "ns2.globex.example", "name": "acme.example"}
    assert (kept(domain), Activity.objects.count()) == (OURS, before)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "addresses", [[], ["127.0.0.1"], ["10.0.0.7"], ["169.254.169.254"], ["::1"], ["8.8.8.1", "192.168.1.1"]]
)
def test_a_name_that_leads_into_a_private_network_is_never_asked(
    owner: Actor, domain: Domain, internet: Internet, addresses: list[str]
) -> None:
    internet.addresses["ns1.globex.example"] = addresses
    with pytest.raises(SilentNameserver):
        point_domain(owner, domain, nameservers=THEIRS, verify=True)
    assert internet.asked == []
    assert kept(domain) == OURS


@pytest.mark.django_db
def test_thirteen_silent_ones_take_no_longer_than_one_and_many_addresses_no_longer_than_four(
    owner: Actor, domain: Domain, internet: Internet
) -> None:
    many = [f"ns{number}.globex.example" for number in range(1, 14)]
    internet.addresses = {
        name: [f"8.8.{index}.{last}" for last in range(1, 9)] for index, name in enumerate(many)
    }
    internet.silent = {address for several in internet.addresses.values() for address in several}
    with pytest.raises(SilentNameserver) as caught:
        point_domain(owner, domain, nameservers=many, verify=True)
    assert caught.value.params["host"] == "ns1.globex.example"
    assert len(internet.asked) == outside.MOST_ADDRESSES


@pytest.mark.django_db
def test_slow_ones_are_given_up_together(owner: Actor, domain: Domain, internet: Internet) -> None:
    many = [f"ns{number}.globex.example" for number in range(1, 14)]
    internet.addresses = {name: [f"8.8.8.{index + 1}"] for index, name in enumerate(many)}
    internet.seconds_each = outside.PATIENCE
    with pytest.raises(SilentNameserver):
        point_domain(owner, domain, nameservers=many, verify=True)
    assert len(internet.asked) == outside.PATIENCE_WITH_ALL / outside.PATIENCE
    assert kept(domain) == OURS


@pytest.mark.django_db
def test_what_is_refused_anyway_asks_nobody(
    owner: Actor, stranger: Actor, domain: Domain, internet: Internet
) -> None:
    with pytest.raises(Forbidden):
        point_domain(stranger, domain, nameservers=THEIRS, verify=True)
    with pytest.raises(TooFewNameservers):
        point_domain(owner, domain, nameservers=THEIRS[:1], verify=True)
    Domain.objects.filter(pk=domain.pk).update(state=DomainState.REDEMPTION)
    domain.refresh_from_db()
    with pytest.raises(NotActive):
        point_domain(owner, domain, nameservers=THEIRS, verify=True)
    assert internet.asked == []
    assert kept(domain) == OURS


@pytest.mark.django_db
def test_a_preview_asks_nobody_and_says_so(owner: Actor, domain: Domain, internet: Internet) -> None:
    effect = dry_run(point_domain, owner, domain, nameservers=THEIRS, verify=True)
    assert effect.notes == ["The name servers are asked when it is done, not now."]
    assert internet.asked == []
    assert kept(domain) == OURS
