"""Zones: records added, changed and removed; one wrong record saves nothing; history, undo, two editors,
links.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from kanton.activity.models import Activity
from kanton.core import clock, jobs
from kanton.core.action import dry_run
from kanton.core.actor import Actor
from kanton.core.errors import DomainError, Forbidden, NotFound
from kanton.core.jobs.testing import run_jobs, waiting_jobs
from kanton.organizations.models import Grant, Membership, Organization
from kanton.products.domains import actions, defaults, queries
from kanton.products.domains.actions import (
    create_record,
    create_zone,
    delete_record,
    delete_records,
    delete_zone,
    import_zone,
    link_records,
    restore_zone,
    unlink_records,
    update_record,
)
from kanton.products.domains.edits import next_serial
from kanton.products.domains.engine import EmbeddedEngine, use_engine
from kanton.products.domains.errors import (
    InvalidRecord,
    InvalidZoneText,
    LastNameserver,
    MainZone,
    NoSuchVersion,
    RecordExists,
    RecordsExclude,
    UnsupportedType,
    WouldReplace,
    ZoneChanged,
    ZoneExists,
    ZoneOutsideDomain,
)
from kanton.products.domains.linking import CheckState, LinkRecord, check_records, plan_link
from kanton.products.domains.models import Domain, Zone, ZoneRecord, ZoneVersion
from kanton.products.domains.records import Record
from kanton.products.domains.rights import DNS_EDIT, VIEW
from kanton.products.domains.tasks import reconcile_zone
from kanton.products.domains.tests.factories import KEY, make_domain, make_zone
from kanton.products.domains.tests.name_server import Running

pytestmark = pytest.mark.django_db


def texts(zone: Zone) -> set[str]:
    """The records of a zone without its name servers and the first mail records."""
    return {
        f"{row.name.removesuffix('.' + zone.name)} {row.type} {row.target}"
        for row in ZoneRecord.objects.filter(zone=zone)
        if not row.made_by
    }


@pytest.fixture
def granted(member: Actor, acme: Organization) -> Actor:
    """Ben, who may edit all zones of Acme."""
    Grant.objects.create(
        organization=acme,
        membership=Membership.objects.get(person_id=member.person_id or 0),
        right=DNS_EDIT.code,
        product="domains",
    )
    return member


@pytest.mark.spec("DOM-34")
def test_a_new_domain_begins_with_name_servers_and_mail(zone: Zone) -> None:
    text = queries.zone_text(zone)
    assert "@ 3600 IN SOA ns1.alpenhost.example. hostmaster.alpenhost.example." in text
    assert "@ 3600 IN NS ns1.alpenhost.example.\n@ 3600 IN NS ns2.alpenhost.example.\n" in text
    assert "@ 3600 IN MX 10 mail.alpenhost.example.\n" in text
    assert '@ 3600 IN TXT "v=spf1 mx -all"\n' in text
    assert 'k1._domainkey 3600 IN TXT "v=DKIM1; k=rsa; p=AAAA' in text
    assert '_dmarc 3600 IN TXT "v=DMARC1; p=quarantine"\n' in text
    assert queries.hints_for(Zone.objects.get(pk=zone.pk)) == []


@pytest.mark.spec("DOM-39")
def test_each_change_raises_the_serial_and_is_told_with_before_and_after(owner: Actor, zone: Zone) -> None:
    serials = [zone.serial]
    row = create_record(owner, zone, source="www", type="A", target="192.0.2.7", ttl=300)
    serials.append(Zone.objects.get(pk=zone.pk).serial)
    update_record(owner, zone, row.pk, target="192.0.2.8")
    serials.append(Zone.objects.get(pk=zone.pk).serial)
    delete_record(owner, zone, row.pk)
    serials.append(Zone.objects.get(pk=zone.pk).serial)
    assert serials == sorted(set(serials))
    told = [(a.kind, a.facts.get("before"), a.facts.get("after")) for a in Activity.objects.order_by("pk")][
        -3:
    ]
    assert told == [
        ("domains.record_added", None, "www A 192.0.2.7"),
        ("domains.record_changed", "www A 192.0.2.7 (TTL 300)", "www A 192.0.2.8 (TTL 300)"),
        ("domains.record_removed", "www A 192.0.2.8", None),
    ]
    assert waiting_jobs() == [("domains.tasks.reconcile_zone", [zone.pk])]
    assert Zone.objects.get(pk=zone.pk).wish_state == "pending"


def test_the_serial_always_rises() -> None:
    assert next_serial(1) > 2_026_010_100
    assert next_serial(9_999_999_999) == 10_000_000_000


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"type": "A", "target": "192.0.2.300"}, InvalidRecord, "target"),
        ({"type": "A", "target": "192.0.2.3", "ttl": 5}, InvalidRecord, "ttl"),
        ({"type": "A", "target": "192.0.2.3", "source": "a..b"}, InvalidRecord, "source"),
        ({"type": "LOC", "target": "x"}, UnsupportedType, "type"),
        ({"type": "MX", "target": "10 mail.alpenhost.example", "source": ""}, RecordExists, "target"),
        ({"type": "CNAME", "target": "globex.example", "source": ""}, RecordsExclude, "type"),
        ({"type": "CNAME", "target": "globex.example", "source": "_dmarc"}, RecordsExclude, "type"),
    ],
)
@pytest.mark.spec("DOM-38")
def test_a_wrong_record_is_refused_and_nothing_moves(
    owner: Actor, zone: Zone, fields: dict[str, object], error: type[DomainError], field: str
) -> None:
    before = zone.serial, Activity.objects.count(), ZoneRecord.objects.count()
    with pytest.raises(error) as caught:
        create_record(owner, zone, **({"source": "x", "ttl": 300} | fields))  # type: ignore[arg-type]
    assert caught.value.field == field
    assert caught.value.sentence
    assert (
        Zone.objects.get(pk=zone.pk).serial,
        Activity.objects.count(),
        ZoneRecord.objects.count(),
    ) == before


def test_an_updated_record_keeps_its_number_and_what_is_not_given(owner: Actor, zone: Zone) -> None:
    row = create_record(owner, zone, source="www", type="A", target="192.0.2.7", ttl=300)
    update_record(owner, zone, row.pk, ttl=600)
    row.refresh_from_db()
    assert (row.name, row.target, row.ttl) == ("www.acme.example", "192.0.2.7", 600)
    update_record(owner, zone, row.pk, source="web", target="192.0.2.8")
    row.refresh_from_db()
    assert (row.name, row.target, row.ttl) == ("web.acme.example", "192.0.2.8", 600)
    update_record(owner, zone, row.pk, source="")
    row.refresh_from_db()
    assert row.name == "acme.example"


def test_the_last_name_server_stays(owner: Actor, zone: Zone) -> None:
    servers = ZoneRecord.objects.filter(zone=zone, type="NS")
    with pytest.raises(LastNameserver):
        delete_records(owner, zone, [row.pk for row in servers])
    assert servers.count() == 2
    first, second = servers
    delete_record(owner, zone, first.pk)
    with pytest.raises(LastNameserver):
        delete_record(owner, zone, second.pk)


@pytest.mark.spec("DOM-38")
def test_of_a_batch_with_one_wrong_line_nothing_is_saved(owner: Actor, zone: Zone) -> None:
    before = texts(zone)
    with pytest.raises(InvalidZoneText) as caught:
        import_zone(owner, zone, text="www A 192.0.2.7\nmail A 192.0.2.300\nftp A 192.0.2.9\n")
    assert [line for line, _problem in caught.value.problems] == [2]
    assert "Line 2" in caught.value.sentence
    assert texts(zone) == before
    with pytest.raises(RecordsExclude):
        import_zone(owner, zone, text="www A 192.0.2.7\nwww CNAME globex.example.\n")
    assert texts(zone) == before


@pytest.mark.spec("DOM-43")
def test_an_import_shows_its_differences_first_and_an_export_leads_back(owner: Actor, zone: Zone) -> None:
    create_record(owner, zone, source="old", type="A", target="192.0.2.1")
    text = queries.zone_text(zone).replace("old 3600 IN A 192.0.2.1", "new 300 IN A 192.0.2.2")
    effect = dry_run(import_zone, owner, zone, text=text)
    assert texts(zone) == {"old A 192.0.2.1"}
    assert effect.records[0].data["before"] == "old A 192.0.2.1"
    assert effect.records[0].data["after"] == "new A 192.0.2.2"
    exported = queries.zone_text(Zone.objects.get(pk=zone.pk))
    import_zone(owner, zone, text=text)
    assert texts(zone) == {"new A 192.0.2.2"}
    import_zone(owner, zone, text=exported)
    assert texts(zone) == {"old A 192.0.2.1"}


def test_an_import_keeps_the_numbers_of_what_stays_and_the_name_servers(owner: Actor, zone: Zone) -> None:
    row = create_record(owner, zone, source="www", type="A", target="192.0.2.7", ttl=300)
    import_zone(owner, zone, text="www 600 A 192.0.2.7\n")
    kept = ZoneRecord.objects.get(pk=row.pk)
    assert kept.ttl == 600
    assert {r.type for r in ZoneRecord.objects.filter(zone=zone)} == {"A", "NS"}


def test_records_may_swap_their_contents(owner: Actor, zone: Zone) -> None:
    import_zone(owner, zone, text="a 300 TXT one\nb 300 TXT two\n")
    import_zone(owner, zone, text="a 600 TXT one\nb 600 TXT two\n")
    assert {row.ttl for row in ZoneRecord.objects.filter(zone=zone, type="TXT")} == {600}


@pytest.mark.spec("DOM-39")
def test_a_change_can_be_undone_and_the_undoing_too(owner: Actor, zone: Zone) -> None:
    first = create_record(owner, zone, source="www", type="A", target="192.0.2.7", ttl=300)
    number = Zone.objects.get(pk=zone.pk).version
    update_record(owner, zone, first.pk, target="192.0.2.8", ttl=600)
    create_record(owner, zone, source="ftp", type="A", target="192.0.2.9")
    delete_record(owner, zone, first.pk)
    before = ZoneVersion.objects.filter(zone=zone).first()
    assert before is not None
    assert queries.difference_to(zone, number) is not None
    restore_zone(owner, zone, number=number)
    assert texts(zone) == {"www A 192.0.2.7"}
    assert ZoneRecord.objects.get(zone=zone, name="www.acme.example").ttl == 300
    restore_zone(owner, zone, number=before.number)
    assert texts(zone) == {"ftp A 192.0.2.9"}
    with pytest.raises(NoSuchVersion):
        restore_zone(owner, zone, number=999)
    with pytest.raises(NoSuchVersion):
        restore_zone(owner, zone, number=0)


@pytest.mark.spec("DOM-40")
def test_the_second_of_two_editors_is_refused_with_the_differences(
    owner: Actor, granted: Actor, zone: Zone
) -> None:
    version = zone.version
    row = create_record(owner, zone, source="www", type="A", target="192.0.2.7", version=version)
    for call in (
        lambda: create_record(granted, zone, source="ftp", type="A", target="192.0.2.9", version=version),
        lambda: delete_record(granted, zone, row.pk, version=version),
        lambda: update_record(granted, zone, row.pk, ttl=60, version=version),
        lambda: import_zone(granted, zone, text="", version=version),
        lambda: restore_zone(granted, zone, number=1, version=version),
    ):
        with pytest.raises(ZoneChanged) as caught:
            call()
        assert caught.value.params["people"] == "Ana Keller"
        assert "www A 192.0.2.7" in caught.value.sentence
        assert len(caught.value.differences) == 1
    assert texts(zone) == {"www A 192.0.2.7"}


def test_rights_decide_who_sees_and_who_edits(
    owner: Actor, granted: Actor, stranger: Actor, zone: Zone, acme: Organization
) -> None:
    create_record(granted, zone, source="www", type="A", target="192.0.2.7")
    assert queries.zone_for(granted, "ACME.example").pk == zone.pk
    with pytest.raises(NotFound):
        queries.zone_for(stranger, "acme.example")
    with pytest.raises(Forbidden):
        create_record(stranger, zone, source="x", type="A", target="192.0.2.7")
    assert list(queries.domains_of(stranger)) == []
    assert [domain.name for domain in queries.domains_of(granted)] == ["acme.example"]
    with pytest.raises(Forbidden):
        actions.set_transfer_lock(granted, zone.domain, locked=False)


def test_who_was_granted_one_domain_sees_only_that(
    member: Actor, owner: Actor, zone: Zone, acme: Organization
) -> None:
    make_zone(acme, "second.example")
    Grant.objects.create(
        organization=acme,
        membership=Membership.objects.get(person_id=member.person_id or 0),
        right=VIEW.code,
        product="domains",
        service_id=zone.service_id,
    )
    assert [domain.name for domain in queries.domains_of(member)] == ["acme.example"]
    assert [each.name for each in Zone.objects.visible_to(member)] == ["acme.example"]
    with pytest.raises(NotFound):
        queries.zone_for(member, "second.example")
    with pytest.raises(Forbidden):
        create_record(member, zone, source="www", type="A", target="192.0.2.7")
    assert len(queries.domains_of(owner)) == 2


def test_records_of_another_zone_are_not_found(owner: Actor, zone: Zone, acme: Organization) -> None:
    other = make_zone(acme, "second.example")
    row = create_record(owner, other, source="www", type="A", target="192.0.2.7")
    for call in (
        lambda: delete_record(owner, zone, row.pk),
        lambda: update_record(owner, zone, row.pk, ttl=60),
        lambda: queries.record_for(zone, row.pk),
        lambda: queries.record_for(zone, "x"),
        lambda: queries.record_for(zone, "9" * 30),
    ):
        with pytest.raises(NotFound):
            call()


def test_zones_below_a_domain(owner: Actor, zone: Zone, acme: Organization, name_server: Running) -> None:
    domain = Domain.objects.get(pk=zone.domain_id)
    sub = create_zone(owner, domain, name="dev.acme.example", text="www A 192.0.2.7\n")
    assert {row.type for row in ZoneRecord.objects.filter(zone=sub)} == {"NS", "A"}
    with pytest.raises(ZoneExists):
        create_zone(owner, domain, name="DEV.acme.example")
    with pytest.raises(ZoneOutsideDomain):
        create_zone(owner, domain, name="dev.globex.example")
    assert [each.name for each in queries.zones_of(domain)] == ["acme.example", "dev.acme.example"]
    deep = "_acme-challenge.a.b.dev.acme.example"
    assert {each.name for each in queries.zones_around(owner, deep)} == {"acme.example", "dev.acme.example"}
    found = queries.zone_of(deep)
    assert found is not None
    assert found.name == "dev.acme.example"
    create_record(owner, zone, source="www", type="A", target="192.0.2.8")
    run_jobs()
    assert name_server.dig("+short", "www.dev.acme.example").strip() == "192.0.2.7"
    delete_zone(owner, sub)
    run_jobs()
    assert "NXDOMAIN" in name_server.dig("www.dev.acme.example")
    sub.refresh_from_db()
    assert sub.is_proved
    with pytest.raises(MainZone):
        delete_zone(owner, zone)
    create_zone(owner, domain, name="dev.acme.example")


@pytest.mark.spec("DOM-32", "DOM-33", "DOM-34", "DOM-39")
def test_a_saved_change_is_done_only_when_the_server_answers_it(
    owner: Actor, zone: Zone, name_server: Running
) -> None:
    create_record(owner, zone, source="", type="A", target="192.0.2.7", ttl=300)
    create_record(owner, zone, source="web", type="MX", target="5 mx.globex.example")
    zone.refresh_from_db()
    assert zone.wish_state == "pending"
    assert name_server.dig("+short", "acme.example", "A").strip() == ""
    run_jobs()
    zone.refresh_from_db()
    assert (zone.wish_state, zone.proved_number) == ("done", zone.version)
    assert zone.wish_age_seconds < 60
    assert name_server.dig("+short", "acme.example", "A").strip() == "192.0.2.7"
    assert name_server.dig("+short", "web.acme.example", "MX").strip() == "5 mx.globex.example."
    assert str(zone.serial) in name_server.dig("+short", "acme.example", "SOA")


def test_a_silent_server_leaves_the_change_pending_with_its_reason(
    owner: Actor, zone: Zone, tmp_path: Path
) -> None:
    use_engine(EmbeddedEngine(tmp_path / "z", "127.0.0.1", 9, patience=0.1))
    try:
        create_record(owner, zone, source="www", type="A", target="192.0.2.7")
        with pytest.raises(jobs.RetryIn):
            reconcile_zone.call(zone.pk)
        zone.refresh_from_db()
        assert (zone.wish_state, zone.wish_reason) == ("pending", "The name server does not answer.")
        Zone.objects.filter(pk=zone.pk).update(wished_at=clock.now() - timedelta(minutes=10))
        with pytest.raises(jobs.RetryIn) as caught:
            reconcile_zone.call(zone.pk)
        assert caught.value.seconds == 60
        zone.refresh_from_db()
        assert zone.wish_state == "failed"
        assert "keep trying" in zone.wish_remedy
    finally:
        use_engine(None)


# --- links ------------------------------------------------------------------------------------------------------


def mail_of(zone: Zone) -> list[LinkRecord]:
    return defaults.mail_records(zone.name, KEY.selector, KEY.record)


@pytest.mark.spec("DOM-60")
def test_linking_takes_over_what_came_with_the_domain_and_unlinking_removes_only_that(
    owner: Actor, zone: Zone
) -> None:
    create_record(owner, zone, source="www", type="A", target="192.0.2.7")
    plan = link_records(owner, zone, owner="mail:17", wanted=mail_of(zone))
    assert (len(plan.present), plan.added, plan.replaced) == (4, (), ())
    assert ZoneRecord.objects.filter(zone=zone, made_by="mail:17").count() == 4
    link_records(owner, zone, owner="mail:17", wanted=mail_of(zone))
    assert ZoneRecord.objects.filter(zone=zone, made_by="mail:17").count() == 4
    unlink_records(owner, zone, owner="mail:17")
    assert {row.type for row in ZoneRecord.objects.filter(zone=zone)} == {"NS", "A"}


@pytest.mark.spec("DOM-60")
def test_linking_asks_before_it_replaces_what_was_entered_by_hand(owner: Actor, zone: Zone) -> None:
    import_zone(owner, zone, text='@ MX 5 mx.globex.example.\n@ TXT "v=spf1 a -all"\n@ TXT "site-check=1"\n')
    before = texts(zone)
    plan = plan_link(zone, "mail:17", mail_of(zone))
    assert {record.type for record in plan.by_hand} == {"MX", "TXT"}
    assert len(plan.by_hand) == 2
    with pytest.raises(WouldReplace):
        link_records(owner, zone, owner="mail:17", wanted=mail_of(zone))
    assert texts(zone) == before
    link_records(owner, zone, owner="mail:17", wanted=mail_of(zone), replace=True)
    assert 'acme.example TXT "site-check=1"' in texts(zone)
    assert not any("globex" in text or "v=spf1 a" in text for text in texts(zone))


@pytest.mark.spec("DOM-60")
def test_a_link_that_changes_leaves_nothing_old_behind(owner: Actor, zone: Zone) -> None:
    one = [LinkRecord(Record("x.acme.example", "A", "192.0.2.1"))]
    two = [LinkRecord(Record("x.acme.example", "A", "192.0.2.2"))]
    link_records(owner, zone, owner="site:3", wanted=one)
    link_records(owner, zone, owner="site:3", wanted=two)
    assert [row.target for row in ZoneRecord.objects.filter(zone=zone, made_by="site:3")] == ["192.0.2.2"]


def test_a_linked_record_that_somebody_edits_is_theirs(owner: Actor, zone: Zone) -> None:
    link_records(owner, zone, owner="site:3", wanted=[LinkRecord(Record("x.acme.example", "A", "192.0.2.1"))])
    row = ZoneRecord.objects.get(zone=zone, made_by="site:3")
    update_record(owner, zone, row.pk, ttl=600)
    assert ZoneRecord.objects.get(pk=row.pk).made_by == "site:3"
    update_record(owner, zone, row.pk, target="192.0.2.9")
    unlink_records(owner, zone, owner="site:3")
    assert ZoneRecord.objects.get(pk=row.pk).target == "192.0.2.9"


@pytest.mark.spec("DOM-61")
def test_a_check_asks_the_server_and_names_what_is_missing(
    owner: Actor, zone: Zone, name_server: Running
) -> None:
    assert {found.state for found in check_records(zone, mail_of(zone))} == {CheckState.MISSING}
    run_jobs()
    create_record(owner, zone, source="x", type="A", target="192.0.2.7")
    run_jobs()
    assert {found.state for found in check_records(zone, mail_of(zone))} == {CheckState.GOOD}
    mx = ZoneRecord.objects.get(zone=zone, type="MX")
    update_record(owner, zone, mx.pk, target="10 mx.globex.example")
    run_jobs()
    found = {each.record.type + each.record.name: each.state for each in check_records(zone, mail_of(zone))}
    assert found["MXacme.example"] is CheckState.OTHER
    domain = zone.domain
    domain.registry_nameservers = ["ns1.globex.example", "ns2.globex.example"]
    assert {each.state for each in check_records(zone, mail_of(zone))} == {CheckState.ELSEWHERE}


def test_hints_tell_what_is_probably_not_meant(owner: Actor, acme: Organization) -> None:
    zone = make_zone(acme)
    text = (
        '@ TXT "v=spf1 mx -all"\n@ TXT "v=spf1 a +all"\n@ MX 10 gone\n@ A 192.0.2.1\n@ 60 A 192.0.2.2\n'
        "sub NS ns1.globex.example.\nx.sub TXT hidden\nwww CNAME acme.example.acme.example.\n"
        "no DS 1 13 2 " + "ab" * 32 + "\n"
    )
    import_zone(owner, zone, text=text)
    assert {hint.code for hint in queries.hints_for(Zone.objects.get(pk=zone.pk))} == {
        "several_spf",
        "open_spf",
        "target_missing",
        "ttl_differs",
        "below_delegation",
        "zone_twice",
        "ds_without_ns",
    }


def test_a_zone_of_many_records_is_changed_quickly(owner: Actor, acme: Organization) -> None:
    zone = make_zone(acme)
    text = "".join(f"h{n} A 192.0.2.{n % 250}\n" for n in range(3000))
    import_zone(owner, zone, text=text)
    assert ZoneRecord.objects.filter(zone=zone).count() == 3002
    create_record(owner, zone, source="one-more", type="A", target="192.0.2.1")
    assert make_domain(acme, "other.example").name == "other.example"
