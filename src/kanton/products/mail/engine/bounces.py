"""The report to a sender whose message could not be delivered (RFC 3464)."""

from __future__ import annotations

import email.utils
import re
from email.message import EmailMessage, Message
from email.policy import SMTP
from pathlib import Path
from typing import Any

from kanton.products.mail.engine.headers import HeadersTooLong, header_block
from kanton.products.mail.engine.queue import Envelope, Waiting

_STATUS = re.compile(r"\b([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")


def bounce(envelope: Envelope, hopeless: list[Waiting], message: Path, *, hostname: str) -> bytes:
    """A multipart/report: what happened in plain words, the same for programs, and the lost message's headers."""
    report = EmailMessage(policy=SMTP)
    report["From"] = f"Mail delivery <postmaster@{hostname}>"
    report["To"] = envelope.sender
    report["Subject"] = "Your message could not be delivered"
    report["Date"] = email.utils.formatdate()
    report["Message-ID"] = email.utils.make_msgid(domain=hostname)
    report["Auto-Submitted"] = "auto-replied"
    lines = [
        "Your message could not be delivered to:",
        "",
        *(f"  {one.address}\n    {one.words}\n" for one in hopeless),
        "What you can do: check the address for a typing error, or reach the person in another way.",
        "If the other server says that the mailbox is full or the message too large, only the recipient",
        "or a smaller message can help.",
        "",
        "The headers of your message are attached.",
    ]
    report.set_content("\n".join(lines))
    report.make_mixed()
    report.replace_header("Content-Type", "multipart/report")
    report.set_param("report-type", "delivery-status")
    parts: Any = report
    parts.attach(_status_part(envelope, hopeless, hostname))
    try:
        block = header_block(message)
    except HeadersTooLong:
        block = b""
    original = Message()
    original["Content-Type"] = "text/rfc822-headers"
    original.set_payload(block[envelope.skip :].decode("ascii", "replace").replace("\r\n", "\n"))
    parts.attach(original)
    return report.as_bytes(policy=SMTP)


def _status_part(envelope: Envelope, hopeless: list[Waiting], hostname: str) -> Message:
    status = Message()
    status["Content-Type"] = "message/delivery-status"
    whole = Message()
    whole["Reporting-MTA"] = f"dns; {hostname}"
    whole["Arrival-Date"] = email.utils.formatdate(envelope.created_at)
    parts: list[Message | str] = [whole]
    for one in hopeless:
        part = Message()
        part["Final-Recipient"] = f"rfc822; {one.address}"
        part["Action"] = "failed"
        found = _STATUS.search(one.words)
        part["Status"] = found.group(1) if found and found.group(1).startswith("5") else "5.0.0"
        part["Diagnostic-Code"] = "smtp; " + one.words.replace("\r", " ").replace("\n", " ")
        parts.append(part)
    status.set_payload(parts)
    return status
