"""Names: normal form, IDN, and where a name stands in its zone."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kanton.products.domains import names
from kanton.products.domains.problems import SENTENCES, Problem, Reason
from kanton.testing import at_most

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True).filter(
    lambda label: label[2:4] != "--"
)
NAMES = st.lists(LABELS, min_size=1, max_size=6).map(".".join)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Example.CH", "example.ch"),
        ("example.ch.", "example.ch"),
        (" example.ch ", "example.ch"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("_dmarc.example.ch", "_dmarc.example.ch"),
    ],
)
@pytest.mark.spec("DOM-14")
def test_a_name_has_one_normal_form(written: str, stored: str) -> None:
    assert names.normal_name(written) == stored


@pytest.mark.spec("DOM-14")
def test_a_name_is_shown_in_both_forms() -> None:
    assert names.display_name("xn--bcher-kva.example") == "bücher.example"
    assert names.display_name("example.ch") == "example.ch"
    assert names.display_name("xn--99999999.ch") == "xn--99999999.ch"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        (".", Reason.EMPTY),
        ("a..b", Reason.LABEL_EMPTY),
        (".a", Reason.LABEL_EMPTY),
        ("a" * 64 + ".ch", Reason.LABEL_TOO_LONG),
        (".".join(["a" * 60] * 5), Reason.NAME_TOO_LONG),
        ("a b.ch", Reason.LABEL_CHARACTER),
        ("a\x00b.ch", Reason.LABEL_CHARACTER),
        ("a/b.ch", Reason.LABEL_CHARACTER),
        ("-a.ch", Reason.LABEL_HYPHEN),
        ("a-.ch", Reason.LABEL_HYPHEN),
        ("*.ch", Reason.WILDCARD_PLACE),
        ("xn--\u00fc.ch", Reason.NOT_IDN),
        ("xn--zzzzzzzzzzz99999.ch", Reason.NOT_IDN),
        ("a\\.b.ch", Reason.ESCAPE),
        ("\u202eabc.ch", Reason.NOT_IDN),
        ("😀\ud800.ch", Reason.NOT_IDN),
    ],
)
def test_a_wrong_name_is_refused_with_its_reason(text: str, reason: Reason) -> None:
    with pytest.raises(Problem) as caught:
        names.normal_name(text)
    assert caught.value.reason is reason
    assert caught.value.sentence


@pytest.mark.parametrize("text", ["192.0.2.1", "localhost", "ch", "a_b.ch", "1.2.3", "2001:db8::1"])
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        names.domain_name(text)


@pytest.mark.parametrize("apex", ["", ".", "@", None, "acme.ch", "acme.ch.", "ACME.CH"])
def test_the_zone_itself_can_be_written_in_many_ways(apex: str | None) -> None:
    assert names.owner_name(apex, "acme.ch") == "acme.ch"
    assert names.source_in("acme.ch", "acme.ch") == "."


@pytest.mark.parametrize(
    ("source", "full"),
    [
        ("www", "www.acme.ch"),
        ("www.acme.ch", "www.acme.ch"),
        ("www.acme.ch.", "www.acme.ch"),
        ("*.dev", "*.dev.acme.ch"),
        ("_acme-challenge.a.b", "_acme-challenge.a.b.acme.ch"),
        ("xacme.ch", "xacme.ch.acme.ch"),
    ],
)
def test_a_source_is_relative_or_full(source: str, full: str) -> None:
    assert names.owner_name(source, "acme.ch") == full


def test_a_full_name_outside_of_the_zone_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        names.owner_name("www.globex.ch.", "acme.ch")
    assert caught.value.reason is Reason.OUTSIDE_ZONE


def test_the_registered_domain_is_below_the_longest_extension() -> None:
    known = {"ch", "uk", "co.uk"}
    assert names.registered_domain("a.b.acme.ch", known) == "acme.ch"
    assert names.registered_domain("www.acme.co.uk", known) == "acme.co.uk"
    assert names.registered_domain("acme.uk", known) == "acme.uk"
    assert names.registered_domain("co.uk", known) == "co.uk"
    assert names.registered_domain("ch", known) is None
    assert names.registered_domain("acme.example", known) is None


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)


@given(NAMES, NAMES)
def test_source_and_owner_are_inverse(source: str, zone: str) -> None:
    # A source that ends like the zone is taken for a full name: clients send both.
    assume(not names.is_in_zone(source, zone) and len(source) + len(zone) < names.MAX_NAME)
    owner = names.owner_name(source, zone)
    assert names.owner_name(names.source_in(owner, zone), zone) == owner


@given(NAMES)
def test_wire_and_text_are_inverse(name: str) -> None:
    assert names.from_wire(names.to_wire(name)) == name


@given(st.text(max_size=300))
def test_any_text_is_a_normal_name_or_a_problem(text: str) -> None:
    try:
        name = names.normal_name(text, wildcard=True)
    except Problem as problem:
        assert problem.sentence
        return
    assert name.isascii()
    assert name == name.lower()
    assert 0 < len(name) <= names.MAX_NAME
    assert names.normal_name(name, wildcard=True) == name


def test_hostile_names_are_refused_quickly() -> None:
    texts = ("ü" * 500_000, "ü." * 500, "\u0300" * 900, "xn--" + "a" * 900, "\u3002" * 900_000)
    with at_most(processor_seconds=2):
        for text in texts:
            with pytest.raises(Problem):
                names.normal_name(text)
