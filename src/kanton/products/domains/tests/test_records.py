"""Records: each type's checks, normal form and wire form, and what records forbid each other."""

from __future__ import annotations

import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanton.products.domains import names, records
from kanton.products.domains.problems import Problem, Reason
from kanton.products.domains.records import Record, read_record

ZONE = "acme.ch"


def rec(source: str, type: str, target: str, ttl: int = 3600) -> Record:
    return read_record(ZONE, source=source, type=type, ttl=ttl, target=target)


@pytest.mark.parametrize(
    ("type", "written", "normal"),
    [
        ("A", "192.0.2.10", "192.0.2.10"),
        ("AAAA", "2001:DB8:0:0::10", "2001:db8::10"),
        ("CNAME", "www.Globex.CH.", "www.globex.ch"),
        ("CNAME", "www", "www.acme.ch"),
        ("CNAME", "@", "acme.ch"),
        ("CNAME", "k1._domainkey.mail.example", "k1._domainkey.mail.example"),
        ("CNAME", "bücher.example", "xn--bcher-kva.example"),
        ("DNAME", "globex.ch", "globex.ch"),
        ("MX", "10 mail.globex.ch.", "10 mail.globex.ch"),
        ("MX", "010  mail", "10 mail.acme.ch"),
        ("MX", "0 .", "0 ."),
        ("NS", "ns1.globex.ch", "ns1.globex.ch"),
        ("SRV", "0 5 5060 sip.globex.ch", "0 5 5060 sip.globex.ch"),
        ("CAA", '0 issue "letsencrypt.org"', '0 issue "letsencrypt.org"'),
        ("CAA", "0 ISSUE letsencrypt.org", '0 issue "letsencrypt.org"'),
        ("CAA", '128 issue "ca.example; account=1"', '128 issue "ca.example; account=1"'),
        ("TXT", "v=spf1 mx -all", '"v=spf1 mx -all"'),
        ("TXT", '"v=spf1 mx -all"', '"v=spf1 mx -all"'),
        ("TXT", '"a" "b"', '"a" "b"'),
        ("TXT", 'say "hi"', '"say \\"hi\\""'),
        ("TXT", "back\\slash", '"back\\\\slash"'),
        ("TXT", "é", '"\\195\\169"'),
        ("TXT", '""', '""'),
        ("DS", "60485 13 2 " + "AB" * 32, "60485 13 2 " + "ab" * 32),
        ("DS", "60485 13 2 " + "ab" * 16 + " " + "cd" * 16, "60485 13 2 " + "ab" * 16 + "cd" * 16),
        ("SSHFP", "4 2 " + "0f" * 32, "4 2 " + "0f" * 32),
        ("TLSA", "3 1 1 " + "0f" * 32, "3 1 1 " + "0f" * 32),
        ("SMIMEA", "3 0 0 " + "0f" * 70, "3 0 0 " + "0f" * 70),
    ],
)
@pytest.mark.spec("DOM-32", "DOM-33", "DOM-38")
def test_a_target_has_one_normal_form_and_the_right_wire_form(type: str, written: str, normal: str) -> None:
    source = "_443._tcp" if type == "TLSA" else "x"
    record = rec(source, type, written)
    assert record.target == normal
    assert rec(source, type, normal) == record
    assert record.wire == dns.rdata.from_text("IN", type, record.zone_target).to_wire()


