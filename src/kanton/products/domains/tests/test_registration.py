"""The life of a domain at the sandbox registry: set-up, failures, renewal, name servers, suspension, end,
release.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.core.errors import DomainError
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.correspondents.actions import choose_mails
from kanton.organizations.correspondents.models import MailKind
from kanton.organizations.models import Membership, Organization
from kanton.products.actions import extend_service, want_service
from kanton.products.domains.actions import (
    change_contact,
    remind_of_expiry,
    set_nameservers,
    set_transfer_lock,
)
from kanton.products.domains.errors import (
    InvalidName,
    NameReserved,
    NameTaken,
    NotActive,
    NotASubdomain,
    NotThisLength,
    NoUnicode,
    OtherExtension,
    TooFewNameservers,
    UnknownExtension,
)
from kanton.products.domains.extensions import EXTENSIONS, registrable
from kanton.products.domains.models import DkimKey, Domain, DomainState, Zone
from kanton.products.domains.product import DomainProduct
from kanton.products.domains.queries import signing_keys
from kanton.products.domains.registrars import (
    Availability,
    Holder,
    Refusal,
    RegistrarRefused,
    RegistrarUnavailable,
    Registration,
)
from kanton.products.domains.registrars.sandbox import SandboxRegistrar
from kanton.products.domains.tasks import (
    audit_zones,
    follow_registry,
    look_for_missing_zones,
    remind_of_expiries,
)
from kanton.products.domains.tests.factories import make_domain, make_service
from kanton.products.domains.tests.name_server import Running
from kanton.products.models import Service, Wanted

pytestmark = pytest.mark.django_db

HOLDER = Holder("Person", "Ana Keller", "", "Marktgasse 1", "3011", "Bern", "CH", "", "ana@acme.example")


def at(days: int) -> datetime:
    return clock.now() + timedelta(days=days)


@pytest.mark.spec("DOM-1", "DOM-10")
def test_an_ordered_domain_is_registered_and_its_zone_answered(
    acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    service = make_service(acme, "acme.example")
    run_jobs()
    service.refresh_from_db()
    domain = Domain.objects.get(service=service)
    zone = Zone.objects.get(domain=domain)
    assert (service.is_running, domain.state, domain.is_proved, zone.is_proved) == (
        True,
        "active",
        True,
        True,
    )
    found = registry.info("acme.example")
    assert found is not None
    assert found.nameservers == ("ns1.alpenhost.example", "ns2.alpenhost.example")
    assert domain.expires_on == found.expires_on == clock.today().replace(year=clock.today().year + 1)
    assert "clientTransferProhibited" in domain.registry_status
    for kind, wanted in (
        ("NS", "ns1.alpenhost.example."),
        ("MX", "10 mail.alpenhost.example."),
        ("TXT", '"v=spf1 mx -all"'),
    ):
        assert wanted in name_server.dig("+short", "acme.example", kind)
    assert "v=DKIM1" in name_server.dig("+short", "k1._domainkey.acme.example", "TXT")
    assert "v=DMARC1" in name_server.dig("+short", "_dmarc.acme.example", "TXT")
    kinds = [activity.kind for activity in Activity.objects.order_by("pk")]
    assert kinds == [
        "products.service_ordered",
        "domains.domain_set_up",
        "domains.domain_registered",
        "products.service_ready",
    ]
    owner_contact = domain.contacts.get(role="owner")
    assert (owner_contact.company, owner_contact.email) == ("Acme", "ana@acme.example")


def test_the_signing_key_is_encrypted_and_matches_its_record(
    acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from django.db import connection

    make_service(acme, "acme.example")
    run_jobs()
    (key,) = signing_keys("acme.example")
    assert load_pem_private_key(key.private_pem.encode(), None).key_size == 2048  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT private_pem FROM {DkimKey._meta.db_table}")
        assert "PRIVATE KEY" not in cursor.fetchone()[0]
    assert signing_keys("globex.example") == []


def test_a_second_run_changes_nothing(
    acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    service = make_service(acme, "acme.example")
    run_jobs()
    before = Domain.objects.values().get(), Zone.objects.values().get()
    DomainProduct().reconcile(Service.objects.get(pk=service.pk))
    after = Domain.objects.values().get(), Zone.objects.values().get()
    for old, new in zip(before, after, strict=True):
        assert {k: v for k, v in old.items() if k not in ("checked_at", "proved_at")} == {
            k: v for k, v in new.items() if k not in ("checked_at", "proved_at")
        }


def test_a_lost_answer_registers_once(
    acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    service = make_service(acme, "lost.example")
    run_jobs(even_later=True)
    service.refresh_from_db()
    assert service.wish_reason == "The registry does not answer at the moment."
    run_jobs(even_later=True)
    service.refresh_from_db()
    assert service.is_running
    found = registry.info("lost.example")
    assert found is not None
    assert found.expires_on == clock.today().replace(year=clock.today().year + 1)


@pytest.mark.spec("DOM-10")
def test_a_slow_registry_is_waited_for(
    acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    service = make_service(acme, "slow.example")
    run_jobs()
    domain = Domain.objects.get()
    assert (domain.state, service.is_running) == ("registering", False)
    with clock.travel(clock.now() + timedelta(seconds=10)):
        run_jobs(even_later=True)
        assert Domain.objects.get().state == "active"


def test_a_silent_registry_is_told_and_tried_again(
    acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    service = make_service(acme, "away.example")
    run_jobs()
    service.refresh_from_db()
    assert service.wish_state == "pending"
    assert service.wish_reason == "The registry does not answer at the moment."


@pytest.mark.spec("DOM-10")
@pytest.mark.parametrize(
    ("name", "state"), [("snatched.example", "failed"), ("refused.example", "registering")]
)
def test_a_refusal_says_why_and_what_to_do(
    acme: Organization, registry: SandboxRegistrar, name_server: Running, name: str, state: str
) -> None:
    service = make_service(acme, name)
    run_jobs()
    service.refresh_from_db()
    domain = Domain.objects.get()
    assert (service.wish_state, domain.state, domain.wish_state) == ("failed", state, "failed")
    assert service.wish_reason
    assert service.wish_remedy
    if state == "failed":
        assert not Zone.objects.alive().exists()
        # The name is free for another try.
        assert not Domain.objects.held().filter(name=name).exists()


def test_a_name_held_here_is_not_set_up_twice(
    acme: Organization, globex: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    make_service(acme, "acme.example")
    run_jobs()
    Service.objects.update(order_line="elsewhere")
    second = make_service(globex, "acme.example")
    run_jobs()
    second.refresh_from_db()
    assert second.wish_state == "failed"
    assert Domain.objects.get().organization_id == acme.pk


@pytest.mark.spec("DOM-3")
def test_a_renewal_reaches_the_registry_once(
    acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    service = make_service(acme, "acme.example")
    run_jobs()
    service.refresh_from_db()
    assert service.ends_on is not None
    until = service.ends_on.replace(year=service.ends_on.year + 2)
    extend_service(System("renewals"), service, until=until)
    run_jobs()
    DomainProduct().reconcile(Service.objects.get(pk=service.pk))
    found = registry.info("acme.example")
    assert found is not None
    assert found.expires_on == clock.today().replace(year=clock.today().year + 3)
    assert Domain.objects.get().expires_on == found.expires_on
    assert Activity.objects.filter(kind="domains.domain_renewed").count() == 1


@pytest.mark.spec("DOM-30", "DOM-31")
def test_name_servers_are_changed_at_the_registry(
    acme: Organization, owner: Actor, registry: SandboxRegistrar, name_server: Running
) -> None:
    make_service(acme, "acme.example")
    run_jobs()
    domain = Domain.objects.get()
    elsewhere = ["ns1.globex.example", "NS2.globex.example."]
    set_nameservers(owner, domain, nameservers=elsewhere)
    domain.refresh_from_db()
    assert domain.wish_state == "pending"
    run_jobs()
    domain.refresh_from_db()
    assert domain.wish_state == "done"
    assert domain.registry_nameservers == ["ns1.globex.example", "ns2.globex.example"]
    # The zone is another layer: nothing in it has changed (DOM-29).
    assert Zone.objects.get().version == 1
    set_nameservers(owner, domain, use_own=True)
    run_jobs()
    domain.refresh_from_db()
    assert domain.registry_nameservers == ["ns1.alpenhost.example", "ns2.alpenhost.example"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([], TooFewNameservers),
        (["ns1.globex.example"], TooFewNameservers),
        (["ns1.globex.example", "ns1.globex.example."], TooFewNameservers),
        (["192.0.2.1", "ns1.globex.example"], InvalidName),
        (["ns_1.globex.example", "ns1.globex.example"], InvalidName),
    ],
)
def test_wrong_name_servers_are_refused_at_their_field(
    acme: Organization, owner: Actor, given: list[str], error: type[DomainError]
) -> None:
    domain = make_domain(acme)
    with pytest.raises(error) as caught:
        set_nameservers(owner, domain, nameservers=given)
    assert caught.value.field == "nameservers"
    domain.refresh_from_db()
    assert domain.nameservers == ["ns1.alpenhost.example", "ns2.alpenhost.example"]


@pytest.mark.spec("DOM-26")
def test_the_transfer_lock_reaches_the_registry(
    acme: Organization, owner: Actor, registry: SandboxRegistrar, name_server: Running
) -> None:
    make_service(acme, "acme.example")
    run_jobs()
    domain = Domain.objects.get()
    with pytest.raises(RegistrarRefused):
        registry.authorization_code("acme.example")
    set_transfer_lock(owner, domain, locked=False)
    run_jobs()
    found = registry.info("acme.example")
    assert found is not None
    assert not found.is_locked
    assert len(registry.authorization_code("acme.example")) > 10


@pytest.mark.spec("DOM-23")
def test_contact_details_changed_while_the_registry_is_told_reach_it_too(
    acme: Organization,
    owner: Actor,
    registry: SandboxRegistrar,
    name_server: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_service(acme, "acme.example")
    run_jobs()
    domain = Domain.objects.get()
    told: list[str] = []
    tell = registry.set_holder

    def tell_slowly(name: str, role: str, holder: Holder) -> Registration:
        told.append(holder.city)
        if holder.city == "Thun":
            change_contact(owner, domain, role="owner", details={"city": "Bern", "postal_code": "3011"})
        return tell(name, role, holder)

    monkeypatch.setattr(registry, "set_holder", tell_slowly)
    change_contact(owner, domain, role="owner", details={"city": "Thun", "postal_code": "3600"})
    run_jobs()
    contact = domain.contacts.get(role="owner")
    assert (told, contact.city, contact.validated_at is not None) == (["Thun", "Bern"], "Bern", True)
    assert Domain.objects.get().is_proved


@pytest.mark.spec("DOM-23")
def test_contact_details_reach_the_registry(
    acme: Organization, owner: Actor, registry: SandboxRegistrar, name_server: Running
) -> None:
    make_service(acme, "acme.example")
    run_jobs()
    domain = Domain.objects.get()
    with pytest.raises(DomainError) as caught:
        change_contact(owner, domain, role="owner", details={"city": " "})
    assert caught.value.field == "city"
    contact = change_contact(owner, domain, role="owner", details={"city": "Thun", "postal_code": "3600"})
    run_jobs()
    contact.refresh_from_db()
    assert (contact.city, contact.validated_at is not None) == ("Thun", True)
    assert Domain.objects.get().is_proved


@pytest.mark.spec("DOM-10")
def test_suspension_end_redemption_and_release(
    acme: Organization, owner: Actor, registry: SandboxRegistrar, name_server: Running
) -> None:
    service = make_service(acme, "acme.example")
    run_jobs()
    want_service(System("dunning"), service, Wanted.SUSPENDED)
    run_jobs()
    assert "clientHold" in Domain.objects.get().registry_status
    want_service(System("billing"), service, Wanted.ACTIVE)
    run_jobs()
    assert "clientHold" not in Domain.objects.get().registry_status
    want_service(System("billing"), service, Wanted.ENDED)
    run_jobs()
    domain = Domain.objects.get()
    assert domain.state == DomainState.REDEMPTION
    assert "REFUSED" in name_server.dig("acme.example")
    with pytest.raises(NotActive):
        set_transfer_lock(owner, domain, locked=True)
    for days, state in ((20, "redemption"), (33, "pending_release"), (40, "released")):
        with clock.travel(at(days)):
            follow_registry.call()
            run_jobs(even_later=True)
            assert Domain.objects.get().state == state
    with clock.travel(at(41)):
        assert registry.check(["acme.example"]) == {"acme.example": Availability.FREE}


@pytest.mark.spec("DOM-4", "DOM-7", "DOM-10")
def test_a_domain_that_nobody_renews_expires(
    acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    make_service(acme, "acme.example")
    run_jobs()
    for days, state, answer in (
        (300, "active", "NOERROR"),
        (330, "expiring", "NOERROR"),
        (367, "redemption", "REFUSED"),
    ):
        with clock.travel(at(days)):
            follow_registry.call()
            run_jobs(even_later=True)
            assert Domain.objects.get().state == state
            assert answer in name_server.dig("acme.example", "SOA")


@pytest.mark.spec("DOM-2", "DOM-11")
def test_expiry_is_told_on_its_days_each_once_and_not_after_the_renewal(
    acme: Organization, outbox: Outbox
) -> None:
    domain = make_domain(acme)
    Domain.objects.update(notice_email="hostmaster@acme.example")
    told = []
    for left in range(70, -3, -1):
        with clock.travel(at(365 - left)):
            sent = len(outbox)
            remind_of_expiries.call()
            remind_of_expiries.call()
            if len(outbox) > sent:
                told.append((left, len(outbox) - sent))
    assert told == [(60, 2), (30, 2), (14, 2), (7, 2), (1, 2), (0, 2)]
    first, last = outbox[0], outbox[-1]
    assert sorted(first.to + outbox[1].to) == ["ana@acme.example", "hostmaster@acme.example"]
    assert first.subject == "acme.example expires in 60 days"
    assert last.subject == "acme.example expires today"
    # Paid for another year: nothing more, although the registry is not told yet.
    Domain.objects.update(reminded="")
    Service.objects.update(ends_on=clock.today() + timedelta(days=730))
    with clock.travel(at(335)):
        assert remind_of_expiries.call() == 0
    assert Activity.objects.filter(kind="domains.expiry_told").count() == 6
    assert domain.name == "acme.example"


@pytest.mark.spec("DOM-11", "ORG-41", "ORG-42")
def test_expiry_is_told_to_the_contacts_for_billing_and_for_renewals_each_once(
    owner: Actor, acme: Organization, ben: Person, zoe: Person, outbox: Outbox
) -> None:
    domain = make_domain(acme)
    Domain.objects.update(notice_email="")  # it has no address of its own
    external = Membership.objects.create(organization=acme, person=zoe, role=Role.EXTERNAL)
    member = acme.memberships.get(person=ben)

    def told(kinds: list[MailKind], of_the_other: list[MailKind], left: int) -> list[str]:
        choose_mails(owner, member, kinds=kinds)
        choose_mails(owner, external, kinds=of_the_other)
        sent = len(outbox)
        with clock.travel(at(365 - left)):
            assert remind_of_expiry(System("domains"), domain)
        return sorted(mail.to[0] for mail in outbox[sent:] if mail.template == "domains/expires")

    assert told([MailKind.BILLING], [MailKind.RENEWAL], 60) == [ben.email, zoe.email]
    assert told([MailKind.BILLING, MailKind.RENEWAL], [], 30) == [ben.email]
    # With nobody chosen for a kind, it goes to the owners.
    assert told([MailKind.RENEWAL], [], 14) == ["ana@acme.example", ben.email]
    assert told([], [], 7) == ["ana@acme.example"]


@pytest.mark.spec("DOM-11")
def test_a_reminder_missed_by_a_standstill_is_made_up_for(acme: Organization, outbox: Outbox) -> None:
    make_domain(acme)
    with clock.travel(at(365 - 25)):
        assert remind_of_expiries.call() == 1
    assert outbox[0].subject == "acme.example expires in 25 days"
    with clock.travel(at(365 - 14)):
        assert remind_of_expiries.call() == 1


def test_zones_that_the_server_lost_are_published_again(
    acme: Organization, registry: SandboxRegistrar, name_server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_service(acme, "acme.example")
    run_jobs()
    monkeypatch.setattr("kanton.products.domains.tasks.store_path", lambda: name_server.store)
    assert audit_zones.call() == 0
    name_server.engine.withdraw("acme.example")
    assert audit_zones.call() == 1
    run_jobs()
    assert "NOERROR" in name_server.dig("acme.example", "SOA")
    assert look_for_missing_zones.call() == 0
    name_server.engine.withdraw("acme.example")
    assert look_for_missing_zones.call() == 1


# --- the order --------------------------------------------------------------------------------------------------


@pytest.mark.spec("DOM-14")
@pytest.mark.parametrize(
    ("written", "name"),
    [("ACME.Example", "acme.example"), ("bücher.ch", "xn--bcher-kva.ch"), (" acme.co.uk. ", "acme.co.uk")],
)
def test_an_order_holds_the_normal_name(written: str, name: str, registry: SandboxRegistrar) -> None:
    assert DomainProduct().check_order(None, {"name": written}) == {"name": name}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", InvalidName),
        ("acme", InvalidName),
        ("ac me.ch", InvalidName),
        ("ac_me.ch", InvalidName),
        ("192.0.2.1", InvalidName),
        ("acme.unknown", UnknownExtension),
        ("www.acme.ch", NotASubdomain),
        ("bücher.io", NoUnicode),
        ("ab.ch", NotThisLength),
        ("taken.example", NameTaken),
        ("reserved.example", NameReserved),
    ],
)
def test_a_name_that_cannot_be_ordered_is_refused_at_its_field(
    name: str, error: type[DomainError], registry: SandboxRegistrar
) -> None:
    with pytest.raises(error) as caught:
        DomainProduct().check_order(None, {"name": name})
    assert caught.value.field == "name"
    assert caught.value.sentence


def test_a_name_is_ordered_with_the_offer_of_its_own_ending(registry: SandboxRegistrar) -> None:
    with pytest.raises(OtherExtension) as caught:
        DomainProduct().check_order(None, {"name": "acme.swiss", "tld": "example"})
    assert caught.value.field == "name"
    assert DomainProduct().check_order(None, {"name": "acme.swiss", "tld": "swiss"}) == {"name": "acme.swiss"}


def test_a_name_that_is_held_here_cannot_be_ordered(acme: Organization, registry: SandboxRegistrar) -> None:
    make_domain(acme)
    with pytest.raises(NameTaken):
        DomainProduct().check_order(None, {"name": "acme.example"})
    # A silent registry does not stop the shop; it has the last word later.
    assert DomainProduct().check_order(None, {"name": "away.example"}) == {"name": "away.example"}


def test_extensions_are_found_by_the_longest_ending() -> None:
    assert registrable("acme.co.uk") == "acme.co.uk"
    assert len({extension.id for extension in EXTENSIONS.values()}) == len(EXTENSIONS)


# --- the sandbox itself -----------------------------------------------------------------------------------------


def test_the_sandbox_transfers_with_the_right_code_only(registry: SandboxRegistrar) -> None:
    with pytest.raises(RegistrarRefused) as caught:
        registry.transfer("moving.example", code="wrong", key="t1")
    assert caught.value.refusal is Refusal.WRONG_CODE
    assert registry.transfer("moving.example", code="sandbox", key="t2").is_pending
    with clock.travel(clock.now() + timedelta(seconds=10)):
        found = registry.info("moving.example")
        assert found is not None
        assert (found.is_ours, found.is_pending) == (True, False)


def test_the_sandbox_keeps_its_rules(registry: SandboxRegistrar) -> None:
    servers = ["ns1.alpenhost.example", "ns2.alpenhost.example"]
    first = registry.create("acme.example", years=1, nameservers=servers, holder=HOLDER, key="k")
    again = registry.create("acme.example", years=1, nameservers=servers, holder=HOLDER, key="k")
    assert first == again
    with pytest.raises(RegistrarRefused):
        registry.create("acme.example", years=1, nameservers=servers, holder=HOLDER, key="other")
    with pytest.raises(RegistrarRefused):
        registry.create("long.example", years=11, nameservers=servers, holder=HOLDER, key="l")
    with pytest.raises(RegistrarRefused):
        registry.renew("acme.example", expires_on=clock.today(), years=1, key="r")
    with pytest.raises(RegistrarRefused):
        registry.set_nameservers("acme.example", ["ns1.alpenhost.example"])
    with pytest.raises(RegistrarRefused):
        registry.set_lock("unknown.example", locked=True)
    with pytest.raises(RegistrarUnavailable):
        registry.info("away.example")
    deleted = registry.delete("acme.example")
    assert deleted == registry.delete("acme.example")
    assert deleted.ends_on == clock.today() + timedelta(days=30)
    restored = registry.restore("acme.example", key="back")
    assert "redemptionPeriod" not in restored.status
    assert registry.restore("acme.example", key="back") == restored
