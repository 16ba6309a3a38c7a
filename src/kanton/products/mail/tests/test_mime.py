"""Messages from anywhere become harmless views; our own travel well."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanton.core.errors import NotFound
from kanton.products.mail import mime
from kanton.products.mail.mime import Draft, Enclosure, Person, ReplyKind
from kanton.products.mail.tests.messages import UGLY, large
from kanton.testing import at_most

HTML = b"From: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
DANGEROUS = re.compile(
    r"<script|<iframe|<object|<embed|<form|<style|<link|<meta|<base|\son\w+\s*=|javascript:|vbscript:", re.I
)


@pytest.mark.parametrize("name", UGLY)
def test_every_ugly_message_becomes_a_view(name: str) -> None:
    view = mime.read(UGLY[name])
    assert isinstance(view.text, str) and not DANGEROUS.search(view.html)
    for one in view.attachments:
        assert len(mime.attachment(UGLY[name], one.number).content) == one.size


def test_charsets_headers_and_files_are_read_as_their_author_meant_them() -> None:
    odd = mime.read(UGLY["odd charsets"])
    assert odd.text.strip() == "Привет" and odd.subject.startswith("こんにちは")
    assert mime.read(UGLY["utf-8 headers"]).subject == "Grüße 🙂"
    assert mime.read(UGLY["eight bits without a charset"]).text.strip() == "äöü ÿþ"
    files = mime.read(UGLY["attachments"])
    [pdf] = files.files
    assert (pdf.filename, pdf.content_type, pdf.size) == ("über.pdf", "application/pdf", 4500)
    inner = mime.read(UGLY["a message in a message"])
    assert [one.content_type for one in inner.attachments] == ["message/rfc822"]
    assert b"inside" in mime.attachment(UGLY["a message in a message"], inner.attachments[0].number).content
    assert mime.read(UGLY["nested twenty deep"]).text.strip() == "deep"
    with pytest.raises(NotFound):
        mime.attachment(UGLY["plain"], 99)


@pytest.mark.spec("MAIL-91")
@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
        "<a href='&#106;avascript:alert(1)'>x</a>", "<form action=http://x><input></form>", "<iframe src=http://x>",
        "<svg onload=alert(1)>", "<style>body{background:url(http://x)}</style>", "<base href=http://x>",
        "<meta http-equiv=refresh content='0;url=http://x'>", "<link rel=stylesheet href=http://x>",
        "<p style='background:url(http://x/1.gif)'>x</p>", "<p style='background:u\\72l(http://x)'>x</p>",
        "<td background=http://x/1.gif>x</td>", "<img srcset='http://x/1.gif 1x'>", "<video poster=http://x src=http://x>",
        "<img src='//tracker.example/1.gif'>", "<img src=' http://tracker.example/1.gif'>", "<object data=http://x>",
        "<math><mtext><img src=x onerror=alert(1)></mtext></math>", "<!--[if IE]><script>x</script><![endif]-->",
        "<img src='data:image/svg+xml;base64,PHN2Zz4='>", "<a href='data:text/html,<script>x</script>'>x</a>",
        "<p style=\"width:expression(alert(1))\">x</p>", "<noscript><img src=http://x></noscript>",
    ],
)  # fmt: skip
def test_html_loads_and_runs_nothing_until_the_reader_allows_pictures(attack: str) -> None:
    view = mime.read(HTML + attack.encode())
    assert not DANGEROUS.search(view.html)
    assert not re.search(
        r"(?:src|background|poster|srcset|data)\s*=\s*[\"']?\s*(?:https?:)?//", view.html, re.I
    )
    assert "url(" not in view.html
    allowed = mime.read(HTML + attack.encode(), remote_images=True)
    assert not DANGEROUS.search(allowed.html) and "url(" not in allowed.html


@pytest.mark.spec("MAIL-91")
def test_remote_pictures_are_counted_and_shown_when_allowed() -> None:
    body = (
        HTML
        + b'<p>Hi <img src="http://a.example/1.gif"><img src="https://a.example/2.gif"><a href="https://x.example">x</a></p>'
    )
    blocked, shown = mime.read(body), mime.read(body, remote_images=True)
    assert blocked.remote_images == shown.remote_images == 2
    assert "a.example" not in blocked.html and shown.html.count("a.example") == 2
    assert 'href="https://x.example"' in blocked.html and "noopener" in blocked.html
    assert blocked.text == "Hi x"


def test_inline_pictures_are_shown_in_their_place_and_not_listed() -> None:
    raw = (
        b"From: a@b.example\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n"
        b"<img src='cid:Pic@1'>\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <pic@1>\r\n\r\nPNG\r\n--b--\r\n"
    )
    view = mime.read(raw, attachment_url=lambda number: f"/files/{number}?a=1&b=2")
    assert '<img src="/files/1?a=1&amp;b=2"' in view.html and view.files == () and len(view.attachments) == 1


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=4000))
def test_any_bytes_become_a_view_in_bounded_time(raw: bytes) -> None:
    with at_most(processor_seconds=2):
        view = mime.read(raw)
    assert not DANGEROUS.search(view.html)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Something near a message: headers that matter with broken values, boundaries, encodings."""
    parts = [
        b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: text/html; charset=", b"--b\r\n",
        b"--b--\r\n",
        b"Content-Transfer-Encoding: base64\r\n", b"Content-Disposition: attachment; filename*0*=", b"=?utf-8?B?",
        b"Content-Type: message/rfc822\r\n", b"\r\n\r\n", b"\r\n", b"<img src=", b"cid:", b"Subject: ", b"From: ",
        b"Content-Transfer-Encoding: quoted-printable\r\n", b"=", b"charset=utf-7", b"name*=''%", b"begin 644 x\r\n",
        b"Content-Transfer-Encoding: x-uuencode\r\n", b"Date: ", b"\xff\xfe", b"unicode_escape\r\n", b"Content-ID: <",
    ]  # fmt: skip
    return b"".join(draw(st.lists(st.one_of(st.sampled_from(parts), st.binary(max_size=12)), max_size=40)))