@pytest.mark.parametrize(
    ("type", "target", "reason"),
    [
        ("A", "192.0.2.256", Reason.NOT_IPV4),
        ("A", "192.0.2", Reason.NOT_IPV4),
        ("A", "192.0.2.01", Reason.NOT_IPV4),
        ("A", "2001:db8::1", Reason.IPV6_AS_A),
        ("A", "192.0.2.1 192.0.2.2", Reason.EXTRA_PART),
        ("A", "", Reason.EMPTY),
        ("AAAA", "192.0.2.1", Reason.IPV4_AS_AAAA),
        ("AAAA", "2001:db8::g", Reason.NOT_IPV6),
        ("AAAA", "fe80::1%eth0", Reason.NOT_IPV6),
        ("CNAME", "192.0.2.1", Reason.ADDRESS_AS_NAME),
        ("CNAME", "2001:db8::1", Reason.ADDRESS_AS_NAME),
        ("CNAME", ".", Reason.EMPTY),
        ("MX", "mail.globex.ch", Reason.MISSING_PART),
        ("MX", "ten mail.globex.ch", Reason.NOT_A_NUMBER),
        ("MX", "-1 mail.globex.ch", Reason.NOT_A_NUMBER),
        ("MX", "١ mail.globex.ch", Reason.NOT_A_NUMBER),
        ("MX", "65536 mail.globex.ch", Reason.NUMBER_RANGE),
        ("MX", "10 192.0.2.1", Reason.ADDRESS_AS_NAME),
        ("MX", "10 my_mail.globex.ch", Reason.UNDERSCORE),
        ("MX", "10 mail globex.ch", Reason.EXTRA_PART),
        ("NS", "ns1.globex..ch", Reason.LABEL_EMPTY),
        ("SRV", "0 5 sip.globex.ch", Reason.MISSING_PART),
        ("CAA", "256 issue ca.example", Reason.NUMBER_RANGE),
        ("CAA", "0 is-sue ca.example", Reason.CAA_TAG),
        ("CAA", "0 issue", Reason.MISSING_PART),
        ("CAA", '0 issue "ca.example', Reason.QUOTES),
        ("TXT", '"a" b', Reason.QUOTES),
        ("TXT", '"a', Reason.QUOTES),
        ("TXT", '"a"b"', Reason.QUOTES),
        ("TXT", "a\nb", Reason.LINE_BREAK),
        ("TXT", '"\\999"', Reason.ESCAPE),
        ("TXT", '"' + "a" * 256 + '" "b"', Reason.STRING_TOO_LONG),
        ("TXT", "a" * 8001, Reason.TEXT_TOO_LONG),
        ("DS", "60485 13 2 abcd", Reason.DIGEST_LENGTH),
        ("DS", "60485 13 2 " + "xy" * 32, Reason.NOT_HEX),
        ("SSHFP", "4 2 " + "0f" * 31, Reason.DIGEST_LENGTH),
        ("TLSA", "3 1 1 " + "0f" * 31 + "0", Reason.NOT_HEX),
    ],
)
@pytest.mark.spec("DOM-38")
def test_a_wrong_target_is_refused_at_its_field(type: str, target: str, reason: Reason) -> None:
    with pytest.raises(Problem) as caught:
        rec("x", type, target)
    assert (caught.value.reason, caught.value.field) == (reason, "target")
    assert "%(" not in caught.value.sentence


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"type": "LOC"}, "type", Reason.UNSUPPORTED_TYPE),
        ({"type": "SOA"}, "type", Reason.UNSUPPORTED_TYPE),
        ({"ttl": 59}, "ttl", Reason.TTL_RANGE),
        ({"ttl": 86_401}, "ttl", Reason.TTL_RANGE),
        ({"source": "www.globex.ch."}, "source", Reason.OUTSIDE_ZONE),
        ({"source": "a b"}, "source", Reason.LABEL_CHARACTER),
        ({"source": "a.*"}, "source", Reason.WILDCARD_PLACE),
    ],
)
@pytest.mark.spec("DOM-38")
def test_a_wrong_field_is_named(fields: dict[str, object], field: str, reason: Reason) -> None:
    good: dict[str, object] = {"source": "www", "type": "A", "ttl": 3600, "target": "192.0.2.1"}
    with pytest.raises(Problem) as caught:
        read_record(ZONE, **(good | fields))  # type: ignore[arg-type]
    assert (caught.value.field, caught.value.reason) == (field, reason)


@pytest.mark.spec("DOM-38")
def test_a_long_text_is_split_at_255_bytes_and_joined_again() -> None:
    record = rec("k1._domainkey", "TXT", "v=DKIM1; p=" + "k" * 500)
    assert [len(string) for string in records.text_strings(record.target)] == [255, 255, 1]
    assert records.text_value(record.target) == "v=DKIM1; p=" + "k" * 500
    assert rec("k1._domainkey", "TXT", '"v=DKIM1; p=' + "k" * 500 + '"') == record


NS1 = Record(ZONE, "NS", "ns1.kanton.example")


