"""Mail for elsewhere: the durable queue, relay and MX, retries, returned mail, redirections, and a killed server."""

from __future__ import annotations

import dataclasses
import email
import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as AioSmtp
from dnslib import MX, QTYPE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSServer

from kanton.products.mail.engine.journal import Journal, Result
from kanton.products.mail.engine.queue import Queue
from kanton.products.mail.engine.settings import Outgoing, Relay
from kanton.products.mail.engine.signing import new_key
from kanton.products.mail.tests.running import ACME, Running, box, running

OUT = b"From: info@acme.example\r\nTo: lea@elsewhere.example\r\nSubject: Out\r\n\r\n.dot\r\nHello\r\n"


class Elsewhere:
    """Another provider's server: takes mail, or answers what the test wants."""

    def __init__(self) -> None:
        self.received: list[tuple[str, list[str], bytes]] = []
        self.answers: dict[str, str] = {}
        self.data_answer = "250 2.0.0 taken"

    async def handle_RCPT(
        self, server: AioSmtp, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: AioSmtp, session: Any, envelope: Any) -> str:
        if self.data_answer.startswith("250"):
            self.received.append(
                (envelope.mail_from, list(envelope.rcpt_tos), bytes(envelope.original_content))
            )
        return self.data_answer


@pytest.fixture
def elsewhere() -> Iterator[tuple[Elsewhere, int]]:
    """The other server and its port."""
    handler = Elsewhere()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True, decode_data=False)
    controller.start()
    yield handler, port
    controller.stop()


def relaying(port: int) -> dict[str, Any]:
    """Settings that hand everything to the other server."""
    return {"outgoing": Outgoing.RELAY, "relay": Relay("127.0.0.1", port, tls="none")}


def send(mail: Running, *recipients: str, message: bytes = OUT) -> None:
    """Submit a message."""
    with mail.submission() as client:
        client.sendmail("info@acme.example", list(recipients), message)


def results(mail: Running) -> list[Result]:
    """The outgoing results in the journal."""
    journal = Journal(mail.settings.journal)
    return [entry.result for day in journal.days() for _at, entry in journal.read(day) if entry.way == "out"]


def test_held_mail_waits_on_the_disk() -> None:
    with running() as mail:
        send(mail, "lea@elsewhere.example")
        queue = Queue(mail.settings.queue)
        [queue_id] = queue.ids()
        time.sleep(1.5)
        assert queue.ids() == [queue_id]
        message = queue.message(queue_id).read_bytes()
        assert message.endswith(b"\r\n\r\n.dot\r\nHello\r\n") and results(mail) == [Result.QUEUED]


def test_a_relay_takes_the_signed_message_without_what_stays_at_home(
    elsewhere: tuple[Elsewhere, int],
) -> None:
    server, port = elsewhere
    with running(dataclasses.replace(ACME, dkim=(new_key("k1"),)), **relaying(port)) as mail:
        send(mail, "lea@elsewhere.example", "max@else.example")
        mail.until(lambda: server.received)
        [(sender, recipients, content)] = server.received
        assert (sender, recipients) == ("info@acme.example", ["lea@elsewhere.example", "max@else.example"])
        assert content.startswith(b"Received: by mail.acme.example") and b"DKIM-Signature: " in content
        assert b"Return-Path" not in content and content.endswith(b"\r\n\r\n.dot\r\nHello\r\n")
        mail.until(lambda: not Queue(mail.settings.queue).ids())
        assert results(mail) == [Result.QUEUED, Result.QUEUED, Result.SENT, Result.SENT]


@pytest.mark.spec("MAIL-100")
def test_what_is_refused_for_good_comes_back_with_the_other_servers_words(
    elsewhere: tuple[Elsewhere, int],
) -> None:
    server, port = elsewhere
    server.answers = {
        "gone@elsewhere.example": "550 5.1.1 No such person",
        "busy@elsewhere.example": "451 4.3.0 Later",
    }
    with running(**relaying(port)) as mail:
        send(mail, "gone@elsewhere.example", "busy@elsewhere.example", "lea@elsewhere.example")
        inbox = mail.settings.store / "acme.example/info~1/new"
        [returned] = mail.until(lambda: list(inbox.iterdir()))
        report = email.message_from_bytes(returned.read_bytes())
        assert report["Return-Path"] == "<>" and report.get_content_type() == "multipart/report"
        text = returned.read_text()
        assert "gone@elsewhere.example" in text and "5.1.1 No such person" in text and "Status: 5.1.1" in text
        assert "busy@elsewhere.example" not in text
        assert [recipients for _from, recipients, _content in server.received] == [["lea@elsewhere.example"]]
        queue = Queue(mail.settings.queue)
        courier = mail.smtp_process.courier
        # The report arrives a moment before the queue is settled.
        mail.until(lambda: not courier._busy)
        envelope = queue.envelope(queue.ids()[0])
        assert envelope is not None and [one.address for one in envelope.waiting] == [
            "busy@elsewhere.example"
        ]
        assert 50 < envelope.next_at - time.time() < 61 and envelope.attempts == 1
        server.answers = {}
        envelope.next_at = 0
        queue.save(envelope)
        courier._next_at.clear()
        mail.until(lambda: len(server.received) == 2)
        words = [entry.words for day in Journal(mail.settings.journal).days()
                 for _at, entry in Journal(mail.settings.journal).read(day)]  # fmt: skip
        assert any("550 5.1.1 No such person" in one for one in words)