@settings(max_examples=200, deadline=None)
@given(messages())
def test_near_messages_become_views(raw: bytes) -> None:
    view = mime.read(raw, remote_images=True, attachment_url=str)
    assert not DANGEROUS.search(view.html)
    for one in view.attachments:
        assert "/" not in one.filename and "\n" not in one.filename
        mime.attachment(raw, one.number)
    if view.senders:
        draft = mime.reply(
            view,
            ReplyKind.REPLY_ALL,
            sender=Person("", "me@x.example"),
            own=["me@x.example"],
            attribution="x",
        )
        assert "\r\n" not in draft.subject and mime.compose(draft)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000)),
        b"Subject: " + b"=?utf-8?Q?a?= " * 20_000 + b"\r\n\r\n",
        b"From: " + b"<a@b>, " * 50_000 + b"\r\n\r\n",
        b"From: " + b"(" * 30_000 + b"\r\n\r\n",
        HTML + b"<div>" * 100_000,
        HTML + b"<p style='" + b"color:red;" * 50_000 + b"'>x</p>",
        HTML + b"&" * 1_000_000,
        b"X: y\r\n" * 50_000 + b"\r\n",
    ],
)  # fmt: skip
def test_attacks_on_time_and_memory_end_in_bounded_time(raw: bytes) -> None:
    with at_most(processor_seconds=4):
        view = mime.read(raw)
    assert len(view.attachments) <= mime.PARTS_MAX


def test_a_large_message_is_read_in_reasonable_time() -> None:
    raw = large(30_000_000)
    with at_most(processor_seconds=10):
        [film] = mime.read(raw).attachments
    assert film.filename == "film.bin"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"), ("C:\\Users\\x\\a.doc", "a.doc"), ("a\u202egpj.exe", "agpj.exe"),
        ("a\0b\nc", "ab_c"),
        (".htaccess", "htaccess"), ("x" * 300 + ".pdf", "x" * 146 + ".pdf"), ("..", ""), ('a"b<c>', "a_b_c_"),
    ],
)  # fmt: skip
def test_file_names_are_made_safe(name: str, expected: str) -> None:
    assert mime.safe_filename(name) == expected


# Writing


