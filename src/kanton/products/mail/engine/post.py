"""The post office: what happens to a message on the disk. Reception, submission and web app share it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import make_msgid
from pathlib import Path

from kanton.products.mail.addresses import Address, BadAddress, parse_address
from kanton.products.mail.engine import headers
from kanton.products.mail.engine.counter import SendCounter
from kanton.products.mail.engine.files import make_private, secret_of, write_atomically
from kanton.products.mail.engine.journal import Entry, Journal, Result, Way
from kanton.products.mail.engine.maildir import Maildirs
from kanton.products.mail.engine.port import MailboxState, SendingRefused, Submitted
from kanton.products.mail.engine.published import (
    Directory,
    GoesInCircles,
    NoSuchAddress,
    NotNow,
    NotOurs,
    Route,
)
from kanton.products.mail.engine.queue import Queue
from kanton.products.mail.engine.rewriting import LONG_LOCAL_MAX, original_sender, rewrite
from kanton.products.mail.engine.settings import EngineSettings
from kanton.products.mail.engine.signing import signature
from kanton.products.mail.limits import Allowance

ABANDONED_SECONDS = 3600
REPEATED_SECONDS = 30 * 86400
"""How long a mail of the house may be handed over again without being sent again."""


@dataclass(frozen=True, slots=True)
class Content:
    """A message in the spool: `skip` bytes of Return-Path, then what travels."""

    path: Path
    skip: int
    size: int


def refusal_of(error: OSError) -> SendingRefused:
    """What to answer when the disk says no: temporary, so nothing is lost."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SendingRefused(
            "452 4.3.1", "The server's storage is full at the moment. Please try again later."
        )
    return SendingRefused(
        "451 4.3.0", "The server cannot store the message at the moment. Please try again later."
    )


