"""Zone files: read, written, compared; and text made to hurt."""

from __future__ import annotations

import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanton.products.domains import names, records, zonefile
from kanton.products.domains.problems import Problem, Reason
from kanton.products.domains.records import Record, read_record
from kanton.products.domains.zonefile import Soa, difference, read_zone, write_zone
from kanton.testing import at_most

ZONE = "acme.ch"
SOA = Soa("ns1.kanton.example", "hostmaster.kanton.example", 2026112201)

TEXT = """\
; the zone of Acme
$ORIGIN acme.ch.
$TTL 1h
@       IN SOA ns1.kanton.example. hostmaster (
            2026112201 ; serial
            3h 1h 2w 15m )
        NS      ns1.kanton.example.
        NS      ns2.kanton.example.
        MX      10 mail
        TXT     "v=spf1 mx -all" ; not sent by others
www 300 IN A    192.0.2.10
        AAAA    2001:db8::10
mail    1d A    192.0.2.25
$ORIGIN dev.acme.ch.
*       CNAME   www.acme.ch.
k1._domainkey TXT ( "v=DKIM1; "
                    "p=abc" )
"""


@pytest.mark.spec("DOM-43")
def test_a_zone_file_is_read() -> None:
    found = read_zone(TEXT, ZONE)
    assert found.problems == []
    assert found.skipped == [(4, "SOA")]
    assert found.records == [
        Record(ZONE, "NS", "ns1.kanton.example"),
        Record(ZONE, "NS", "ns2.kanton.example"),
        Record(ZONE, "MX", "10 mail.acme.ch"),
        Record(ZONE, "TXT", '"v=spf1 mx -all"'),
        Record("www.acme.ch", "A", "192.0.2.10", 300),
        Record("www.acme.ch", "AAAA", "2001:db8::10"),
        Record("mail.acme.ch", "A", "192.0.2.25", 86_400),
        Record("*.dev.acme.ch", "CNAME", "www.acme.ch"),
        Record("k1._domainkey.dev.acme.ch", "TXT", '"v=DKIM1; " "p=abc"'),
    ]
    assert found.lines == [7, 8, 9, 10, 11, 12, 13, 15, 16]


@pytest.mark.spec("DOM-43")
def test_what_is_written_is_read_the_same_here_and_by_others() -> None:
    before = read_zone(TEXT, ZONE).records
    text = write_zone(ZONE, SOA, before)
    assert sorted(read_zone(text, ZONE).records) == sorted(before)
    other = dns.zone.from_text(text, origin=ZONE + ".", relativize=False)
    theirs = {
        (name.to_text().rstrip("."), rdata.to_wire())
        for name, _, rdata in other.iterate_rdatas()
        if rdata.rdtype.name != "SOA"
    }
    assert theirs == {(record.name, record.wire) for record in before}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("www A 192.0.2.256", 1, Reason.NOT_IPV4),
        ("\n\nwww A 192.0.2.1\nwww.globex.ch. A 192.0.2.1", 4, Reason.OUTSIDE_ZONE),
        ("www 30 A 192.0.2.1", 1, Reason.TTL_RANGE),
        ("www 99999999999 A 192.0.2.1", 1, Reason.NO_TYPE),
        ("www LOC 46 N", 1, Reason.UNSUPPORTED_TYPE),
        ("www TYPE65534 \\# 1 00", 1, Reason.UNSUPPORTED_TYPE),
        ("www CH A 192.0.2.1", 1, Reason.CLASS),
        ("www", 1, Reason.NO_TYPE),
        ("  A 192.0.2.1", 1, Reason.NO_OWNER),
        ("w w w A 192.0.2.1", 1, Reason.UNSUPPORTED_TYPE),
        ("$INCLUDE /etc/passwd", 1, Reason.DIRECTIVE),
        ("$GENERATE 1-1000000000 h$ A 192.0.2.1", 1, Reason.DIRECTIVE),
        ("$TTL soon", 1, Reason.DIRECTIVE),
        ("www TXT ( a", 1, Reason.PARENTHESES),
        ("www TXT a )", 1, Reason.PARENTHESES),
        ("www TXT ((a))", 1, Reason.PARENTHESES),
        ('www TXT "a', 1, Reason.QUOTES),
        ('www TXT "a\nb"', 1, Reason.QUOTES),
        ("www TXT a\\", 1, Reason.ESCAPE),
        ('www TXT "' + "a" * 256 + '"', 1, Reason.STRING_TOO_LONG),
        ("bad..name A 192.0.2.1", 1, Reason.LABEL_EMPTY),
    ],
)
def test_a_wrong_line_is_named(text: str, line: int, reason: Reason) -> None:
    assert [(at, p.reason) for at, p in read_zone(text, ZONE).problems] == [(line, reason)]


def test_good_lines_around_a_wrong_one_are_still_read() -> None:
    found = read_zone("a A 192.0.2.1\nb A nonsense\nc A 192.0.2.3\n", ZONE)
    assert [record.name for record in found.records] == ["a.acme.ch", "c.acme.ch"]
    assert [line for line, _ in found.problems] == [2]


