"""Addresses, limits, the end of a message, sender rewriting, stores: arithmetic without a server."""

from __future__ import annotations

import errno
import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanton.products.mail.addresses import Address, BadAddress, domain_in_ascii, own_local_part, parse_address
from kanton.products.mail.engine import headers
from kanton.products.mail.engine.counter import SendCounter
from kanton.products.mail.engine.credentials import Credentials, TooManyGuesses
from kanton.products.mail.engine.dataflow import DataSink
from kanton.products.mail.engine.files import write_atomically
from kanton.products.mail.engine.maildir import Maildirs
from kanton.products.mail.engine.port import DomainState
from kanton.products.mail.engine.published import (
    Directory,
    GoesInCircles,
    NoSuchAddress,
    NotOurs,
    publish,
    withdraw,
)
from kanton.products.mail.engine.rewriting import original_sender, rewrite
from kanton.products.mail.limits import SENDING_LIMITS, WINDOW_SECONDS, Sent, allowance
from kanton.products.mail.tests.running import PASSWORD, box

# Addresses


@given(st.text(max_size=80))
def test_a_local_part_of_ours_is_safe_in_every_file_and_path(text: str) -> None:
    try:
        local = own_local_part(text)
    except BadAddress:
        return
    assert (
        re.fullmatch(r"[a-z0-9._-]{1,64}", local)
        and ".." not in local
        and local[0] != "."
        and local[-1] != "."
    )
    assert own_local_part(local) == local and local == text.strip().lower()


@given(st.text(max_size=300))
def test_parsing_an_address_never_fails_otherwise_and_is_stable(text: str) -> None:
    try:
        address = parse_address(text)
    except BadAddress:
        return
    assert parse_address(str(address)) == address
    assert "\n" not in str(address) and "\r" not in str(address) and "@" in str(address)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@b.ch", "a@b.ch"), (" A.b+c@B.CH. ", "A.b+c@b.ch"), ("ä@straße.de", "ä@xn--strae-oqa.de"),
        ('"a b"@c.ch', '"a b"@c.ch'), ("a@münchen.de", "a@xn--mnchen-3ya.de"),
    ],
)  # fmt: skip
def test_good_addresses(text: str, expected: str) -> None:
    assert str(parse_address(text)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "a", "@b.ch", "a@", "a@b@", "a..b@c.ch", ".a@c.ch", "a@-b.ch", "a@b..ch", "a b@c.ch", "a@[127.0.0.1]",
     "a@1.2.3.4", "a\r\n@b.ch", "x" * 65 + "@b.ch", "a@" + "b" * 64 + ".ch", "a@" + "b." * 130 + "ch", "<a@b.ch>"],
)  # fmt: skip
def test_bad_addresses(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_address(text)


@given(st.text(max_size=100))
def test_a_domain_in_ascii_cannot_leave_its_folder(text: str) -> None:
    try:
        name = domain_in_ascii(text)
    except BadAddress:
        return
    assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", name) and len(name) < 254


# The 24 hours

HOUR = 3600.0


@pytest.mark.spec("MAIL-38")
def test_the_limits_of_the_offers() -> None:
    offers = {
        "my-suite": 500,
        "my-suite-plus": 1440,
        "mail-starter": 100,
        "mail": 1440,
        "suite-standard-single": 100,
    }
    assert {name: SENDING_LIMITS[name] for name in offers} == offers
    assert SENDING_LIMITS["web-unauthenticated"] == 50


@pytest.mark.spec("MAIL-43")
def test_exactly_the_limit_is_accepted_and_one_more_is_not() -> None:
    sent = [Sent(0.0, 60), Sent(HOUR, 30)]
    assert allowance(sent, limit=100, wanted=10, now=2 * HOUR).allowed
    refused = allowance(sent, limit=100, wanted=11, now=2 * HOUR)
    assert (refused.allowed, refused.used, refused.left, refused.possible_at) == (
        False,
        90,
        10,
        WINDOW_SECONDS,
    )
    assert allowance(sent, limit=100, wanted=100, now=2 * HOUR).possible_at == WINDOW_SECONDS + HOUR
    assert allowance(sent, limit=100, wanted=101, now=2 * HOUR).possible_at is None


@pytest.mark.spec("MAIL-45")
def test_a_new_offer_holds_for_the_window_already_running() -> None:
    sent = [Sent(0.0, 100)]
    assert not allowance(sent, limit=100, wanted=1, now=HOUR).allowed
    assert allowance(sent, limit=1440, wanted=1, now=HOUR).allowed


@given(
    st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 60)), max_size=40),
    st.integers(1, 100),
    st.integers(1, 50),
)
def test_the_moment_that_is_told_is_the_first_at_which_it_works(
    events: list[tuple[int, int]], limit: int, wanted: int
) -> None:
    sent = [Sent(float(at), count) for at, count in events]
    found = allowance(sent, limit=limit, wanted=wanted, now=200_000.0)
    if found.possible_at is None:
        assert wanted > limit
    elif not found.allowed:
        assert allowance(sent, limit=limit, wanted=wanted, now=found.possible_at + 0.5).allowed
        assert not allowance(sent, limit=limit, wanted=wanted, now=found.possible_at - 0.5).allowed


