"""The name server as a process: dig and dnspython over UDP and TCP, changes, crashes, and clients that
misbehave.
"""

from __future__ import annotations

import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from kanton.products.domains.engine import Doubt, EmbeddedEngine, PublishedZone
from kanton.products.domains.records import Record
from kanton.products.domains.tests.name_server import SOURCES, Running, running_name_server
from kanton.products.domains.zonefile import Soa, read_zone
from kanton.run.ports import Wish, choose

TEXT = """
@ NS ns1.kanton.example.
@ MX 10 mail
@ TXT "v=spf1 mx -all"
mail A 192.0.2.25
mail AAAA 2001:db8::25
www CNAME mail
sub NS ns1.globex.example.
""" + "".join(f"many A 192.0.2.{n}\n" for n in range(100))


def acme(serial: int = 1, text: str = TEXT) -> PublishedZone:
    soa = Soa("ns1.kanton.example", "hostmaster.kanton.example", serial)
    return PublishedZone("acme.example", soa, tuple(read_zone(text, "acme.example").records))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    store = tmp_path_factory.mktemp("dns") / "zones.sqlite3"
    with running_name_server(store) as running:
        running.engine.publish(acme())
        yield running


def test_dig_reads_the_answers_by_udp_and_tcp(server: Running) -> None:
    for transport in ("+notcp", "+tcp"):
        assert server.dig("+short", transport, "mail.acme.example", "A").split() == ["192.0.2.25"]
        assert server.dig("+short", transport, "acme.example", "MX").strip() == "10 mail.acme.example."
        assert server.dig("+short", transport, "www.acme.example", "AAAA").split() == [
            "mail.acme.example.",
            "2001:db8::25",
        ]
    shown = server.dig("acme.example", "SOA")
    assert "status: NOERROR" in shown
    assert re.search(r"flags: qr aa;", shown)
    assert "WARNING" not in shown
    assert "status: NXDOMAIN" in server.dig("nothing.acme.example")
    assert "status: REFUSED" in server.dig("globex.example")
    assert "Transfer failed" in server.dig("+tcp", "acme.example", "AXFR")


def test_truncation_sends_dig_to_tcp(server: Running) -> None:
    shown = server.dig("+ignore", "many.acme.example")
    assert " tc" in shown
    assert "ANSWER: 0" in shown
    shown = server.dig("many.acme.example")
    assert "ANSWER: 100" in shown
    assert "retrying in TCP mode" in shown


def test_edns_as_dig_sees_it(server: Running) -> None:
    assert "EDNS: version: 0, flags:; udp: 1232" in server.dig("+bufsize=4096", "mail.acme.example")
    assert "EDNS: version: 0, flags: do; udp: 1232" in server.dig("+dnssec", "mail.acme.example")
    assert "EDNS" not in server.dig("+noedns", "mail.acme.example")
    assert "status: BADVERS" in server.dig("+edns=1", "+noednsneg", "mail.acme.example")
    assert "status: NOERROR" in server.dig("+ednsopt=100:c0ffee", "+nsid", "mail.acme.example")


def test_a_published_zone_is_proved_by_the_server(server: Running) -> None:
    server.engine.publish(acme())
    assert server.engine.probe(acme())
    before = server.engine.probe(acme(2))
    assert (before.doubt, before.serial) == (Doubt.OLD, 1)
    # The same serial with other records is not what we wanted.
    other = acme(text=TEXT.replace("192.0.2.25", "192.0.2.26"))
    found = server.engine.probe(other, [("mail.acme.example", "A")])
    assert (found.doubt, found.about) == (Doubt.DIFFERENT, "mail.acme.example A")
    changed = [(r.name, r.type) for r in acme().records]
    assert server.engine.probe(acme(), changed)
    assert server.engine.probe(acme(), [("gone.acme.example", "A")])
    unknown = PublishedZone("globex.example", Soa("a", "b", 1), ())
    assert server.engine.probe(unknown).doubt is Doubt.REFUSED


