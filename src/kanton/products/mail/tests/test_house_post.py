"""The house's own mails through our own servers: delivered here, queued for elsewhere, signed, and once only."""

from __future__ import annotations

import dataclasses
import email
import errno
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dkim
import pytest
from aiosmtpd.controller import Controller

from kanton.config import overriding
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox import send_mail
from kanton.core.outbox.models import Mail, MailState
from kanton.core.outbox.transports import Busy, Refused
from kanton.organizations.models import Organization
from kanton.products.mail.engine.configured import mail_engine
from kanton.products.mail.engine.embedded import EmbeddedMailEngine
from kanton.products.mail.engine.port import DkimKey, SendingRefused
from kanton.products.mail.engine.post import REPEATED_SECONDS, PostOffice
from kanton.products.mail.engine.queue import Queue
from kanton.products.mail.engine.settings import EngineSettings, Outgoing, Relay
from kanton.products.mail.engine.signing import new_key
from kanton.products.mail.house_post import hand_over
from kanton.products.mail.tests.running import ACME, box, running

HOUSE, KEY = "hello@acme.example", "<1@acme.example>"


def mail_to(recipient: str, sender: str = HOUSE) -> bytes:
    """A mail as the outbox writes it."""
    return (
        f"From: Kanton <{sender}>\r\nTo: {recipient}\r\nSubject: Welcome\r\nMessage-ID: {KEY}\r\n"
        "Date: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\nHello\r\n"
    ).encode()


@pytest.fixture(scope="module")
def key() -> DkimKey:
    return new_key("k1")


@pytest.fixture
def place(tmp_path: Path) -> EngineSettings:
    return EngineSettings(home=tmp_path, hostname="mail.acme.example")


@pytest.fixture
def post(place: EngineSettings, key: DkimKey) -> PostOffice:
    """A post office for acme.example, whose keys sign."""
    EmbeddedMailEngine(place).publish_domain(dataclasses.replace(ACME, dkim=(key,)))
    return PostOffice(place)


def stored(place: EngineSettings, local: str = "info~1") -> list[bytes]:
    """What is new in a mailbox."""
    return [path.read_bytes() for path in (place.store / "acme.example" / local / "new").iterdir()]


def is_signed(message: bytes, key: DkimKey) -> bool:
    """Would a stranger believe the signature, knowing the DNS record?"""
    return bool(dkim.verify(message, dnsfunc=lambda *_args, **_more: key.record.encode()))


def test_a_mailbox_here_has_it_at_once_and_signed(
    post: PostOffice, place: EngineSettings, key: DkimKey
) -> None:
    post.submit_own(HOUSE, "info@acme.example", mail_to("info@acme.example"), key=KEY)
    (message,) = stored(place)
    head, _end, rest = message.partition(b"\r\n")
    assert head == b"Return-Path: <hello@acme.example>"
    assert message.endswith(b"\r\n\r\nHello\r\n")
    assert email.message_from_bytes(message)["Message-ID"] == KEY
    assert is_signed(rest, key)
    assert not list(place.spool.iterdir())
    assert not Queue(place.queue).ids()


def test_for_elsewhere_it_waits_in_the_queue(post: PostOffice, place: EngineSettings, key: DkimKey) -> None:
    post.submit_own(HOUSE, "lea@elsewhere.example", mail_to("lea@elsewhere.example"), key=KEY)
    queue = Queue(place.queue)
    (number,) = queue.ids()
    envelope = queue.envelope(number)
    assert envelope is not None
    assert (envelope.sender, [one.address for one in envelope.waiting]) == (HOUSE, ["lea@elsewhere.example"])
    assert is_signed(queue.message(number).read_bytes()[envelope.skip :], key)


def test_a_sender_from_elsewhere_is_not_signed(post: PostOffice, place: EngineSettings) -> None:
    sender = "hello@provider.example"
    post.submit_own(sender, "info@acme.example", mail_to("info@acme.example", sender), key=KEY)
    assert b"DKIM-Signature" not in stored(place)[0]


def test_the_same_mail_again_is_sent_once(post: PostOffice, place: EngineSettings) -> None:
    for _ in range(2):
        post.submit_own(HOUSE, "info@acme.example", mail_to("info@acme.example"), key=KEY)
    assert len(stored(place)) == 1
    PostOffice(place).submit_own(HOUSE, "info@acme.example", mail_to("info@acme.example"), key=KEY)
    assert len(stored(place)) == 1
    post.submit_own(HOUSE, "info@acme.example", mail_to("info@acme.example"), key="<2@acme.example>")
    assert len(stored(place)) == 2