def test_after_five_days_the_sender_is_told(elsewhere: tuple[Elsewhere, int]) -> None:
    server, port = elsewhere
    server.data_answer = "451 4.7.1 Greylisted"
    with running() as held:
        send(held, "lea@elsewhere.example")
        queue = Queue(held.settings.queue)
        path = held.settings.queue / queue.ids()[0] / "envelope"
        value = json.loads(path.read_text())
        value["created_at"] -= 5 * 86400 + 60
        path.write_text(json.dumps(value))
        settings = dataclasses.replace(held.settings, **relaying(port))
        from kanton.products.mail.engine.courier import Courier

        courier = Courier(settings, held.smtp_process.server.post)
        envelope = queue.envelope(queue.ids()[0])
        assert envelope is not None
        outcomes = held.call(courier._attempt(envelope))
        courier._settle(envelope, outcomes)
        assert queue.ids() == []
        [returned] = (held.settings.store / "acme.example/info~1/new").iterdir()
        assert "Greylisted" in returned.read_text()


def test_bounces_of_bounces_end(elsewhere: tuple[Elsewhere, int]) -> None:
    server, port = elsewhere
    server.answers = {"gone@elsewhere.example": "550 5.1.1 No"}
    with running(**relaying(port)) as mail:
        post = mail.smtp_process.server.post
        path = post.spool / "test.eml"
        path.write_bytes(OUT)
        post.queue.put(path, sender="", recipients=["gone@elsewhere.example"], local="")
        mail.until(lambda: not post.queue.ids())
        assert not list((mail.settings.store / "acme.example/info~1/new").iterdir())


@pytest.mark.spec("MAIL-10")
def test_redirected_mail_goes_out_under_our_name_and_its_bounce_finds_the_author(
    elsewhere: tuple[Elsewhere, int],
) -> None:
    server, port = elsewhere
    keeps = box("ben", 2, redirect_to=("private@elsewhere.example",), keeps_copy=True)
    state = dataclasses.replace(ACME, mailboxes=(box("info", 1), keeps))
    with running(state, **relaying(port)) as mail:
        with mail.smtp() as client:
            client.sendmail("author@third.example", ["out@acme.example"], OUT)
            client.sendmail("author@third.example", ["ben@acme.example"], OUT)
        mail.until(lambda: len(server.received) == 2)
        senders = {sender for sender, _to, _content in server.received}
        assert {to[0] for _sender, to, _content in server.received} == {
            "lea@elsewhere.example",
            "private@elsewhere.example",
        }
        [sender] = senders
        assert sender.startswith("SRS0=") and sender.endswith("=third.example=author@acme.example")
        assert len(list((mail.settings.store / "acme.example/ben~2/new").iterdir())) == 1, "a copy is kept"
        with mail.smtp() as client:
            assert client.sendmail("", [sender], OUT) == {}
            forged = sender.replace("third.example", "fourth.example")
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("", [forged], OUT)
        mail.until(lambda: len(server.received) == 3)
        back = server.received[2]
        assert (back[0].strip("<>"), back[1]) == ("", ["author@third.example"])


class Names(BaseResolver):  # type: ignore[misc]
    """The name servers of the world."""

    def resolve(self, request: DNSRecord, handler: Any) -> DNSRecord:
        """MX of elsewhere.example: a dead host first, then the living one."""
        reply = request.reply()
        name, kind = str(request.q.qname).rstrip("."), QTYPE[request.q.qtype]
        if kind == "MX" and name == "elsewhere.example":
            reply.add_answer(RR(name, QTYPE.MX, rdata=MX("living.example", 20)))
            reply.add_answer(RR(name, QTYPE.MX, rdata=MX("dead.example", 10)))
        elif kind == "MX" and name == "silent.example":
            reply.add_answer(RR(name, QTYPE.MX, rdata=MX(".", 0)))
        elif kind == "A" and name in ("living.example", "plain.example"):
            reply.add_answer(RR(name, QTYPE.A, rdata=A("127.0.0.1")))
        elif kind == "A" and name == "dead.example":
            reply.add_answer(RR(name, QTYPE.A, rdata=A("127.0.0.77")))
        elif name == "missing.example":
            reply.header.rcode = 3
        return reply