def test_a_wrong_owner_does_not_hand_its_records_to_the_one_before() -> None:
    found = read_zone("a A 192.0.2.1\nb..c A 192.0.2.2\n  TXT lost\n", ZONE)
    assert [record.name for record in found.records] == ["a.acme.ch"]
    assert [line for line, _ in found.problems] == [2, 3]


@pytest.mark.spec("DOM-43")
def test_the_difference_of_two_zones() -> None:
    a, b = (read_record(ZONE, source=s, type="A", ttl=300, target="192.0.2.1") for s in "ab")
    slower = Record(b.name, b.type, b.target, 600)
    found = difference([a, b], [slower, read_record(ZONE, source="c", type="A", ttl=60, target="192.0.2.3")])
    assert [record.name for record in found.removed] == ["a.acme.ch"]
    assert [record.name for record in found.added] == ["c.acme.ch"]
    assert found.retimed == [(b, slower)]
    assert not difference([a], [a])


def test_the_soa_in_text_and_on_the_wire() -> None:
    assert SOA.text == ("ns1.kanton.example. hostmaster.kanton.example. 2026112201 10800 3600 1209600 900")
    assert SOA.wire.endswith((900).to_bytes(4, "big"))


SOURCES = st.sampled_from([".", "www", "*.dev", "_dmarc", "a.b.c"])
RECORDS = st.one_of(
    st.builds(
        lambda s, n: read_record(ZONE, source=s, type="A", ttl=n + 60, target=f"192.0.2.{n}"),
        SOURCES,
        st.integers(0, 255),
    ),
    st.builds(
        lambda s, b: Record(names.owner_name(s, ZONE), "TXT", records.split_text(b)),
        SOURCES,
        st.binary(max_size=600),
    ),
    st.builds(
        lambda s, b: Record(names.owner_name(s, ZONE), "CAA", f"0 issue {records.quoted(b)}"),
        SOURCES,
        st.binary(max_size=60),
    ),
    st.builds(
        lambda s, n: read_record(ZONE, source=s, type="MX", ttl=None, target=f"{n} mx{n}"),
        SOURCES,
        st.integers(0, 65_535),
    ),
)


@pytest.mark.spec("DOM-43")
@given(st.lists(RECORDS, max_size=30))
def test_export_and_import_are_inverse(before: list[Record]) -> None:
    found = read_zone(write_zone(ZONE, SOA, before), ZONE)
    assert found.problems == []
    assert sorted(found.records) == sorted(before)


PIECES = st.sampled_from(
    [
        "www",
        "@",
        "IN",
        "A",
        "TXT",
        "MX",
        "192.0.2.1",
        '"',
        "\\",
        "(",
        ")",
        ";",
        "\n",
        " ",
        "$TTL",
        "$ORIGIN",
        "3600",
        "\t",
        "é",
        "10",
        ".",
        "acme.ch.",
        "\\000",
        "\x00",
        "*",
        "CAA",
        "SOA",
        "\r\n",
    ]
)


@given(st.one_of(st.text(max_size=400), st.lists(PIECES, max_size=60).map(" ".join)))
def test_any_text_gives_records_or_problems(text: str) -> None:
    found = read_zone(text, ZONE)
    for record in found.records:
        assert names.is_in_zone(record.name, ZONE)
        assert record.wire is not None
    for _, problem in found.problems:
        assert problem.sentence
    again = read_zone(write_zone(ZONE, SOA, found.records), ZONE)
    assert again.problems == []
    assert sorted(again.records) == sorted(found.records)


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 1_000_000,
        "(" * 1_000_000,
        '"' * 1_000_000,
        "\\" * 1_000_000,
        "a " * 500_000,
        "1" * 1_000_000,
        ("1" * 60 + " A\n") * 16_000,
        ("é" * 30 + ".é IN SOA\n") * 15_000,
        "a A 192.0.2.1\n" * 70_000,
        "w TXT (" + '"x" ' * 250_000 + ")",
        "www SSHFP 4 2 " + "0f " * 300_000,
        ";" + "x" * 1_000_000,
        "x" * 1_100_000,
        "\ud800" * 1000,
    ],
    ids=range(14),
)
def test_hostile_text_is_read_in_bounded_time(text: str) -> None:
    with at_most(processor_seconds=2):
        found = read_zone(text, ZONE)
    assert len(found.records) <= records.MAX_RECORDS + 1
    assert len(found.problems) <= zonefile.MAX_PROBLEMS + 1


def test_too_much_text_is_a_problem_of_the_whole() -> None:
    assert read_zone("x" * (zonefile.MAX_BYTES + 1), ZONE).problems == [
        (
            0,
            Problem(Reason.TEXT_TOO_LONG, length=zonefile.MAX_BYTES + 1, maximum=zonefile.MAX_BYTES),
        )
    ]