@pytest.mark.spec("DOM-39")
def test_every_change_is_answered_from_the_first_question_on(tmp_path: Path) -> None:
    """Not because the server looked in time: it would in an hour. How soon that is, is measured in bench/."""
    with running_name_server(tmp_path / "zones.sqlite3", poll_seconds=3600) as server:
        for serial in range(100, 120):
            zone = acme(serial, TEXT + f"fresh{serial} A 192.0.2.9\n")
            server.engine.publish(zone)
            assert server.engine.probe(zone, [(f"fresh{serial}.acme.example", "A")])


def test_a_withdrawn_zone_is_gone(server: Running) -> None:
    zone = PublishedZone("short.example", Soa("a", "b", 1), (Record("short.example", "NS", "a.example"),))
    server.engine.publish(zone)
    assert server.engine.probe(zone)
    assert not server.engine.is_gone("short.example")
    server.engine.withdraw("short.example")
    server.engine.withdraw("short.example")
    assert server.engine.is_gone("short.example")


def test_a_publisher_that_died_before_ringing_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_name_server(tmp_path / "zones.sqlite3") as running:
        running.engine.publish(acme(1))
        assert running.engine.probe(acme(1))
        monkeypatch.setattr("kanton.products.domains.dns.store.Doorbell.ring", lambda self: None)
        running.engine.publish(acme(2))
        start = time.monotonic()
        while not running.engine.probe(acme(2)):
            assert time.monotonic() - start < 60
            time.sleep(0.1)


@pytest.fixture
def held() -> Iterator[tuple[int, int]]:
    """A UDP and a TCP socket on one port, bound as the supervisor does it."""
    [choice] = choose([Wish("dns.port", "127.0.0.1", 0, udp=True)], {}, exact=True)
    tcp, udp = choice.sockets
    yield udp.fileno(), tcp.fileno()
    choice.release()


def test_a_killed_server_answers_again_after_its_restart(tmp_path: Path, held: tuple[int, int]) -> None:
    store = tmp_path / "zones.sqlite3"
    with running_name_server(store, inherited=held) as first:
        first.engine.publish(acme(7))
        assert first.engine.probe(acme(7))
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        port = first.port
        silent = EmbeddedEngine(store, "127.0.0.1", port, patience=0.2).probe(acme(7))
        assert silent.doubt is Doubt.SILENT
        # Published while nobody was listening.
        first.engine.publish(acme(8))
        # Who asks between two servers waits for the second one.
        asking = socket.create_connection(("127.0.0.1", port), timeout=60)
        question = dns.message.make_query("mail.acme.example", "A")
        dns.query.send_tcp(asking, question)
    with running_name_server(store, inherited=held) as second, asking:
        assert second.port == port
        assert second.engine.probe(acme(8))
        answer, _ = dns.query.receive_tcp(asking)
        assert question.is_response(answer) and answer.answer


def test_ipv6_and_several_addresses(tmp_path: Path) -> None:
    with (
        running_name_server(tmp_path / "z", "127.0.0.1") as first,
        running_name_server(tmp_path / "z", "::1", "127.0.0.1") as second,
    ):
        first.engine.publish(acme())
        query = dns.message.make_query("mail.acme.example", "A")
        for ask in (dns.query.udp, dns.query.tcp):
            assert ask(query, "::1", port=second.port, timeout=60).answer


def test_a_server_on_all_addresses_answers_from_the_one_that_was_asked(tmp_path: Path) -> None:
    with running_name_server(tmp_path / "z", "0.0.0.0") as running:
        running.engine.publish(acme())
        query = dns.message.make_query("mail.acme.example", "A")
        for address in ("127.0.0.1", "127.0.0.2", "127.9.9.9"):
            # dnspython refuses an answer that comes from another address.
            assert dns.query.udp(query, address, port=running.port, timeout=60).answer


def test_several_processes_share_a_port(tmp_path: Path) -> None:
    store = tmp_path / "z"
    with (
        running_name_server(store, shared=True) as first,
        running_name_server(store, port=first.port, shared=True),
    ):
        first.engine.publish(acme())
        for _ in range(20):
            assert first.engine.probe(acme())