@pytest.mark.spec("MAIL-44")
def test_all_processes_share_one_counter(tmp_path: Path) -> None:
    one, two = SendCounter(tmp_path / "c.sqlite3"), SendCounter(tmp_path / "c.sqlite3")
    assert one.reserve("a@b.ch", limit=3, recipients=2)[0].allowed
    refused, reservation = two.reserve("a@b.ch", limit=3, recipients=2)
    assert not refused.allowed and reservation is None
    taken, reservation = two.reserve("a@b.ch", limit=3, recipients=1)
    assert taken.allowed and one.allowance("a@b.ch", limit=3).used == 3
    one.cancel(reservation)
    assert two.allowance("a@b.ch", limit=3).used == 2 and two.allowance("other@b.ch", limit=3).used == 0


def test_racing_senders_never_pass_the_limit(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    counters = [SendCounter(tmp_path / "c.sqlite3") for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda n: counters[n % 4].reserve("a@b.ch", limit=25, recipients=1)[0].allowed, range(60)
            )
        )
    assert answers.count(True) == 25


# The end of a message


def reference(stream: bytes) -> tuple[bytes, bytes] | None:
    """What RFC 5321 says of the whole stream at once."""
    whole = b"\r\n" + stream
    end = whole.find(b"\r\n.\r\n")
    if end < 0:
        return None
    body = (b"\r\n" + whole[2 : end + 2]).replace(b"\r\n.", b"\r\n")[2:] if end else b""
    return re.sub(rb"\r\n|\r|\n", b"\r\n", body), whole[end + 5 :]


@settings(max_examples=500)
@given(
    st.lists(
        st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b"..", b"\r\n.", b".\r\n", b"\r\n.\r\n"]),
        max_size=14,
    ),
    st.integers(1, 5),
)
def test_the_end_is_found_however_the_stream_is_cut(parts: list[bytes], size: int) -> None:
    stream = b"".join(parts)
    target = io.BytesIO()
    sink = DataSink(target, 10**9)
    rest, position = None, 0
    while rest is None and position < len(stream):
        rest = sink.feed(stream[position : position + size])
        position += size
    expected = reference(stream)
    assert (rest is None) == (expected is None)
    if expected is not None and rest is not None:
        assert (target.getvalue(), rest + stream[position:]) == expected
        assert sink.size == len(expected[0])


@pytest.mark.parametrize("filler", [b".", b"\r", b"\n", b"x"])
def test_endless_lines_are_passed_on_and_not_collected(filler: bytes) -> None:
    target = io.BytesIO()
    sink = DataSink(target, 10**9)
    sink.feed(b"start\r\n")
    for _ in range(20):
        assert sink.feed(filler * 70_000) is None
        assert sink.size + len(sink._tail) >= 5 and len(sink._tail) <= 65_536
    assert sink.feed(b"\r\n.\r\nQUIT") == b"QUIT"
    assert target.getvalue() == reference(b"start\r\n" + filler * 1_400_000 + b"\r\n.\r\n")[0]  # type: ignore[index]


def test_too_large_messages_are_counted_and_not_written() -> None:
    target = io.BytesIO()
    sink = DataSink(target, 1000)
    for _ in range(100):
        assert sink.feed(b"x" * 98 + b"\r\n") is None
    assert sink.feed(b"\r\n.\r\nQUIT") == b"QUIT"
    assert sink.is_too_large and len(target.getvalue()) <= 1000