def test_a_composed_message_comes_back_as_it_was_written() -> None:
    draft = Draft(
        Person("Ana Ä.", "ana@acme.example"), to=(Person("", "b@b.example"),), cc=(Person("Bé, C.", "c@c.example"),),
        bcc=(Person("", "secret@z.example"),), subject="Grüße\r\nX-Evil: 1", text="Hallo\n\nä\n" * 3,
        enclosures=(Enclosure("für.pdf", "application/pdf", b"%PDF" * 100), Enclosure("../x", "bad type", b"\0\1")),
        in_reply_to="<" + "x" * 150 + "@y.example>", references=tuple(f"<{n}@y.example>" for n in range(20)),
    )  # fmt: skip
    raw = mime.compose(draft, with_bcc=True)
    assert raw.count(b"\n") == raw.count(b"\r\n") and b"\r\nX-Evil" not in raw
    view = mime.read(raw)
    assert (view.subject, view.text) == ("Grüße X-Evil: 1", draft.text)
    assert (view.senders, view.to, view.cc, view.bcc) == ((draft.sender,), draft.to, draft.cc, draft.bcc)
    assert view.references == (*draft.references, draft.in_reply_to)
    assert [(one.filename, one.content_type) for one in view.attachments] == [
        ("für.pdf", "application/pdf"), ("x", "application/octet-stream"),
    ]  # fmt: skip
    assert mime.attachment(raw, view.attachments[0].number).content == b"%PDF" * 100
    travelling = mime.without_bcc(raw)
    assert b"secret@" not in travelling and mime.read(travelling).text == draft.text
    assert draft.recipients == ("b@b.example", "c@c.example", "secret@z.example")


@pytest.mark.parametrize("text", ["=?utf-8?b?A?= and on", "=?utf-8?b?AAAAA?="])
def test_headers_with_broken_words_are_shown_as_they_are(text: str) -> None:
    assert mime.decoded_header(text) == text
    assert mime.read(f"Subject: {text}\r\nFrom: {text} <a@b.ch>\r\n\r\n".encode()).subject == text


def test_what_a_form_brings_along_as_ids_begins_no_other_field() -> None:
    draft = mime.Draft(
        mime.Person("", "a@b.ch"),
        to=(mime.Person("", "c@d.ch"),),
        in_reply_to="<one@x>\r\nSender: evil@x.example\r\n\r\nbody",
        references=("<one@x>", "x\r\nX-Evil: 1", "<two@x>"),
    )
    head = mime.compose(draft).partition(b"\r\n\r\n")[0]
    assert b"\r\nIn-Reply-To: <one@x>\r\nReferences: <one@x>\r\n <two@x>\r\n" in head
    assert b"evil" not in head.lower()


def test_replies_go_to_the_right_people_and_quote() -> None:
    raw = (
        b"From: Lea <lea@x.example>\r\nTo: me@acme.example, Max <max@y.example>\r\n"
        b"Cc: me@acme.example, kim@z.example\r\n"
        b"Message-ID: <2@x>\r\nReferences: <1@x>\r\nSubject: Aw: Plan\r\n\r\nOne\r\n> old\r\n"
    )
    view = mime.read(raw)
    me = Person("Me", "me@acme.example")
    own = [me.address, "alias@acme.example"]
    one = mime.reply(view, ReplyKind.REPLY, sender=me, own=own, attribution="Lea wrote:")
    assert (one.recipients, one.subject, one.in_reply_to) == (("lea@x.example",), "Aw: Plan", "<2@x>")
    assert one.text.startswith("\n\nLea wrote:\n> One\n>> old\n")
    everybody = mime.reply(view, ReplyKind.REPLY_ALL, sender=me, own=own, attribution="x")
    assert everybody.recipients == ("lea@x.example", "max@y.example", "kim@z.example")
    forward = mime.reply(view, ReplyKind.FORWARD, sender=me, own=own, attribution="Forwarded")
    assert (forward.recipients, forward.subject) == ((), "Fwd: Aw: Plan")
    mine = mime.reply(mime.read(mime.compose(one)), ReplyKind.REPLY, sender=me, own=own, attribution="x")
    assert mine.recipients == ("lea@x.example",), "answering oneself goes on writing to the same person"
