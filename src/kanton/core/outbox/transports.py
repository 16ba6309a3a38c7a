"""Where mails go: a folder that staff can read, our own mail server, or the provider's relay."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Protocol

import idna

from kanton.config import config
from kanton.core.outbox.models import Mail


class Refused(Exception):
    """The other side will never take this mail; the words say why."""


class Busy(Exception):
    """The other side does not take it now; the words say why."""


class Transport(Protocol):
    """Takes a mail for good, or raises Refused or Busy; may be asked twice for the same Message-ID."""

    name: str

    def deliver(self, mail: Mail) -> None:
        """Deliver it."""


class FolderTransport:
    """A Maildir in $KANTON_HOME/outbox. The name of the file is the mail's own, so that a repeat changes nothing."""

    name = "folder"

    def deliver(self, mail: Mail) -> None:
        """Write the mail, on the disk before it counts as delivered."""
        box = config.folder("outbox")
        for part in ("tmp", "new", "cur"):
            config.folder("outbox", part)
        file_name = f"{int(mail.created_at.timestamp())}.M{mail.pk}.kanton"
        if (box / "new" / file_name).exists() or any((box / "cur").glob(f"{file_name}:*")):
            return
        draft = box / "tmp" / file_name
        try:
            with draft.open("wb") as file:
                file.write(as_message(mail).as_bytes(policy=SMTP.clone(linesep="\n")))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(box / "new" / file_name)
            folder = os.open(box / "new", os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise Busy(f"{box} cannot be written: {error.strerror}") from error


class SmtpTransport:
    """Another server: the provider's relay."""

    name = "relay"

    def deliver(self, mail: Mail) -> None:
        """Hand it over."""
        settings = config.smtp
        sender = config.operator.email
        context = ssl.create_default_context()
        try:
            if settings.relay_tls == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    settings.relay_host, settings.relay_port, timeout=30, context=context
                )
            else:
                server = smtplib.SMTP(settings.relay_host, settings.relay_port, timeout=30)
            with server:
                server.ehlo_or_helo_if_needed()
                if settings.relay_tls == "starttls":
                    server.starttls(context=context)
                if settings.relay_user:
                    server.login(settings.relay_user, settings.relay_password)
                server.sendmail(sender, [ascii_address(mail.to)], as_message(mail).as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise _by_code(code, words) from error
        except smtplib.SMTPAuthenticationError as error:
            # Our trouble, not the reader's: keep trying until the provider has mended the password.
            raise Busy(f"The relay does not accept our login: {_words(error.smtp_error)}") from error
        except smtplib.SMTPResponseException as error:
            raise _by_code(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Busy(f"{settings.relay_host}:{settings.relay_port}: {error}") from error


def _by_code(code: int, words: bytes | str) -> Exception:
    said = f"{code} {_words(words)}"
    return Refused(said) if 500 <= code < 600 else Busy(said)


def _words(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


# The mail room's way out of this machine: message, sender, recipient, and a key that stays the same on a repeat.
Post = Callable[[bytes, str, str, str], None]
_post: list[Post] = []


def set_post(post: Post) -> None:
    """Called once by the room that runs mail servers; it delivers or queues, or raises Refused or Busy."""
    _post[:] = [post]


class PostTransport:
    """Our own mail servers."""

    name = "post"

    def deliver(self, mail: Mail) -> None:
        """Put the mail into their queue."""
        _post[0](as_message(mail).as_bytes(), config.operator.email, ascii_address(mail.to), mail.message_id)


class NoWayOut:
    """Nothing is configured that could take a mail."""

    name = "none"

    def deliver(self, mail: Mail) -> None:
        """Say what is missing."""
        raise Busy(
            "No mail server of ours runs and no relay is set. Set smtp.outgoing and smtp.relay_host in kanton.toml, "
            "or outbox.transport to folder."
        )


def transport_called(name: str) -> Transport:
    """The transport of this name in the settings."""
    if name == "folder":
        return FolderTransport()
    if _post and config.smtp.enabled:
        return PostTransport()
    return SmtpTransport() if config.smtp.outgoing == "relay" else NoWayOut()


def ascii_address(address: str) -> str:
    """The address with its domain as the wire knows it; the part before the @ stays as it is."""
    local, _at, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        raise Refused(f"{domain} is not the name of a domain") from error


def as_message(mail: Mail) -> EmailMessage:
    """The mail as it travels: text and HTML, the same bytes on every try."""
    message = EmailMessage(policy=SMTP)
    # Never another address: only for ours do SPF and DKIM speak. The provider stays in the name as well.
    name = f"{mail.sender} · {config.operator.name}" if mail.sender else config.operator.name
    message["From"] = Address(name, addr_spec=config.operator.email)
    message["To"] = ascii_address(mail.to)
    message["Subject"] = mail.subject
    message["Message-ID"] = mail.message_id
    message["Date"] = format_datetime(mail.created_at)
    if mail.reply_to:
        message["Reply-To"] = mail.reply_to
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text, cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for file in mail.attachments.order_by("pk"):
        kind, _slash, subtype = file.content_type.partition("/")
        message.add_attachment(bytes(file.content), maintype=kind, subtype=subtype, filename=file.name)
    message["Content-Language"] = (
        mail.language
    )  # last, because building the parts would move it into one of them
    _fix_boundaries(message, mail)
    return message


def _fix_boundaries(message: EmailMessage, mail: Mail) -> None:
    """Boundaries that follow from the mail and not from chance."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_kanton_{mail.pk}_{number}_=")
