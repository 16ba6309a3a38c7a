"""The answers of the name server, read with dnspython: RFC by RFC, then packets made to hurt."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanton.products.domains import names
from kanton.products.domains.dns import store as store_module
from kanton.products.domains.dns.responder import Responder, Zone, name_of, servfail
from kanton.products.domains.dns.store import RRset, Store, key_of, pack, unpack
from kanton.products.domains.engine import PublishedZone
from kanton.products.domains.records import Record
from kanton.products.domains.zonefile import Soa, read_zone

ACME = """
@               NS      ns1
@               NS      ns2.kanton.example.
@               MX      10 mail
@               TXT     "v=spf1 mx -all"
@               A       192.0.2.1
ns1             A       192.0.2.53
ns1             AAAA    2001:db8::53
mail            A       192.0.2.25
www             CNAME   @
alias           CNAME   www
outside         CNAME   www.globex.example.
dangling        CNAME   missing
loop1           CNAME   loop2
loop2           CNAME   loop1
*.wild          A       192.0.2.77
*.wild          TXT     "wild"
there.wild      A       192.0.2.78
*.alias         CNAME   www
a.deep.tree     A       192.0.2.3
moved           DNAME   new
x.new           A       192.0.2.4
sub             NS      ns.sub
sub             NS      ns.elsewhere.example.
ns.sub          A       192.0.2.99
sub             DS      60485 13 2 abababababababababababababababababababababababababababababababab
big             TXT     "{}"
""" + "".join(f"many A 192.0.2.{n}\n" for n in range(100))


def zone(name: str, text: str, serial: int = 1) -> PublishedZone:
    found = read_zone(text.replace("{}", "x" * 250), name)
    assert found.problems == []
    return PublishedZone(
        name, Soa("ns1.kanton.example", "h.kanton.example", serial, negative_ttl=300), tuple(found.records)
    )


def publish(store: Store, *zones: PublishedZone) -> None:
    for each in zones:
        store.put(names.to_wire(each.name), each.soa.serial, each.rrsets())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "zones.sqlite3")
    publish(made, zone("acme.example", ACME))
    return made


@pytest.fixture
def responder(store: Store) -> Responder:
    return Responder(store)


def ask(
    responder: Responder,
    name: str,
    kind: str,
    *,
    udp: bool = True,
    edns: int | None = 1232,
    **options: object,
) -> dns.message.Message:
    query = dns.message.make_query(name, kind, use_edns=edns is not None and 0, payload=edns or 0, **options)  # type: ignore[arg-type]
    wire = responder.answer(query.to_wire(), udp=udp)
    assert wire is not None
    answer = dns.message.from_wire(wire)
    assert answer.id == query.id
    assert answer.flags & dns.flags.QR
    assert not answer.flags & dns.flags.RA
    return answer


def lines(section: list[dns.rrset.RRset]) -> set[str]:
    return {line for rrset in section for line in rrset.to_text().split("\n")}


def test_a_plain_answer_is_authoritative(responder: Responder) -> None:
    answer = ask(responder, "mail.acme.example", "A")
    assert lines(answer.answer) == {"mail.acme.example. 3600 IN A 192.0.2.25"}
    assert answer.flags & dns.flags.AA
    assert (answer.authority, answer.additional) == ([], [])
    assert answer.flags & dns.flags.RD


def test_letter_case_is_kept_in_question_and_answer(responder: Responder) -> None:
    answer = ask(responder, "MaIl.AcMe.ExAmPlE", "A")
    assert answer.question[0].name.to_text() == "MaIl.AcMe.ExAmPlE."
    assert answer.answer[0].name.to_text() == "MaIl.AcMe.ExAmPlE."


@pytest.mark.parametrize("kind", ["AAAA", "MX", "TLSA", "RRSIG"])
def test_no_data_carries_the_soa_with_the_negative_ttl(responder: Responder, kind: str) -> None:
    answer = ask(responder, "mail.acme.example", kind)
    assert answer.rcode() == dns.rcode.NOERROR
    assert answer.answer == []
    assert lines(answer.authority) == {
        "acme.example. 300 IN SOA ns1.kanton.example. h.kanton.example. 1 10800 3600 1209600 300"
    }


def test_no_such_name_carries_the_soa(responder: Responder) -> None:
    answer = ask(responder, "nothing.acme.example", "A")
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.authority[0].rdtype == dns.rdatatype.SOA
    assert answer.flags & dns.flags.AA


@pytest.mark.parametrize("name", ["deep.tree.acme.example", "tree.acme.example", "wild.acme.example"])
def test_names_between_exist_without_data(responder: Responder, name: str) -> None:
    answer = ask(responder, name, "A")
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])


def test_wildcards_answer_with_the_name_asked_for(responder: Responder) -> None:
    assert lines(ask(responder, "any.wild.acme.example", "A").answer) == {
        "any.wild.acme.example. 3600 IN A 192.0.2.77"
    }
    assert lines(ask(responder, "a.b.c.wild.acme.example", "TXT").answer) == {
        'a.b.c.wild.acme.example. 3600 IN TXT "wild"'
    }
    assert ask(responder, "any.wild.acme.example", "MX").rcode() == dns.rcode.NOERROR
    # A name that exists, or is below one that exists, is not covered (RFC 4592).
    assert ask(responder, "there.wild.acme.example", "TXT").answer == []
    assert ask(responder, "x.there.wild.acme.example", "A").rcode() == dns.rcode.NXDOMAIN
    assert lines(ask(responder, "*.wild.acme.example", "A").answer) == {
        "*.wild.acme.example. 3600 IN A 192.0.2.77"
    }


def test_aliases_are_followed_inside_the_zone(responder: Responder) -> None:
    assert lines(ask(responder, "alias.acme.example", "A").answer) == {
        "alias.acme.example. 3600 IN CNAME www.acme.example.",
        "www.acme.example. 3600 IN CNAME acme.example.",
        "acme.example. 3600 IN A 192.0.2.1",
    }
    assert lines(ask(responder, "alias.acme.example", "CNAME").answer) == {
        "alias.acme.example. 3600 IN CNAME www.acme.example."
    }
    assert len(ask(responder, "x.alias.acme.example", "A").answer) == 3
    assert len(ask(responder, "outside.acme.example", "A").answer) == 1


def test_an_alias_to_nothing_says_so(responder: Responder) -> None:
    answer = ask(responder, "dangling.acme.example", "A")
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert len(answer.answer) == 1
    assert answer.authority[0].rdtype == dns.rdatatype.SOA


def test_a_circle_of_aliases_ends(responder: Responder) -> None:
    answer = ask(responder, "loop1.acme.example", "A")
    assert answer.rcode() == dns.rcode.NOERROR
    assert 2 <= sum(len(rrset) for rrset in answer.answer) <= 3


def test_a_dname_moves_what_is_below(responder: Responder) -> None:
    answer = ask(responder, "x.moved.acme.example", "A")
    assert lines(answer.answer) == {
        "moved.acme.example. 3600 IN DNAME new.acme.example.",
        "x.moved.acme.example. 3600 IN CNAME x.new.acme.example.",
        "x.new.acme.example. 3600 IN A 192.0.2.4",
    }
    assert ask(responder, "moved.acme.example", "A").answer == []
    assert ask(responder, "y.moved.acme.example", "A").rcode() == dns.rcode.NXDOMAIN


def test_a_dname_that_makes_a_name_too_long_says_so(store: Store) -> None:
    long = ".".join(["a" * 60] * 3) + ".example"
    publish(store, zone("long.example", f"@ NS ns1\nd DNAME {long}.\n"))
    answer = ask(Responder(store), ".".join(["b" * 50] * 3) + ".d.long.example", "A")
    assert answer.rcode() == dns.rcode.YXDOMAIN
    assert len(answer.answer) == 1


def test_a_delegation_refers_with_glue_and_without_authority(responder: Responder) -> None:
    for name in ("sub.acme.example", "www.sub.acme.example", "ns.sub.acme.example"):
        answer = ask(responder, name, "A")
        assert answer.answer == []
        assert not answer.flags & dns.flags.AA
        assert lines(answer.authority) == {
            "sub.acme.example. 3600 IN NS ns.sub.acme.example.",
            "sub.acme.example. 3600 IN NS ns.elsewhere.example.",
        }
        assert lines(answer.additional) == {"ns.sub.acme.example. 3600 IN A 192.0.2.99"}


def test_the_ds_of_a_delegation_is_answered_above_it(responder: Responder) -> None:
    answer = ask(responder, "sub.acme.example", "DS")
    assert answer.answer[0].rdtype == dns.rdatatype.DS
    assert answer.flags & dns.flags.AA


def test_a_zone_below_is_answered_from_itself_and_its_ds_from_above(store: Store) -> None:
    responder = Responder(store)
    assert ask(responder, "www.sub.acme.example", "A").answer == []
    publish(store, zone("sub.acme.example", "@ NS ns1\nwww A 192.0.2.200\n"))
    responder.refresh()
    assert lines(ask(responder, "www.sub.acme.example", "A").answer) == {
        "www.sub.acme.example. 3600 IN A 192.0.2.200"
    }
    assert ask(responder, "sub.acme.example", "DS").answer[0].rdtype == dns.rdatatype.DS
    store.remove(names.to_wire("sub.acme.example"))
    responder.refresh()
    assert ask(responder, "www.sub.acme.example", "A").authority[0].rdtype == dns.rdatatype.NS


def test_name_servers_come_with_their_addresses(responder: Responder) -> None:
    answer = ask(responder, "acme.example", "NS")
    assert len(answer.answer[0]) == 2
    assert {rrset.rdtype.name for rrset in answer.additional} == {"A", "AAAA"}


@pytest.mark.parametrize("name", ["globex.example", "example", ".", "www.xacme.example"])
def test_foreign_names_are_refused(responder: Responder, name: str) -> None:
    answer = ask(responder, name, "A")
    assert answer.rcode() == dns.rcode.REFUSED
    assert not answer.flags & dns.flags.AA
    assert (answer.answer, answer.authority, answer.additional) == ([], [], [])


def test_any_is_answered_minimally(responder: Responder) -> None:
    answer = ask(responder, "acme.example", "ANY")
    assert lines(answer.answer) == {'acme.example. 3600 IN HINFO "RFC8482" ""'}
    assert [r.rdtype.name for r in ask(responder, "www.acme.example", "ANY").answer] == ["CNAME"]
    assert ask(responder, "nothing.acme.example", "ANY").rcode() == dns.rcode.NXDOMAIN
    assert ask(responder, "deep.tree.acme.example", "ANY").answer == []


@pytest.mark.parametrize("udp", [True, False])
@pytest.mark.parametrize("kind", ["AXFR", "IXFR"])
def test_transfers_are_refused(responder: Responder, kind: str, udp: bool) -> None:
    query = dns.message.make_query("acme.example", kind)
    wire = responder.answer(query.to_wire(), udp=udp)
    assert wire is not None
    assert dns.message.from_wire(wire, one_rr_per_rrset=True).rcode() == dns.rcode.REFUSED


def test_other_classes_are_refused(responder: Responder) -> None:
    assert ask(responder, "version.bind", "TXT", rdclass="CH").rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize(
    "opcode", [dns.opcode.IQUERY, dns.opcode.STATUS, dns.opcode.UPDATE, dns.opcode.Opcode(6)]
)
def test_other_operations_are_not_implemented(responder: Responder, opcode: dns.opcode.Opcode) -> None:
    query = bytearray(dns.message.make_query("acme.example", "SOA").to_wire())
    query[2] = (query[2] & 0x87) | opcode << 3
    wire = responder.answer(bytes(query), udp=True)
    assert wire is not None
    assert wire[3] & 15 == dns.rcode.NOTIMP
    assert wire[2] >> 3 & 15 == opcode


def test_notify_is_for_this_machine_only(responder: Responder, store: Store) -> None:
    query = dns.message.make_query("acme.example", "SOA")
    query.set_opcode(dns.opcode.NOTIFY)
    publish(store, zone("new.example", "@ NS ns1\n"))
    refused = responder.answer(query.to_wire(), udp=True)
    assert refused is not None
    assert dns.message.from_wire(refused).rcode() == dns.rcode.REFUSED
    assert ask(responder, "new.example", "SOA").answer != []
    accepted = responder.answer(query.to_wire(), udp=True, local=True)
    assert accepted is not None
    answer = dns.message.from_wire(accepted)
    assert (answer.rcode(), answer.opcode()) == (dns.rcode.NOERROR, dns.opcode.NOTIFY)


@pytest.mark.parametrize(
    ("edns", "udp", "is_cut"),
    [
        (None, True, True),
        (100, True, True),
        (512, True, True),
        (1232, True, True),
        (4096, True, True),
        (None, False, False),
        (1232, False, False),
    ],
)
def test_what_is_too_long_for_udp_is_cut_with_tc(
    responder: Responder, edns: int | None, udp: bool, is_cut: bool
) -> None:
    answer = ask(responder, "many.acme.example", "A", udp=udp, edns=edns)
    assert bool(answer.flags & dns.flags.TC) == is_cut
    assert sum(map(len, answer.answer)) == (0 if is_cut else 100)


@pytest.mark.parametrize(("edns", "is_cut"), [(None, False), (600, False), (1232, False)])
def test_what_fits_is_not_cut(responder: Responder, edns: int | None, is_cut: bool) -> None:
    answer = ask(responder, "big.acme.example", "TXT", edns=edns)
    assert bool(answer.flags & dns.flags.TC) == is_cut


def test_extra_addresses_give_way_before_an_answer_is_cut(store: Store) -> None:
    servers = "".join(f"@ NS {'n' * 25}{n}\n{'n' * 25}{n} A 192.0.2.{n}\n" for n in range(10))
    publish(store, zone("wide.example", servers))
    answer = ask(Responder(store), "wide.example", "NS", edns=None)
    assert len(answer.answer[0]) == 10
    assert answer.additional == []
    assert not answer.flags & dns.flags.TC


def test_a_delegation_without_room_for_its_glue_is_cut(store: Store) -> None:
    servers = "".join(f"sub NS {'n' * 25}{n}.sub\n{'n' * 25}{n}.sub A 192.0.2.{n}\n" for n in range(10))
    publish(store, zone("wide.example", "@ NS ns1\n" + servers))
    answer = ask(Responder(store), "x.sub.wide.example", "A", edns=None)
    assert answer.flags & dns.flags.TC


def test_edns_is_answered_with_edns_only_when_asked(responder: Responder) -> None:
    with_edns = ask(responder, "mail.acme.example", "A", edns=4096)
    assert (with_edns.edns, with_edns.payload) == (0, 1232)
    assert not with_edns.ednsflags & dns.flags.DO
    assert ask(responder, "mail.acme.example", "A", edns=None).edns == -1
    assert ask(responder, "mail.acme.example", "A", want_dnssec=True).ednsflags & dns.flags.DO


def test_an_unknown_edns_version_is_told(responder: Responder) -> None:
    query = dns.message.make_query("acme.example", "SOA", use_edns=1)
    wire = responder.answer(query.to_wire(), udp=True)
    assert wire is not None
    answer = dns.message.from_wire(wire)
    assert answer.rcode() == dns.rcode.BADVERS
    assert (answer.edns, answer.answer) == (0, [])


def test_unknown_options_are_ignored(responder: Responder) -> None:
    options = [
        dns.edns.GenericOption(dns.edns.OptionType.make(65_001), b"hello"),
        dns.edns.GenericOption(dns.edns.OptionType.make(10), b"12345678"),
    ]
    answer = ask(responder, "mail.acme.example", "A", options=options)
    assert answer.rcode() == dns.rcode.NOERROR
    assert answer.options == ()


HEADER = struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 0)
QUESTION = b"\x04acme\x07example\0\0\1\0\1"
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"


@pytest.mark.parametrize(
    "packet",
    [
        HEADER,
        HEADER + b"\xc0\x0c\0\1\0\1",
        HEADER + b"\x40abc\0\0\1\0\1",
        HEADER + QUESTION[:-1],
        HEADER + QUESTION + b"x",
        HEADER + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1",
        struct.pack(">HHHHHH", 7, 0, 0, 0, 0, 0),
        struct.pack(">HHHHHH", 7, 0, 2, 0, 0, 0) + QUESTION * 2,
        struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 1) + QUESTION,
        struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 2) + QUESTION + OPT * 2,
        struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 1) + QUESTION + b"\1a" + OPT,
        struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 1) + QUESTION + OPT[:-1] + b"\x09",
        struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 1) + QUESTION + OPT[:-2] + b"\0\4\0\1\0\x09",
        struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 65_535) + QUESTION + OPT,
        HEADER + b"\x04acme\x07example\0\0\x29\0\1",
        HEADER + b"\x04acme\x07example\0\0\xf9\0\1",
    ],
)
def test_malformed_questions_are_called_so(responder: Responder, packet: bytes) -> None:
    answer = responder.answer(packet, udp=True)
    assert answer is not None
    assert answer[:2] == packet[:2]
    assert answer[3] & 15 == dns.rcode.FORMERR


def test_answers_and_scraps_get_no_answer(responder: Responder) -> None:
    assert responder.answer(b"", udp=True) is None
    assert responder.answer(HEADER[:11], udp=True) is None
    assert responder.answer(b"\0\7\x80" + HEADER[3:] + QUESTION, udp=True) is None
    assert servfail(b"x") is None


def test_a_change_is_seen_at_once_and_only_what_changed_is_forgotten(store: Store) -> None:
    publish(store, zone("other.example", "@ NS ns1\nwww A 192.0.2.1\n"))
    responder = Responder(store)
    ask(responder, "www.other.example", "A")
    kept = responder.token
    ask(responder, "mail.acme.example", "A")
    gone = responder.token
    publish(store, zone("acme.example", "@ NS ns1\nmail A 192.0.2.26\n", 2))
    responder.refresh()
    assert (kept.live, gone.live) == (True, False)
    assert lines(ask(responder, "mail.acme.example", "A").answer) == {
        "mail.acme.example. 3600 IN A 192.0.2.26"
    }
    assert ask(responder, "acme.example", "SOA").answer[0][0].serial == 2
    store.remove(names.to_wire("acme.example"))
    responder.refresh()
    assert ask(responder, "mail.acme.example", "A").rcode() == dns.rcode.REFUSED


def test_a_refusal_is_forgotten_when_the_zone_appears(store: Store) -> None:
    responder = Responder(store)
    assert ask(responder, "www.late.example", "A").rcode() == dns.rcode.REFUSED
    publish(store, zone("late.example", "@ NS ns1\nwww A 192.0.2.1\n"))
    responder.refresh()
    assert ask(responder, "www.late.example", "A").rcode() == dns.rcode.NOERROR


def test_memory_stays_bounded_however_many_zones_are_asked_for(store: Store) -> None:
    zones = [zone(f"z{n}.example", "@ NS ns1\nwww A 192.0.2.1\n") for n in range(300)]
    store.put_many((names.to_wire(z.name), 1, z.rrsets()) for z in zones)
    responder = Responder(store, zone_weight=400, answers=50)
    for _ in range(2):
        for each in zones:
            assert ask(responder, f"www.{each.name}", "A").answer
    held = len(responder._zones) + len(responder._old_zones)
    assert held < 80
    assert len(responder._answers) + len(responder._old_answers) <= 50
    publish(store, zone("z299.example", "@ NS ns1\n", 2))
    responder.refresh()
    assert ask(responder, "www.z299.example", "A").rcode() == dns.rcode.NXDOMAIN


def test_many_changes_at_once_are_seen(store: Store) -> None:
    responder = Responder(store)
    ask(responder, "mail.acme.example", "A")
    many = [zone(f"z{n}.example", "@ NS ns1\n") for n in range(1100)]
    store.put_many(
        (names.to_wire(z.name), 1, z.rrsets()) for z in [*many, zone("acme.example", "@ NS a\n", 2)]
    )
    responder.refresh()
    assert ask(responder, "mail.acme.example", "A").rcode() == dns.rcode.NXDOMAIN


def test_publishing_twice_changes_nothing(store: Store) -> None:
    again = zone("acme.example", ACME)
    before = store.last_change()
    assert store.put(names.to_wire(again.name), again.soa.serial, reversed(again.rrsets())) is False
    assert store.last_change() == before
    assert store.count() == 1
    assert store.serial(names.to_wire("acme.example")) == 1
    assert store.remove(names.to_wire("nothing.example")) is False


def test_a_store_of_another_format_is_emptied_to_be_filled_again(tmp_path: Path) -> None:
    made = Store(tmp_path / "old.sqlite3")
    publish(made, zone("acme.example", ACME))
    made._db.execute("PRAGMA user_version = 1")
    made.close()
    assert Store(tmp_path / "old.sqlite3").count() == 0


def test_the_closest_zone_is_found_among_neighbours(store: Store) -> None:
    for name in ("a.acme.example", "x.b.acme.example", "b.example", "zz.acme.example"):
        publish(store, zone(name, "@ NS ns1\n"))
    store.remove(names.to_wire("a.acme.example"))

    def closest(name: str) -> str:
        found = store.closest(key_of(names.to_wire(name)))
        return names.from_wire(name_of(found[0])) if found else ""

    assert closest("acme.example") == "acme.example"
    assert closest("www.acme.example") == "acme.example"
    assert closest("q.a.acme.example") == "acme.example"
    assert closest("q.x.b.acme.example") == "x.b.acme.example"
    assert closest("y.b.acme.example") == "acme.example"
    assert closest("zzz.acme.example") == "acme.example"
    assert closest("example") == ""
    assert closest("c.example") == ""
    assert closest("zz") == ""


def test_a_failed_publication_leaves_everything_as_it_was(store: Store) -> None:
    outside = RRset(names.to_wire("globex.example"), 1, 60, (b"\x7f\0\0\1",))
    with pytest.raises(ValueError, match="outside"):
        store.put_many([(names.to_wire("new.example"), 1, []), (names.to_wire("acme.example"), 9, [outside])])
    assert store.serial(names.to_wire("new.example")) is None
    assert store.serial(names.to_wire("acme.example")) == 1


def test_a_ring_is_heard_by_every_store(store: Store, tmp_path: Path) -> None:
    other = store_module.Store(tmp_path / "zones.sqlite3")
    before = other.bell_state()
    publish(store, zone("bell.example", "@ NS ns1\n"))
    assert other.bell_state() != before
    other.close()


@given(
    st.sets(st.from_regex(r"[a-z]{1,5}(\.[a-z]{1,5}){0,2}", fullmatch=True), max_size=8),
    st.binary(max_size=30),
)
def test_packing_is_exact(owners: set[str], rdata: bytes) -> None:
    apex = names.to_wire("acme.example")
    sets = [RRset(names.to_wire(f"{owner}.acme.example"), 16, 60, (rdata,)) for owner in owners]
    assert sorted(unpack(apex, pack(apex, sets))) == sorted(sets)


def test_every_zone_of_random_records_answers_each_of_them(store: Store) -> None:
    rnd = random.Random(4)
    for turn in range(30):
        name = f"r{turn}.example"
        owners = [".".join(rnd.choices("abc", k=rnd.randint(1, 3))) for _ in range(12)]
        text = "@ NS ns1\n" + "".join(f"{owner} A 192.0.2.{n}\n" for n, owner in enumerate(owners))
        made = zone(name, text)
        publish(store, made)
        responder = Responder(store)
        for record in made.records:
            found = lines(ask(responder, record.name, record.type).answer)
            wanted = {r for r in made.records if (r.name, r.type) == (record.name, record.type)}
            assert found == {f"{r.name}. {r.ttl} IN {r.type} {r.zone_target}" for r in wanted}


PACKETS = st.one_of(
    st.binary(max_size=600),
    st.builds(
        lambda head, tail: head + QUESTION + tail, st.binary(min_size=12, max_size=12), st.binary(max_size=60)
    ),
    st.builds(
        lambda kind, rdclass, tail: HEADER + QUESTION[:-4] + struct.pack(">HH", kind, rdclass) + tail,
        st.integers(0, 65_535),
        st.sampled_from([1, 3, 254, 255]),
        st.one_of(st.just(b""), st.binary(max_size=40)),
    ),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Responder:
    made = Store(tmp_path_factory.mktemp("dns") / "zones.sqlite3")
    publish(made, zone("acme.example", ACME))
    return Responder(made)


@given(data=PACKETS, udp=st.booleans())
def test_any_packet_gets_a_well_formed_answer_or_none(shared: Responder, data: bytes, udp: bool) -> None:
    answer = shared.answer(data, udp=udp)
    if answer is None:
        assert len(data) < 12 or data[2] & 0x80
        return
    assert answer[:2] == data[:2]
    assert len(answer) <= (1232 if udp else 65_535)
    parsed = dns.message.from_wire(answer, ignore_trailing=False)
    assert parsed.flags & dns.flags.QR


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_question_with_wrong_bytes_does_not_hurt(shared: Responder, changes: list[tuple[int, int]]) -> None:
    packet = bytearray(dns.message.make_query("x.moved.acme.example", "A", use_edns=0).to_wire())
    for at, byte in changes:
        packet[at % len(packet)] = byte
    answer = shared.answer(bytes(packet), udp=True)
    if answer is not None:
        dns.message.from_wire(answer, one_rr_per_rrset=True)


def test_keys_sort_a_zone_before_what_is_below_it() -> None:
    keys = [key_of(names.to_wire(name)) for name in ("ch", "acme.ch", "a.acme.ch", "acmex.ch", "li")]
    assert sorted(keys)[:2] == [keys[0], keys[1]]
    assert keys[2].startswith(keys[1])
    assert not keys[3].startswith(keys[1])
    assert Zone(keys[1], pack(b"", [])).name == names.to_wire("acme.ch")


def test_where_ttls_differ_the_lowest_is_answered() -> None:
    made = PublishedZone(
        "acme.example",
        Soa("a", "b", 1),
        (Record("x.acme.example", "A", "192.0.2.1", 600), Record("x.acme.example", "A", "192.0.2.2", 300)),
    )
    assert {rrset.ttl for rrset in made.rrsets() if rrset.type == 1} == {300}