def test_a_full_disk_does_not_end_the_reading_in_the_middle_of_a_message() -> None:
    with open("/dev/full", "wb", buffering=0) as target:  # noqa: PTH123
        sink = DataSink(target, 10**9)
        assert sink.feed(b"x" * 98 + b"\r\n") is None
        assert sink.feed(b"RCPT TO:<lea@acme.ch>\r\n.\r\nQUIT") == b"QUIT"
        assert sink.trouble is not None and sink.trouble.errno == errno.ENOSPC


# Rewriting

KEY = b"k" * 32


@given(
    st.sampled_from(["a@b.ch", "Ünï@x.example", "a=b=c@d-e.example", '"q q"@x.example', "srs0=x@y.example"])
)
def test_a_rewritten_sender_leads_back_and_only_with_our_mark(sender: str) -> None:
    rewritten = parse_address(rewrite(sender, domain="acme.ch", key=KEY, now=1e9), local_max=200)
    assert rewritten.domain == "acme.ch"
    assert original_sender(rewritten, key=KEY, now=1e9 + 20 * 86400) == str(parse_address(sender))
    assert original_sender(rewritten, key=KEY, now=1e9 + 30 * 86400) is None
    assert original_sender(rewritten, key=b"z" * 32, now=1e9) is None
    assert rewrite("", domain="acme.ch", key=KEY) == ""


# Stores and published files


@pytest.mark.parametrize(
    "store", ["", "a", "../x~1", "a.ch/../b~1", "a.ch/b", "a.ch/b~x", "/a/b~1", "a.ch/b~1/c", "A/b~1"]
)
def test_nothing_but_a_store_is_a_store(tmp_path: Path, store: str) -> None:
    with pytest.raises(ValueError, match="not a store"):
        Maildirs(tmp_path / "store").path(store)


def test_a_mailbox_can_be_discarded_restored_and_purged(tmp_path: Path) -> None:
    maildirs = Maildirs(tmp_path / "store")
    message = tmp_path / "message"
    message.write_bytes(b"Subject: x\r\n\r\nx\r\n")
    maildirs.deliver("acme.ch/info~1", message)
    maildirs.deliver("acme.ch/info~1", message, folder="Sent", seen=True)
    assert maildirs.storage_bytes("acme.ch/info~1") == 2 * message.stat().st_size
    maildirs.discard("acme.ch/info~1")
    assert not maildirs.path("acme.ch/info~1").exists()
    assert maildirs.restore("acme.ch/info~1") and maildirs.storage_bytes("acme.ch/info~1") > 0
    maildirs.discard("acme.ch/info~1")
    maildirs.purge("acme.ch/info~1")
    assert not maildirs.restore("acme.ch/info~1")


def test_a_replaced_file_is_always_a_second_younger(tmp_path: Path) -> None:
    path = tmp_path / "passwd"
    times = []
    for number in range(4):
        write_atomically(path, b"%d" % number)
        times.append(int(path.stat().st_mtime))
    assert sorted(set(times)) == times and path.stat().st_mode & 0o777 == 0o600


@pytest.mark.spec("MAIL-9")
def test_mail_to_postmaster_reaches_somebody_even_when_the_administrators_have_no_address_here(
    tmp_path: Path,
) -> None:
    state = DomainState("acme.example", mailboxes=(box("info", 1),), administrators=("ana@acme.example",))
    publish(tmp_path, state)
    directory = Directory(tmp_path)
    for local in ("postmaster", "Abuse"):
        [(address, _mailbox)] = directory.route(parse_address(f"{local}@acme.example")).mailboxes
        assert address == "info@acme.example"
    publish(tmp_path, DomainState("empty.example", administrators=("lea@elsewhere.example",)))
    assert directory.route(parse_address("abuse@empty.example")).forwards == (
        ("lea@elsewhere.example", "abuse@empty.example"),
    )


def test_circles_in_the_published_state_end_and_tell(tmp_path: Path) -> None:
    circle = {
        "a": ("b@acme.example",),
        "b": ("a@acme.example",),
        "c": ("a@acme.example", "info@acme.example"),
    }
    publish(tmp_path, DomainState("acme.example", mailboxes=(box("info", 1),), redirects=circle))
    publish(tmp_path, DomainState("shop.example", alias_of="acme.example"))
    directory = Directory(tmp_path)
    with pytest.raises(GoesInCircles):
        directory.route(parse_address("a@acme.example"))
    route = directory.route(parse_address("c@shop.example"))
    assert [address for address, _box in route.mailboxes] == ["info@acme.example"] and route.forwards == ()
    with pytest.raises(NoSuchAddress):
        directory.route(parse_address("x@shop.example"))
    with pytest.raises(NotOurs):
        directory.route(parse_address("x@other.example"))
    assert directory.owns("info@acme.example", "INFO@shop.example")
    assert not directory.owns("info@acme.example", "a@acme.example")
    withdraw(tmp_path, "shop.example")
    with pytest.raises(NotOurs):
        directory.route(parse_address("c@shop.example"))