@pytest.mark.parametrize(
    ("added", "reason", "field"),
    [
        ([rec("", "CNAME", "globex.ch")], Reason.CNAME_AT_APEX, "type"),
        (
            [rec("www", "CNAME", "globex.ch"), rec("www", "A", "192.0.2.1")],
            Reason.CNAME_BESIDE_OTHERS,
            "type",
        ),
        ([rec("www", "CNAME", "a.ch"), rec("www", "CNAME", "b.ch")], Reason.CNAME_BESIDE_OTHERS, "type"),
        ([rec("d", "DNAME", "a.ch"), rec("d", "DNAME", "b.ch")], Reason.DNAME_CONFLICT, "type"),
        ([rec("d", "DNAME", "a.ch"), rec("x.d", "A", "192.0.2.1")], Reason.BELOW_DNAME, "source"),
        ([rec("", "MX", "10 mail"), rec("mail", "CNAME", "a.ch")], Reason.TARGET_IS_CNAME, "target"),
        (
            [rec("_sip._tcp", "SRV", "0 0 1 mail"), rec("mail", "CNAME", "a.ch")],
            Reason.TARGET_IS_CNAME,
            "target",
        ),
        ([rec("", "MX", "0 ."), rec("", "MX", "10 a.ch")], Reason.NULL_MX_BESIDE_MX, "target"),
        ([rec("", "DS", "1 13 2 " + "ab" * 32)], Reason.DS_AT_APEX, "type"),
        ([rec("x", "A", "192.0.2.1"), rec("x", "A", "192.0.2.1", 60)], Reason.DUPLICATE, "target"),
        ([Record("www.globex.ch", "A", "192.0.2.1")], Reason.OUTSIDE_ZONE, "source"),
    ],
)
@pytest.mark.spec("DOM-38")
def test_records_that_cannot_stand_together_are_found(
    added: list[Record], reason: Reason, field: str
) -> None:
    assert {(p.reason, p.field) for _, p in records.check_zone(ZONE, [NS1, *added])} == {(reason, field)}


def test_a_good_zone_has_no_problem() -> None:
    good = [
        NS1,
        rec("", "MX", "10 mail"),
        rec("mail", "A", "192.0.2.1"),
        rec("mail", "AAAA", "2001:db8::1"),
        rec("www", "CNAME", "globex.ch"),
        rec("", "DNAME", "globex.ch"),
        rec("sub", "NS", "ns.globex.ch"),
    ]
    good = [record for record in good if record.type != "DNAME"]
    assert records.check_zone(ZONE, good) == []


def test_the_zone_keeps_a_name_server_and_a_size() -> None:
    assert [p.reason for _, p in records.check_zone(ZONE, [])] == [Reason.APEX_NS_NEEDED]
    many = [NS1, *(rec(f"h{n}", "A", "192.0.2.1") for n in range(records.MAX_RECORDS))]
    assert [p.reason for _, p in records.check_zone(ZONE, many)] == [Reason.ZONE_TOO_BIG]
    big = [NS1, *(rec("", "TXT", f"{n:04}" + "x" * 4000) for n in range(21))]
    assert [p.reason for _, p in records.check_zone(ZONE, big)] == [Reason.RRSET_TOO_BIG]


def test_a_target_is_described_by_its_parts() -> None:
    assert records.describe(rec("_sip._tcp", "SRV", "1 2 3 sip.globex.ch")) == {
        "priority": 1,
        "weight": 2,
        "port": 3,
        "host": "sip.globex.ch",
    }


@given(st.binary(max_size=1200))
def test_any_bytes_survive_in_a_text(content: bytes) -> None:
    target = records.split_text(content)
    assert b"".join(records.text_strings(target)) == content
    assert records.read_target(ZONE, "TXT", target) == target
    wire = records.TYPES["TXT"].wire(target)
    assert wire == dns.rdata.from_text("IN", "TXT", target).to_wire()


@given(st.sampled_from(list(records.TYPES)), st.text(max_size=200), st.text(max_size=80))
def test_any_text_is_a_record_or_a_problem(kind: str, target: str, source: str) -> None:
    try:
        record = read_record(ZONE, source=source, type=kind, ttl=300, target=target)
    except Problem as problem:
        assert problem.field in ("source", "target")
        assert problem.sentence
        return
    assert names.is_in_zone(record.name, ZONE)
    assert records.read_target(ZONE, kind, record.target) == record.target
    assert record.wire == dns.rdata.from_text("IN", kind, record.zone_target).to_wire()
