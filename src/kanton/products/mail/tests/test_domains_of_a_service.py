"""Domains of a mail service: records in a zone of ours, keys, and what a zone elsewhere needs."""

from __future__ import annotations

import pytest

from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.products.domains.errors import WouldReplace
from kanton.products.domains.linking import CheckState
from kanton.products.domains.models import Zone, ZoneRecord
from kanton.products.domains.tests.factories import make_zone
from kanton.products.mail.actions import link_domain, unlink_domain
from kanton.products.mail.dns_records import check_domain_records, signing_key, unchecked_records
from kanton.products.mail.models import MailService
from kanton.products.mail.tasks import publish_mail
from kanton.products.mail.tests.factories import RememberingEngine, make_mail, make_mailbox


def made_for_mail(zone: Zone) -> set[tuple[str, str]]:
    """Name and type of the records that linking made or took over."""
    rows = ZoneRecord.objects.filter(zone=zone, made_by__startswith="mail:")
    return {(row.name.removesuffix(zone.name).rstrip("."), row.type) for row in rows}


@pytest.mark.spec("MAIL-92", "MAIL-37", "MAIL-4")
def test_a_domain_held_here_gets_its_mail_records_and_signs_with_the_key_of_its_zone(
    acme: Organization, owner: Actor, engine: RememberingEngine
) -> None:
    zone = make_zone(acme)
    mail = make_mail(acme, controlled=False)
    domain = mail.domains.get()
    assert domain.is_controlled, "who holds the domain with us need not prove it"
    kinds = made_for_mail(zone)
    assert {
        ("", "MX"),
        ("", "TXT"),
        ("_dmarc", "TXT"),
        ("_imaps._tcp", "SRV"),
        ("_submissions._tcp", "SRV"),
    } <= kinds
    key = signing_key(domain)
    assert key is not None and (f"{key.selector}._domainkey", "TXT") in kinds
    make_mailbox(owner, mail)
    publish_mail.call(mail.pk)
    [published] = engine.published["acme.example"].dkim
    assert (published.selector, published.record) == (key.selector, key.record)
    assert not domain.dkim_private, "no second key is made"


def test_unlinking_removes_what_linking_made_and_nothing_else(
    acme: Organization, owner: Actor, engine: RememberingEngine
) -> None:
    mail = make_mail(acme, "main.example")
    zone = make_zone(acme, "more.example")
    ZoneRecord.objects.filter(zone=zone, type="MX").delete()
    before = set(ZoneRecord.objects.filter(zone=zone).exclude(made_by="setup").values_list("name", "type"))
    domain = link_domain(owner, mail, name="more.example")
    assert ("", "MX") in made_for_mail(zone)
    unlink_domain(owner, domain)
    assert made_for_mail(zone) == set()
    assert (
        set(ZoneRecord.objects.filter(zone=zone).exclude(made_by="setup").values_list("name", "type"))
        == before
    )


def test_records_of_another_provider_are_replaced_only_when_told(
    acme: Organization, owner: Actor, engine: RememberingEngine
) -> None:
    mail = make_mail(acme, "main.example")
    zone = make_zone(acme, "more.example")
    ZoneRecord.objects.filter(zone=zone, type="MX").update(
        target="10 mx.other.example", made_by="", key="x" * 32
    )
    with pytest.raises(WouldReplace):
        link_domain(owner, mail, name="more.example")
    assert not mail.domains.filter(name="more.example").exists(), "nothing is half done"
    link_domain(owner, mail, name="more.example", replace_records=True)
    assert [row.target for row in ZoneRecord.objects.filter(zone=zone, type="MX")] != ["10 mx.other.example"]


def test_a_domain_elsewhere_gets_a_key_of_its_own_and_is_told_every_record(
    acme: Organization,
    owner: Actor,
    mail: MailService,
    engine: RememberingEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_mail.call(mail.pk)
    domain = mail.domains.get()
    assert domain.dkim_private.startswith("-----BEGIN") and domain.dkim_selector.startswith("kanton")
    names = {(one.name, one.type) for one in unchecked_records(domain)}
    assert {
        ("acme.example", "MX"),
        ("_dmarc.acme.example", "TXT"),
        ("_imaps._tcp.acme.example", "SRV"),
    } <= names
    [mx] = [one.target for one in unchecked_records(domain) if one.type == "MX"]
    answers = {("acme.example", "MX"): [f"{mx}."], ("acme.example", "TXT"): ["v=spf1 -all"]}
    monkeypatch.setattr(
        "kanton.products.mail.dns_records._look_up", lambda name, kind: answers.get((name, kind), [])
    )
    states = {(one.name, one.type): one.state for one in check_domain_records(domain)}
    assert states["acme.example", "MX"] is CheckState.GOOD
    assert states["acme.example", "TXT"] is CheckState.OTHER
    assert states["_dmarc.acme.example", "TXT"] is CheckState.MISSING


@pytest.mark.spec("MAIL-3")
def test_a_subdomain_of_a_held_domain_can_carry_mail(
    acme: Organization, owner: Actor, engine: RememberingEngine
) -> None:
    zone = make_zone(acme)
    mail = make_mail(acme, "main.example")
    domain = link_domain(owner, mail, name="team.acme.example")
    assert domain.is_controlled and ("team", "MX") in made_for_mail(zone)
    publish_mail.call(mail.pk)
    domain.refresh_from_db()
    assert (f"{domain.dkim_selector}._domainkey.team", "TXT") in made_for_mail(zone)