def test_many_ways_to_one_address_are_followed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = {
        f"l{layer}-{number}": tuple(f"l{layer + 1}-{each}@acme.example" for each in range(8))
        for layer in range(8)
        for number in range(8)
    }
    layers |= {f"l8-{number}": ("info@acme.example", "lea@elsewhere.example") for number in range(8)}
    publish(tmp_path, DomainState("acme.example", mailboxes=(box("info", 1),), redirects=layers))
    directory = Directory(tmp_path)
    steps: list[str] = []
    follow = Directory._follow

    def counted(self: Directory, address: Address, *rest: Any) -> Any:
        steps.append(str(address))
        return follow(self, address, *rest)

    monkeypatch.setattr(Directory, "_follow", counted)
    route = directory.route(parse_address("l0-0@acme.example"))
    assert [address for address, _box in route.mailboxes] == ["info@acme.example"]
    assert route.forwards == (("lea@elsewhere.example", "l8-0@acme.example"),)
    assert len(steps) == 1 + 8 + 7 * 64 + 16


def test_a_login_has_one_spelling_and_a_neighbourhood_one_count(tmp_path: Path) -> None:
    publish(tmp_path, DomainState("xn--rsti-5qa.example", mailboxes=(box("info", 1),)))
    directory = Directory(tmp_path)
    for spelled in (
        "info@xn--rsti-5qa.example",
        "INFO@rösti.example",
        "info@RÖSTI.example.",
        " info@ rösti.example..",
    ):
        assert directory.login(spelled) == "info@xn--rsti-5qa.example"
    assert directory.login(" Nobody@Elsewhere.example.") == "nobody@elsewhere.example."
    credentials = Credentials(tmp_path)
    for number in range(10):
        assert not credentials.verify("info@rösti.example", "wrong", client=f"2001:db8:1:2::{number}")
    for neighbour in ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"):
        with pytest.raises(TooManyGuesses):
            credentials.verify("info@rösti.example", PASSWORD, client=neighbour)
    assert credentials.verify("info@rösti.example", PASSWORD, client="2001:db8:1:3::1")
    assert credentials.verify("info@rösti.example", PASSWORD, client="::ffff:192.0.2.1")


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("Ana M. Meier <ana@acme.example>", {"ana@acme.example"}),
        ("ana@acme.example <ana@acme.example>", {"ana@acme.example"}),
        ('"=?utf-8?q?Ana?=" <ana@acme.example>', {"ana@acme.example"}),
        ("ana@acme.example <ceo@bank.example>", {"ana@acme.example", "ceo@bank.example"}),
        ("ana@acme.example ceo@bank.example", {"ana@acme.example", "ceo@bank.example"}),
        ("ana@acme.example, ben@acme.example", {"ana@acme.example", "ben@acme.example"}),
        ('"', set()),
    ],
)
def test_no_author_is_hidden_behind_faults_of_the_field(field: str, found: set[str]) -> None:
    assert set(headers.from_addresses(b"From: " + field.encode() + b"\r\n")) == found


_PIECES = st.sampled_from(
    [
        "<",
        ">",
        '"',
        "(",
        ")",
        ",",
        ":",
        ";",
        "@",
        "=?utf-8?q?",
        "=?utf-8?b?",
        "?=",
        "a",
        "b.ch",
        "\\",
        "[",
        "]",
        " ",
        ".",
    ]
)


@settings(max_examples=500)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_any_from_field_can_be_read(field: str) -> None:
    headers.from_addresses(b"From: " + field.encode() + b"\r\n")


@given(st.binary(max_size=3000))
def test_any_header_block_can_be_read(block: bytes) -> None:
    fields = headers.fields(block, "From")
    without = headers.without(block, "From", "Bcc")
    assert not headers.fields(without, "From") or fields
    headers.from_addresses(block)
