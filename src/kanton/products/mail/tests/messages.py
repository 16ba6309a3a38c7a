"""Real messages of every ugliness, as they are found in the wild. Lines end with CR LF, which SMTP demands."""

from __future__ import annotations

import base64
import random

HEAD = b"From: Lea <lea@elsewhere.example>\r\nTo: info@acme.example\r\nMessage-ID: <%s@elsewhere.example>\r\n"


def _message(name: str, rest: bytes) -> bytes:
    return HEAD % name.encode() + rest


def _wrapped(content: bytes) -> bytes:
    text = base64.b64encode(content)
    return b"\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + b"\r\n"


def _nested(depth: int) -> bytes:
    inner = b"Content-Type: text/plain\r\n\r\ndeep\r\n"
    for level in range(depth):
        mark = f"level{level}".encode()
        inner = (
            b"Content-Type: multipart/mixed; boundary=" + mark + b"\r\n\r\n--" + mark + b"\r\n" + inner + b"--" + mark
            + b"--\r\n"
        )  # fmt: skip
    return inner


def large(size: int) -> bytes:
    """A message with one attachment, about this large on the wire."""
    content = random.Random(1).randbytes(size * 3 // 4 * 76 // 78)
    return _message(
        "large",
        b"Subject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=big\r\n\r\n"
        b"--big\r\nContent-Type: text/plain\r\n\r\nsee attachment\r\n--big\r\n"
        b'Content-Type: application/octet-stream; name="film.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + _wrapped(content)
        + b"--big--\r\n",
    )


UGLY: dict[str, bytes] = {
    "plain": _message("plain", b"Subject: Hi\r\n\r\nHello\r\n"),
    "no body": _message("nobody", b"Subject: nothing\r\n\r\n"),
    "no headers": b"\r\njust words\r\n",
    "eight bits without a charset": _message("eight", b"Subject: Gr\xfc\xdfe\r\n\r\n\xe4\xf6\xfc \xff\xfe\r\n"),
    "utf-8 headers": _message("utf8", "Subject: Grüße 🙂\r\n\r\nä\r\n".encode()),
    "odd charsets": _message(
        "odd",
        b"Subject: =?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?= =?x-nowhere?Q?=E9?=\r\n"
        b"Content-Type: text/plain; charset=koi8-r\r\n\r\n\xf0\xd2\xc9\xd7\xc5\xd4\r\n",
    ),
    "broken base64 in the subject": _message("base64", b"Subject: =?utf-8?b?A?= and on\r\n\r\nHello\r\n"),
    "lines of dots": _message("dots", b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.x\r\n. \r\n"),
    "long lines": _message("long", b"Subject: " + b"y" * 5000 + b"\r\n\r\n" + b"x" * 100_000 + b"\r\n"),
    "attachments": _message(
        "attach",
        b"Subject: files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b'<p onclick=3D"x()">Hi <img src=3D"http://tracker.example/1.gif"></p>\r\n'
        b"--b\r\nContent-Type: application/pdf; name*=utf-8''%C3%BCber.pdf\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment\r\n\r\n" + _wrapped(b"%PDF-1.7 " * 500) + b"--b--\r\n",
    ),
    "nested twenty deep": _message("nested", b"Subject: deep\r\nMIME-Version: 1.0\r\n" + _nested(20)),
    "a message in a message": _message(
        "inner",
        b"Subject: Fwd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"
        b"Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nSubject: inner\r\n\r\ninside\r\n--m--\r\n",
    ),
    "unclosed boundary": _message(
        "unclosed", b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\nhalf"
        b"\r\n--q\r\n",
    ),
    "broken base64": _message(
        "base64", b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8*!\r\n=\r\n"
    ),
    "the same field twice": _message("twice", b"Subject: one\r\nSubject: two\r\nFrom: other@x.example\r\n\r\nx\r\n"),
    "folded and empty fields": _message("folded", b"Subject:\r\n  folded\r\n\tmore\r\nX-Empty:\r\n\r\nx\r\n"),
    "no line end at the end": _message("noend", b"Subject: x\r\n\r\nlast line without end\r\n\r\n\r\n"),
    "from line": _message("from", b"Subject: x\r\n\r\nFrom here on it looks like an mbox\r\n>From too\r\n"),
}  # fmt: skip
