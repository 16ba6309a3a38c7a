"""The embedded engine: publishes files, and asks the running servers for the proof."""

from __future__ import annotations

import contextlib
import imaplib
import smtplib
import socket
from collections.abc import Iterator, Sequence

from kanton.products.mail.engine import published
from kanton.products.mail.engine.dovecot import (
    MASTER,
    MASTER_SEPARATOR,
    WEB_APP_ADDRESS,
    master_password,
)
from kanton.products.mail.engine.maildir import Maildirs
from kanton.products.mail.engine.port import DkimKey, DomainState, Proof, Submitted
from kanton.products.mail.engine.post import PostOffice
from kanton.products.mail.engine.settings import EngineSettings
from kanton.products.mail.engine.signing import new_key
from kanton.products.mail.limits import Allowance

PROBE_TIMEOUT = 10


class EmbeddedMailEngine:
    """`MailEngine` on the files below `$KANTON_HOME/mail`. `settings` must name the ports really in use."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.maildirs = Maildirs(settings.store)
        self._post: PostOffice | None = None

    @property
    def post(self) -> PostOffice:
        """The post office, made when first needed."""
        if self._post is None:
            self._post = PostOffice(self.settings)
        return self._post

    def publish_domain(self, state: DomainState) -> None:
        """Write the domain's files; mailboxes get their folders first, so that a login always finds one."""
        for box in state.mailboxes:
            self.maildirs.ensure(box.store)
        published.publish(self.settings.published, state)

    def withdraw_domain(self, domain: str) -> None:
        """Take the domain's files away."""
        published.withdraw(self.settings.published, domain)

    def discard_mailbox(self, store: str) -> None:
        """Move the mailbox's content aside."""
        self.maildirs.discard(store)

    def restore_mailbox(self, store: str) -> bool:
        """Bring it back."""
        return self.maildirs.restore(store)

    def purge_mailbox(self, store: str) -> None:
        """Delete it for good."""
        self.maildirs.purge(store)

    def probe_domain(self, domain: str) -> Proof:
        """RCPT TO postmaster of the domain."""
        return self._probe_recipient(f"postmaster@{domain}")

    def probe_mailbox(self, address: str) -> Proof:
        """RCPT TO the address, and open its INBOX over IMAP."""
        proof = self._probe_recipient(address)
        return self._probe_inbox(address) if proof else proof

    def _probe_recipient(self, address: str) -> Proof:
        settings = self.settings
        try:
            with smtplib.SMTP(
                reachable(settings.listen), settings.smtp_port, "localhost", timeout=PROBE_TIMEOUT
            ) as smtp:
                smtp.ehlo()
                smtp.mail("")
                code, words = smtp.rcpt(address)
        except (OSError, smtplib.SMTPException) as error:
            return Proof(False, f"The mail server does not answer ({error}).")
        return Proof(True) if code == 250 else Proof(False, words.decode("utf-8", "replace")[:200])

    def _probe_inbox(self, address: str) -> Proof:
        try:
            with open_mailbox(self.settings, address) as imap:
                status, _ = imap.select("INBOX", readonly=True)
        except (OSError, imaplib.IMAP4.error) as error:
            return Proof(False, f"The mailbox does not open yet ({error}).")
        return Proof(status == "OK", "" if status == "OK" else "The mailbox does not open yet.")

    def new_dkim_key(self, selector: str) -> DkimKey:
        """A fresh RSA key."""
        return new_key(selector)

    def submit(self, login: str, sender: str, recipients: Sequence[str], message: bytes) -> Submitted:
        """Send a finished message; see `PostOffice.submit_bytes`."""
        return self.post.submit_bytes(login, sender, recipients, message)

    def submit_own(self, sender: str, recipient: str, message: bytes, *, key: str) -> None:
        """Send a mail of the house; see `PostOffice.submit_own`."""
        self.post.submit_own(sender, recipient, message, key=key)

    def allowance(self, address: str, limit: int) -> Allowance:
        """Used and left of the 24-hour limit."""
        return self.post.counter.allowance(address.lower(), limit=limit)

    def storage_bytes(self, store: str) -> int:
        """The mailbox's size."""
        return self.maildirs.storage_bytes(store)


def reachable(listen: str) -> str:
    """The address under which this machine reaches a server that listens there."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(listen, listen)  # noqa: S104


class _FromOwnAddress(imaplib.IMAP4):
    """Comes from a loopback address of its own: Dovecot slows down whole addresses after wrong passwords, and those of
    a proxy or a program on this machine must not slow down the web app."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        if self.host.startswith("127."):
            with contextlib.suppress(OSError):
                return socket.create_connection(
                    (self.host, self.port), timeout, source_address=(WEB_APP_ADDRESS, 0)
                )
        return socket.create_connection((self.host, self.port), timeout)


@contextlib.contextmanager
def open_mailbox(settings: EngineSettings, login: str) -> Iterator[imaplib.IMAP4]:
    """An IMAP connection to a mailbox as its own user, from this machine; for probes and the web app."""
    imap = _FromOwnAddress(reachable(settings.imap_listen), settings.imap_port, timeout=PROBE_TIMEOUT)
    # Half of what we say is short, and would wait 40 ms for the answer to what came before.
    imap.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        imap.login(f"{login}{MASTER_SEPARATOR}{MASTER}", master_password(settings))
        yield imap
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            imap.logout()