class PostOffice:
    """Routes, delivers, queues, counts and journals. Every method is synchronous and safe to call from threads."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.directory = Directory(settings.published)
        self.maildirs = Maildirs(settings.store)
        self.queue = Queue(settings.queue)
        self.journal = Journal(settings.journal)
        self.counter = SendCounter(settings.mail / "counter.sqlite3")
        self.spool = make_private(settings.spool)
        self._srs_key = secret_of(settings.secrets, "rewriting")

    # Reception

    def route(self, recipient: Address) -> Route:
        """Where an address of ours leads, bounces to rewritten senders included. Raises SendingRefused."""
        if recipient.local.lower().startswith("srs0="):
            original = original_sender(recipient, key=self._srs_key)
            if original is not None and self.directory.domain(recipient.domain) is not None:
                return Route((), ((original, ""),))
        try:
            return self.directory.route(recipient)
        except NotOurs:
            raise SendingRefused("550 5.7.1", "We do not relay mail for this domain.") from None
        except NoSuchAddress:
            raise SendingRefused("550 5.1.1", f"There is no address {recipient.shown} here.") from None
        except GoesInCircles:
            raise SendingRefused(
                "550 5.4.6", "The redirections of this address lead back to themselves."
            ) from None
        except NotNow:
            raise SendingRefused("450 4.2.1", "This mailbox does not take mail at the moment.") from None

    def new_name(self) -> str:
        """A fresh name in the spool, which is also the message's id in the journal and the Received field."""
        return f"{time.time_ns():x}{secrets.token_hex(3)}"

    def receive(self, content: Content, *, sender: str, recipients: Sequence[Address]) -> None:
        """Deliver a received message to all its recipients. When this returns it is safe to answer 250."""
        block = headers.header_block(content.path)
        if headers.hops(block) > headers.RECEIVED_MAX:
            raise SendingRefused(
                "554 5.4.6", "The message has passed too many servers; it seems to go in circles."
            )
        boxes: dict[str, tuple[str, MailboxState]] = {}
        forwards: dict[str, str] = {}
        for recipient in recipients:
            route = self.route(recipient)
            boxes |= {box.store: (address, box) for address, box in route.mailboxes}
            for target, via in route.forwards:
                forwards.setdefault(target, via)
        self._forward(content, sender, forwards)
        self._deliver(content, sender, boxes)

    def _deliver(self, content: Content, sender: str, boxes: dict[str, tuple[str, MailboxState]]) -> None:
        for address, box in boxes.values():
            self.maildirs.deliver(box.store, content.path)
            self.journal.note(
                Entry(
                    Way.IN,
                    sender,
                    address,
                    address,
                    content.size,
                    Result.DELIVERED,
                    message=content.path.stem,
                )
            )

    def _forward(self, content: Content, sender: str, forwards: dict[str, str]) -> None:
        by_forwarder: dict[str, list[str]] = {}
        for target, via in forwards.items():
            by_forwarder.setdefault(via, []).append(target)
        for via, targets in by_forwarder.items():
            # A bounce that returns through a rewritten address goes on as a bounce.
            domain = via.rpartition("@")[2]
            new_sender = rewrite(sender, domain=domain, key=self._srs_key) if via and sender else ""
            self.queue.put(content.path, sender=new_sender, recipients=targets, local=via, skip=content.skip)
            for target in targets:
                self.journal.note(
                    Entry(
                        Way.IN,
                        sender,
                        target,
                        via,
                        content.size,
                        Result.REDIRECTED,
                        message=content.path.stem,
                    )
                )

    # Submission

    def check_sender(self, login: str, sender: str) -> None:
        """A mailbox sends as itself or its aliases only; "" is allowed for receipts."""
        found = self.directory.mailbox(login)
        if found is None or not found[1].sends:
            raise SendingRefused("550 5.7.1", "This mailbox may not send at the moment.")
        if found[0].maintenance:
            raise SendingRefused("450 4.3.2", found[0].maintenance)
        if sender and not self.directory.owns(login, sender):
            raise SendingRefused(
                "553 5.7.1", f"{login} may not send as {sender}. Use your own address or one of its aliases."
            )

    def reserve(self, login: str, recipients: int) -> int | None:
        """Count the recipients against the 24-hour limit, all or none (MAIL-43)."""
        found = self.directory.mailbox(login)
        limit = found[1].sending_limit if found else 0
        allowed, reservation = self.counter.reserve(login.lower(), limit=limit, recipients=recipients)
        if not allowed.allowed:
            raise SendingRefused("450 4.7.1", _limit_words(allowed, recipients), allowance=allowed)
        return reservation

    def submit(
        self, login: str, *, sender: str, recipients: Sequence[Address], raw: Path, protocol: str
    ) -> Submitted:
        """Complete, sign, deliver and queue a message that passed `check_sender` and `reserve`."""
        name = raw.name.removesuffix(".part")
        block = headers.header_block(raw)
        senders = headers.from_addresses(block)
        if not senders:
            raise SendingRefused("554 5.6.0", "The message has no valid From field.")
        if len(headers.fields(block, "From")) > 1:
            raise SendingRefused("554 5.6.0", "The message has more than one From field.")
        for one in senders:
            if not self.directory.owns(login, one):
                raise SendingRefused(
                    "553 5.7.1", f"{login} may not send as {one}. Use your own address in From."
                )
        content, message_id = self._complete(raw, name, block, sender, senders[0], protocol)
        try:
            boxes, elsewhere, refused = self._sort(recipients)
            if refused:
                # RCPT said yes; the address vanished since. Refusing the whole message keeps "all or none".
                raise SendingRefused("550 5.1.1", "There is no address " + ", ".join(refused) + " here.")
            if elsewhere:
                needs_utf8 = not all(one.isascii() for one in (sender, *elsewhere))
                self.queue.put(
                    content.path,
                    sender=sender,
                    recipients=list(elsewhere),
                    local=login,
                    skip=content.skip,
                    needs_utf8=needs_utf8,
                )
            for target, via in elsewhere.items():
                if not via:
                    self.journal.note(
                        Entry(Way.OUT, sender, target, login, content.size, Result.QUEUED, message=name)
                    )
            for address, _box in boxes.values():
                self.journal.note(
                    Entry(Way.OUT, sender, address, login, content.size, Result.SENT, message=name)
                )
            self._deliver(content, sender, boxes)
        finally:
            content.path.unlink(missing_ok=True)
        return Submitted(name, message_id)

    def _sort(
        self, recipients: Sequence[Address]
    ) -> tuple[dict[str, tuple[str, MailboxState]], dict[str, str], list[str]]:
        boxes: dict[str, tuple[str, MailboxState]] = {}
        elsewhere: dict[str, str] = {}
        refused: list[str] = []
        for recipient in recipients:
            if self.directory.domain(recipient.domain) is None:
                elsewhere[str(recipient)] = ""
                continue
            try:
                route = self.route(recipient)
            except SendingRefused:
                refused.append(recipient.shown)
                continue
            boxes |= {box.store: (address, box) for address, box in route.mailboxes}
            for target, via in route.forwards:
                elsewhere.setdefault(target, via)
        return boxes, elsewhere, refused

    def _complete(
        self, raw: Path, name: str, block: bytes, sender: str, author: str, protocol: str
    ) -> tuple[Content, str]:
        """A new spool file: Return-Path, Received, signature, completed headers, body. Bcc does not travel."""
        author_domain = parse_address(author).domain
        new_block = headers.without(block, "Bcc", "Return-Path", "DKIM-Signature")
        if new_block and not new_block.endswith(b"\r\n"):
            new_block += b"\r\n"
        message_ids = headers.fields(new_block, "Message-ID")
        message_id = (
            message_ids[0].decode("utf-8", "replace") if message_ids else make_msgid(domain=author_domain)
        )
        if not message_ids:
            new_block += f"Message-ID: {message_id}\r\n".encode()
        if not headers.fields(new_block, "Date"):
            new_block += f"Date: {headers.date_now()}\r\n".encode()
        return_path = f"Return-Path: <{sender}>\r\n".encode()
        trace = headers.received(by=self.settings.hostname, protocol=protocol, queue_id=name)
        path = self.spool / f"{name}.eml"
        with raw.open("rb") as source, path.open("wb") as target:
            path.chmod(0o600)
            source.seek(len(block))
            body_start = source.read(2)
            glue = b"" if body_start == b"\r\n" else b"\r\n"
            signed = self._signed(author_domain, new_block + glue + body_start + source.read())
            target.write(return_path + trace + signed + new_block + glue + body_start)
            source.seek(len(block) + len(body_start))
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        size = path.stat().st_size - len(return_path)
        return Content(path, len(return_path), size), message_id

    def _signed(self, domain: str, message: bytes) -> bytes:
        known = self.directory.domain(domain)
        if known is None:
            return b""
        keys = known.state.dkim or (
            main.state.dkim if (main := self.directory.main_domain(domain)) is not None else ()
        )
        return signature(message, domain=known.state.domain, key=keys[0]) if keys else b""

    def submit_bytes(self, login: str, sender: str, recipients: Sequence[str], message: bytes) -> Submitted:
        """Submission without SMTP, for the web app: the same rules and the same counter."""
        if len(message) > self.settings.message_bytes_max:
            raise SendingRefused(
                "552 5.3.4",
                f"The message is larger than the limit of {self.settings.message_bytes_max} bytes.",
            )
        addresses: dict[str, Address] = {}
        for text in recipients:
            try:
                one = parse_address(text, local_max=LONG_LOCAL_MAX)
            except BadAddress:
                raise SendingRefused("501 5.1.3", f"{text} is not a valid address.") from None
            if self.directory.domain(one.domain) is not None:
                self.route(one)
            addresses[str(one)] = one
        if not addresses:
            raise SendingRefused("554 5.5.1", "The message has no recipient.")
        if len(addresses) > self.settings.recipients_max:
            raise SendingRefused(
                "452 4.5.3", f"A message can have at most {self.settings.recipients_max} recipients."
            )
        self.check_sender(login, sender)
        reservation = self.reserve(login, len(addresses))
        raw = self.spool / f"{self.new_name()}.part"
        try:
            raw.write_bytes(message)
            raw.chmod(0o600)
            done = self.submit(
                login, sender=sender, recipients=list(addresses.values()), raw=raw, protocol="HTTPS"
            )
        except OSError as error:
            self.counter.cancel(reservation)
            raise refusal_of(error) from error
        except SendingRefused:
            self.counter.cancel(reservation)
            raise
        finally:
            raw.unlink(missing_ok=True)
        return done

    # The house's own mails

    def submit_own(self, sender: str, recipient: str, message: bytes, *, key: str) -> None:
        """Send a mail that Kanton itself writes: no login, no limit. The same `key` again sends nothing more."""
        taken = make_private(self.settings.mail / "own") / hashlib.sha256(key.encode()).hexdigest()
        if taken.exists():
            return
        try:
            target = parse_address(recipient, local_max=LONG_LOCAL_MAX)
        except BadAddress:
            raise SendingRefused("501 5.1.3", f"{recipient} is not a valid address.") from None
        name = self.new_name()
        raw = self.spool / f"{name}.part"
        try:
            raw.write_bytes(message)
            raw.chmod(0o600)
            block = headers.header_block(raw)
            authors = headers.from_addresses(block)
            if not authors:
                raise SendingRefused("554 5.6.0", "The message has no valid From field.")
            content, _message_id = self._complete(raw, name, block, sender, authors[0], "local")
            try:
                self._pass_on(content, sender, target)
            finally:
                content.path.unlink(missing_ok=True)
            # A crash before this line sends the mail again, with the same Message-ID; one after it does not.
            write_atomically(taken, b"")
        except OSError as error:
            raise refusal_of(error) from error
        finally:
            raw.unlink(missing_ok=True)

    def _pass_on(self, content: Content, sender: str, target: Address) -> None:
        if self.directory.domain(target.domain) is not None:
            self.receive(content, sender=sender, recipients=[target])
            return
        self.queue.put(
            content.path,
            sender=sender,
            recipients=[str(target)],
            local="",
            skip=content.skip,
            needs_utf8=not (sender.isascii() and str(target).isascii()),
        )

    def clean_spool(self) -> None:
        """Remove what a crash left behind; nothing of it was acknowledged. Young files may be another process's."""
        _remove_older(self.spool, ABANDONED_SECONDS)
        _remove_older(make_private(self.settings.mail / "own"), REPEATED_SECONDS)


def _remove_older(folder: Path, seconds: float) -> None:
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > seconds:
                path.unlink()


def _limit_words(found: Allowance, wanted: int) -> str:
    if found.possible_at is None:
        when = "A message to that many recipients is never possible with this limit."
    else:
        when = time.strftime(
            "Sending is possible again at %Y-%m-%d %H:%M UTC.", time.gmtime(found.possible_at + 60)
        )
    return (
        f"Sending limit: {found.limit} recipients in 24 hours, {found.used} used, this message has {wanted}. {when}"
        " For mail to many people use Newsletter."
    )