def test_a_taken_port_is_told_and_ends_the_start(server: Running, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "kanton.products.domains.dns",
            "--store",
            str(tmp_path / "z"),
            "--listen",
            f"127.0.0.1:{server.port}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": str(SOURCES)},
    )
    assert done.returncode == 1
    assert "in use" in done.stderr


def test_it_starts_without_django_and_stays_small(server: Running) -> None:
    assert server.resident_kilobytes() < 35 * 1024
    listed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, kanton.products.domains.dns.server as s; print(*sorted(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(SOURCES)},
    ).stdout.split()
    assert not {"django", "dns", "dnslib", "kanton.config"} & set(listed)


def tcp(server: Running) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    made.settimeout(5)
    return made


def framed(name: str = "mail.acme.example", kind: str = "A") -> bytes:
    wire = dns.message.make_query(name, kind).to_wire()
    return struct.pack(">H", len(wire)) + wire


def read_frame(connection: socket.socket) -> dns.message.Message:
    (length,) = struct.unpack(">H", connection.recv(2, socket.MSG_WAITALL))
    return dns.message.from_wire(connection.recv(length, socket.MSG_WAITALL))


def test_tcp_takes_many_questions_in_one_go_and_byte_by_byte(server: Running) -> None:
    with tcp(server) as connection:
        connection.sendall(framed() * 50)
        for _ in range(50):
            assert read_frame(connection).answer
        for byte in framed():
            connection.sendall(bytes((byte,)))
        assert read_frame(connection).answer


def test_tcp_clients_that_misbehave_harm_nobody(server: Running) -> None:
    held = [tcp(server) for _ in range(230)]  # more than are kept open
    try:
        for number, connection in enumerate(held):
            try:
                connection.sendall(b"\xff\xff" if number % 2 else b"\0")
            except OSError:
                continue
        with tcp(server) as connection:
            connection.sendall(framed())
            assert read_frame(connection).answer
    finally:
        for connection in held:
            connection.close()
    with tcp(server) as connection:
        connection.sendall(struct.pack(">H", 0))
        assert connection.recv(10) == b""


def test_noise_does_not_stop_the_server(server: Running) -> None:
    rnd = random.Random(11)
    query = dns.message.make_query("mail.acme.example", "A", use_edns=0).to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for _ in range(3000):
            packet = bytearray(query)
            for _ in range(rnd.randint(1, 8)):
                packet[rnd.randrange(len(packet))] = rnd.randrange(256)
            udp.sendto(bytes(packet[: rnd.randint(0, len(packet))]), ("127.0.0.1", server.port))
        udp.sendto(rnd.randbytes(8000), ("127.0.0.1", server.port))
        udp.sendto(b"", ("127.0.0.1", server.port))
    assert server.dig("+short", "mail.acme.example", "A").split() == ["192.0.2.25"]
    assert server.process.poll() is None


def test_questions_during_publications_are_always_whole(server: Running) -> None:
    """A reader never sees half of a change: both records of a set change together."""
    stop = threading.Event()
    zones = [acme(500 + n, TEXT + f"pair A 192.0.2.{n}\npair A 198.51.100.{n}\n") for n in range(40)]
    seen: list[set[str]] = []

    def watch() -> None:
        query = dns.message.make_query("pair.acme.example", "A")
        while not stop.is_set():
            answer = dns.query.udp(query, "127.0.0.1", port=server.port, timeout=60)
            if answer.rcode() == dns.rcode.NOERROR and answer.answer:
                seen.append({rdata.address.rpartition(".")[2] for rdata in answer.answer[0]})

    watcher = threading.Thread(target=watch)
    watcher.start()
    for zone in zones:
        server.engine.publish(zone)
        while not seen and watcher.is_alive():
            time.sleep(0.01)
    stop.set()
    watcher.join()
    assert seen
    assert all(len(endings) == 1 for endings in seen)