def test_what_was_taken_is_forgotten_after_a_month(post: PostOffice, place: EngineSettings) -> None:
    post.submit_own(HOUSE, "info@acme.example", mail_to("info@acme.example"), key=KEY)
    (taken,) = (place.mail / "own").iterdir()
    post.clean_spool()
    assert taken.exists()
    old = time.time() - REPEATED_SECONDS - 1
    os.utime(taken, (old, old))
    post.clean_spool()
    assert not taken.exists()


def test_redirections_are_followed_with_the_sender_rewritten(post: PostOffice, place: EngineSettings) -> None:
    post.submit_own("hello@provider.example", "out@acme.example", mail_to("out@acme.example"), key=KEY)
    queue = Queue(place.queue)
    envelope = queue.envelope(queue.ids()[0])
    assert envelope is not None
    assert [one.address for one in envelope.waiting] == ["lea@elsewhere.example"]
    assert envelope.sender.startswith("SRS0=")


@pytest.mark.parametrize(
    ("recipient", "code"), [("nobody@acme.example", "550 5.1.1"), ("not an address", "501 5.1.3")]
)
def test_who_is_not_there_is_refused_for_good(
    post: PostOffice, place: EngineSettings, recipient: str, code: str
) -> None:
    with pytest.raises(SendingRefused) as refused:
        post.submit_own(HOUSE, recipient, mail_to("x@acme.example"), key=KEY)
    assert refused.value.code == code
    assert not list((place.mail / "own").iterdir())
    assert not list(place.spool.iterdir())


def test_a_full_disk_loses_nothing_and_is_told(
    post: PostOffice, place: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(post.queue, "put", full)
        with pytest.raises(SendingRefused, match="452"):
            post.submit_own(HOUSE, "lea@elsewhere.example", mail_to("lea@elsewhere.example"), key=KEY)
    post.submit_own(HOUSE, "lea@elsewhere.example", mail_to("lea@elsewhere.example"), key=KEY)
    assert len(Queue(place.queue).ids()) == 1


# --- from the outbox to the wire --------------------------------------------------------------------------------


class Taking:
    """Another provider's server."""

    def __init__(self) -> None:
        self.received: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take the message."""
        self.received.append((envelope.mail_from, envelope.rcpt_tos, bytes(envelope.original_content)))
        return "250 2.0.0 taken"


def test_the_courier_takes_it_to_the_relay(key: DkimKey) -> None:
    other = Taking()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(other, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        relay = Relay("127.0.0.1", port, tls="none")
        state = dataclasses.replace(ACME, dkim=(key,))
        with running(state, outgoing=Outgoing.RELAY, relay=relay) as mail:
            mail.engine.submit_own(HOUSE, "lea@elsewhere.example", mail_to("lea@elsewhere.example"), key=KEY)
            mail.until(lambda: other.received)
            mail.until(lambda: not Queue(mail.settings.queue).ids())
    finally:
        controller.stop()
    ((sender, recipients, message),) = other.received
    assert (sender, recipients) == (HOUSE, ["lea@elsewhere.example"])
    assert is_signed(message, key)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[EngineSettings]:
    """An installation that sends by its own servers, and hosts acme.example."""
    changes = {"outbox": {"transport": "smtp"}, "smtp": {"enabled": True}, "operator": {"email": HOUSE}}
    with overriding(home=tmp_path, **changes):
        mail_engine().publish_domain(
            dataclasses.replace(ACME, mailboxes=(box("ana", 3), box("late", 4, receives=False)))
        )
        yield EngineSettings(home=tmp_path)


@pytest.mark.django_db
def test_a_mail_of_the_outbox_arrives(house: EngineSettings, acme: Organization) -> None:
    send_mail(
        to="ana@acme.example",
        template="billing/topped_up",
        language="de",
        context={
            "organization": "Acme",
            "amount": "CHF 20.00",
            "balance": "CHF 20.00",
            "link": "https://x.example/",
        },
    )
    run_jobs()
    mail = Mail.objects.get()
    assert (mail.state, mail.transport) == (MailState.SENT, "post")
    (message,) = stored(house, "ana~3")
    parsed = email.message_from_bytes(message)
    assert parsed["Message-ID"] == mail.message_id
    assert parsed["To"] == "ana@acme.example"


@pytest.mark.django_db
def test_the_outbox_is_told_what_will_never_and_what_may_yet_be_delivered(house: EngineSettings) -> None:
    with pytest.raises(Refused, match="no address nobody"):
        hand_over(mail_to("nobody@acme.example"), HOUSE, "nobody@acme.example", KEY)
    with pytest.raises(Busy, match="450"):
        hand_over(mail_to("late@acme.example"), HOUSE, "late@acme.example", KEY)
    hand_over(mail_to("ana@acme.example"), HOUSE, "ana@acme.example", KEY)
    assert len(stored(house, "ana~3")) == 1