def test_mail_finds_its_way_by_mx_in_their_order(elsewhere: tuple[Elsewhere, int]) -> None:
    server, port = elsewhere
    names = DNSServer(Names(), address="127.0.0.1", port=0)
    names.start_thread()
    dns_port = names.server.server_address[1]
    try:
        options: dict[str, Any] = {
            "outgoing": Outgoing.MX,
            "mx_port": port,
            "dns_servers": (f"127.0.0.1#{dns_port}",),
        }
        with running(**options) as mail:
            send(mail, "lea@elsewhere.example", "max@plain.example", "x@missing.example", "y@silent.example")
            mail.until(lambda: len(server.received) == 2)
            taken = sorted(to for _from, recipients, _content in server.received for to in recipients)
            assert taken == ["lea@elsewhere.example", "max@plain.example"]
            inbox = mail.settings.store / "acme.example/info~1/new"
            [returned] = mail.until(lambda: list(inbox.iterdir()))
            text = returned.read_text()
            assert (
                "does not exist" in text
                and "takes no mail" in text
                and "lea@elsewhere.example" not in text.split("Reporting-MTA")[0]
            )
    finally:
        names.stop()


SERVER = """
import asyncio, sys
from pathlib import Path
from kanton.products.mail.engine.settings import EngineSettings
from kanton.products.mail.engine.smtp_process import start_smtp

async def main():
    process = await start_smtp(EngineSettings(home=Path(sys.argv[1]), hostname="mail.acme.example"))
    print(process.ports["smtp"], process.ports["submission"], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def start_server(home: Path) -> tuple[subprocess.Popen[str], int, int]:
    """The SMTP process as a process of its own."""
    source = str(Path(__file__).parents[4])
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | {"PYTHONPATH": source},
    )  # fmt: skip
    assert process.stdout is not None
    smtp, submission = process.stdout.readline().split()
    return process, int(smtp), int(submission)


def test_what_was_acknowledged_survives_a_killed_server(tmp_path: Path) -> None:
    from kanton.products.mail.engine.embedded import EmbeddedMailEngine
    from kanton.products.mail.engine.settings import EngineSettings

    settings = EngineSettings(home=tmp_path)
    EmbeddedMailEngine(settings).publish_domain(
        dataclasses.replace(ACME, mailboxes=(box("info", 1, sending_limit=10_000), box("ben", 2)))
    )
    acknowledged: set[str] = set()
    queued = 0
    for round_number in range(3):
        process, port, submission = start_server(tmp_path)
        stop = threading.Event()

        def keep_sending(worker: int, port: int, stop: threading.Event, round_number: int) -> None:
            number = 0
            try:
                with smtplib.SMTP("127.0.0.1", port, "x", timeout=60) as client:
                    while not stop.is_set():
                        mark = f"<{round_number}-{worker}-{number}@test>"
                        text = f"From: a@b.example\r\nMessage-ID: {mark}\r\n\r\n{'x' * 3000}\r\n".encode()
                        client.sendmail("a@b.example", ["info@acme.example"], text)
                        acknowledged.add(mark)
                        number += 1
            except (smtplib.SMTPException, OSError):
                return

        workers = [
            threading.Thread(target=keep_sending, args=(worker, port, stop, round_number))
            for worker in range(4)
        ]
        for worker in workers:
            worker.start()
        with smtplib.SMTP("127.0.0.1", submission, "x", timeout=60) as client:
            client.login("info@acme.example", "Fjord-Kiesel-417-Wolke")
            client.sendmail("info@acme.example", ["lea@elsewhere.example"], OUT)
            queued += 1
        # Killed in the middle of work, however slow the machine is: the senders go on until they are cut off.
        until = time.monotonic() + 240
        while len(acknowledged) < 20 * (round_number + 1):
            assert time.monotonic() < until, "the server took too little"
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        stop.set()
        for worker in workers:
            worker.join()
    assert len(acknowledged) >= 60, "the test must have sent something before it claims that nothing was lost"
    stored = [path.read_bytes() for path in (tmp_path / "mail/store/acme.example/info~1/new").iterdir()]
    marks = {message.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode() for message in stored}
    assert acknowledged <= marks
    assert all(message.endswith(b"x\r\n") for message in stored), "what is there is whole"
    queue = Queue(settings.queue)
    assert len(queue.ids()) == queued == 3
    assert all(queue.envelope(one) is not None and queue.message(one).exists() for one in queue.ids())
