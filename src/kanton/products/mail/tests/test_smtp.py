"""Reception and submission over real sockets with Python's own client, and with rude ones."""

from __future__ import annotations

import base64
import dataclasses
import smtplib
import socket
import ssl
from collections.abc import Iterator

import dkim
import pytest

from kanton.products.mail.engine.journal import Journal, Result
from kanton.products.mail.engine.settings import EngineSettings
from kanton.products.mail.engine.signing import new_key
from kanton.products.mail.tests.running import ACME, PASSWORD, Running, box, running

MESSAGE = b"From: Lea <lea@elsewhere.example>\r\nTo: info@acme.example\r\nSubject: Hi\r\n\r\nHello\r\n"
OWN = b"From: Info <info@acme.example>\r\nTo: ben@acme.example\r\nSubject: Hi\r\n\r\nHello\r\n"


@pytest.fixture(scope="module")
def mail() -> Iterator[Running]:
    """One pair of servers for the tests that change nothing of the state."""
    key = new_key("k1")
    with running(dataclasses.replace(ACME, dkim=(key,)), recipients_max=5, message_bytes_max=5000) as found:
        yield found


def stored(mail: Running, local: str = "info") -> list[bytes]:
    """What is in a mailbox's new folder, oldest first: names begin with the time, to the microsecond."""
    number = {"info": 1, "ben": 2}[local]
    folder = mail.settings.store / "acme.example" / f"{local}~{number}" / "new"
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def last(mail: Running, local: str = "info") -> bytes:
    """The newest message of a mailbox."""
    return stored(mail, local)[-1]


class Raw:
    """A client that says exactly what it is told."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.file = self.socket.makefile("rb")
        self.answer()

    def answer(self) -> str:
        """One whole answer; its last line."""
        while True:
            line = self.file.readline().decode()
            if len(line) < 4 or line[3] != "-":
                return line.rstrip()

    def say(self, text: bytes) -> str:
        """Send bytes, return the answer."""
        self.socket.sendall(text)
        return self.answer()

    def close(self) -> None:
        """Hang up."""
        self.file.close()
        self.socket.close()


def test_a_message_arrives_whole_with_trace_headers(mail: Running) -> None:
    with mail.smtp() as client:
        assert client.sendmail("lea@elsewhere.example", ["info@acme.example"], MESSAGE) == {}
    message = last(mail)
    assert message.startswith(
        b"Return-Path: <lea@elsewhere.example>\r\nReceived: from client.example ([127.0.0.1])"
    )
    assert message.endswith(MESSAGE)


@pytest.mark.parametrize(
    ("recipient", "code", "words"),
    [
        ("nobody@acme.example", 550, "5.1.1"),
        ("somebody@elsewhere.example", 550, "5.7.1"),
        ("info@sub.acme.example", 550, "5.7.1"),
        ("info", 501, "5.1.3"),
        ("<script>@acme.example", 501, "5."),
        ("", 501, "5.1.3"),
    ],
)
def test_nobody_relays_and_unknown_recipients_are_refused(
    mail: Running, recipient: str, code: int, words: str
) -> None:
    with mail.smtp() as client:
        client.mail("lea@elsewhere.example")
        answer = client.docmd(f"RCPT TO:<{recipient}>")
        assert answer[0] == code and answer[1].decode().startswith(words)


def test_aliases_redirects_case_details_and_postmaster_find_their_mailbox(mail: Running) -> None:
    before = len(stored(mail)), len(stored(mail, "ben"))
    with mail.smtp() as client:
        for address in (
            "sales@acme.example",
            "INFO@ACME.Example",
            "info+tag@acme.example",
            "Postmaster@acme.example",
        ):
            client.sendmail("lea@elsewhere.example", [address], MESSAGE)
        client.sendmail("lea@elsewhere.example", ["all@acme.example", "info@acme.example"], MESSAGE)
    assert (len(stored(mail)), len(stored(mail, "ben"))) == (before[0] + 5, before[1] + 1)


@pytest.mark.spec("MAIL-47", "MAIL-52")
def test_the_size_limit_is_announced_and_exact(mail: Running) -> None:
    assert EngineSettings(home=mail.settings.home).message_bytes_max == 210_763_776
    limit = mail.settings.message_bytes_max
    head = b"From: lea@elsewhere.example\r\n\r\n"
    fits = head + b"x" * (limit - len(head) - 2) + b"\r\n"
    with mail.smtp() as client:
        assert client.esmtp_features["size"] == str(limit)
        assert client.mail("lea@elsewhere.example", [f"SIZE={limit + 1}"])[0] == 552
        assert client.mail("lea@elsewhere.example", [f"SIZE={limit}"])[0] == 250
        client.rset()
        client.sendmail("lea@elsewhere.example", ["info@acme.example"], fits)
        before = len(stored(mail))
        client.mail("lea@elsewhere.example")
        client.rcpt("info@acme.example")
        code, words = client.data(b"y" + fits)
        assert (code, words[:5]) == (552, b"5.3.4")
        assert client.noop()[0] == 250, "the connection goes on after the refusal"
    assert len(stored(mail)) == before


def test_the_real_limit_is_announced_by_default() -> None:
    with running() as real, real.smtp() as client:
        assert client.esmtp_features["size"] == "210763776"
        code, words = client.mail("lea@elsewhere.example", ["SIZE=210763777"])
        assert (code, words[:5]) == (552, b"5.3.4")
        assert client.mail("lea@elsewhere.example", ["SIZE=210763776"])[0] == 250


def test_more_recipients_than_allowed_are_refused_one_by_one(mail: Running) -> None:
    with mail.smtp() as client:
        client.mail("lea@elsewhere.example")
        codes = [client.rcpt(f"info+{number}@acme.example")[0] for number in range(7)]
    assert codes == [250] * 5 + [452] * 2


@pytest.mark.parametrize("end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n"])
def test_nothing_but_cr_lf_dot_cr_lf_ends_a_message(mail: Running, end: bytes) -> None:
    before = len(stored(mail))
    client = Raw(mail.settings.smtp_port)
    client.say(b"EHLO x\r\n")
    client.say(b"MAIL FROM:<a@elsewhere.example>\r\n")
    client.say(b"RCPT TO:<info@acme.example>\r\n")
    client.say(b"DATA\r\n")
    smuggled = b"MAIL FROM:<admin@acme.example>\r\nRCPT TO:<ben@acme.example>\r\nDATA\r\nevil\r\n.\r\n"
    answer = client.say(b"From: a@elsewhere.example\r\n\r\nfirst" + end + smuggled)
    assert answer.startswith("250")
    client.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.socket.recv(10)
    client.close()
    assert len(stored(mail)) == before + 1 and b"MAIL FROM:<admin@acme.example>" in last(mail)
    body = last(mail)
    assert body.count(b"\n") == body.count(b"\r\n") == body.count(b"\r"), (
        "stored lines end with CR LF and nothing else"
    )


def test_dots_and_pipelined_commands_come_through(mail: Running) -> None:
    client = Raw(mail.settings.smtp_port)
    client.say(b"EHLO x\r\n")
    client.socket.sendall(
        b"MAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<info@acme.example>\r\nRCPT TO:<nobody@acme.example>\r\nDATA\r\n"
    )
    assert [client.answer()[:3] for _ in range(4)] == ["250", "250", "550", "354"]
    client.socket.sendall(b"From: a@elsewhere.example\r\n\r\n..one\r\n...two\r\n.\r\nNOOP\r\nQUIT\r\n")
    assert [client.answer()[:3] for _ in range(3)] == ["250", "250", "221"]
    client.close()
    assert last(mail).endswith(b"\r\n\r\n.one\r\n..two\r\n")


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\r\n",
        b"MAIL FROM:<a@b.example>\n",
        b"EHLO a\rb\r\n",
        b"NOOP \0\r\n",
        b"X" * 20_000 + b"\r\n",
        b"\r\n",
    ],
)
def test_rude_lines_are_answered_and_harm_nobody(mail: Running, line: bytes) -> None:
    client = Raw(mail.settings.smtp_port)
    assert client.say(line)[:3] == "500"
    client.close()
    with mail.smtp() as other:
        assert other.noop()[0] == 250


def test_commands_sent_ahead_of_tls_are_refused(mail: Running) -> None:
    client = Raw(mail.settings.submission_port)
    client.say(b"EHLO x\r\n")
    assert client.say(b"STARTTLS\r\nEHLO evil\r\n")[:3] == "503"
    client.close()


# Submission


@pytest.mark.spec("MAIL-13", "MAIL-31")
def test_submission_needs_the_password_of_the_address(mail: Running) -> None:
    with smtplib.SMTP("127.0.0.1", mail.settings.submission_port, "x", timeout=60) as client:
        client.ehlo()
        assert client.mail("info@acme.example")[0] == 530
    with pytest.raises(smtplib.SMTPAuthenticationError):
        mail.submission(password="password of the account")
    with mail.submission() as client:
        assert client.sendmail("info@acme.example", ["ben@acme.example"], OWN) == {}
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP_SSL(
        "127.0.0.1", mail.settings.submissions_port, "x", context=context, timeout=60
    ) as secure:
        login = base64.b64encode(b"ben@acme.example").decode()
        assert secure.docmd("AUTH", f"LOGIN {login}")[0] == 503, "EHLO comes first"
        secure.ehlo()
        assert secure.docmd("AUTH", f"LOGIN {login}")[0] == 334
        assert secure.docmd(base64.b64encode(PASSWORD.encode()).decode())[0] == 235


@pytest.mark.spec("MAIL-37")
def test_login_without_tls_is_refused() -> None:
    with running(plain_auth_on_loopback=False) as strict:
        with smtplib.SMTP("127.0.0.1", strict.settings.submission_port, "x", timeout=60) as client:
            client.ehlo()
            assert "auth" not in client.esmtp_features
            plain = base64.b64encode(f"\0info@acme.example\0{PASSWORD}".encode()).decode()
            assert client.docmd("AUTH", f"PLAIN {plain}")[0] == 538
        with strict.submission() as client:
            assert client.noop()[0] == 250


def test_reception_has_no_login_and_guessing_ends_after_ten_tries() -> None:
    with running() as guessed:
        with guessed.smtp() as client:
            assert client.docmd("AUTH", "PLAIN x")[0] == 502
        codes = []
        wrong = base64.b64encode(b"\0info@acme.example\0wrong").decode()
        for _ in range(12):
            with smtplib.SMTP("127.0.0.1", guessed.settings.submission_port, "x", timeout=60) as client:
                client.ehlo()
                codes.append(client.docmd("AUTH", f"PLAIN {wrong}")[0])
        assert codes == [535] * 10 + [454] * 2
        with pytest.raises(smtplib.SMTPException):
            guessed.submission()  # the right password does not help a client that guesses


def test_nobody_sends_as_somebody_else(mail: Running) -> None:
    with mail.submission() as client:
        assert client.mail("ben@acme.example")[0] == 553
        client.rset()
        assert client.mail("sales@acme.example")[0] == 250
        client.rset()
        forged = OWN.replace(b"info@acme.example", b"ben@acme.example", 1)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("info@acme.example", ["ben@acme.example"], forged)
        assert refused.value.smtp_code == 553
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail("info@acme.example", ["ben@acme.example"], b"Subject: no author\r\n\r\nx\r\n")


def test_what_goes_out_is_completed_and_signed(mail: Running) -> None:
    with mail.submission() as client:
        client.sendmail(
            "info@acme.example",
            ["ben@acme.example"],
            OWN.replace(b"Subject", b"Bcc: secret@x.example\r\nSubject"),
        )
    message = last(mail, "ben")
    assert b"secret" not in message and b"Message-ID: <" in message and b"Date: " in message
    assert b"127.0.0.1" not in message.partition(b"\r\n\r\n")[0], "where the author sits is nobody's business"
    [key] = mail.smtp_process.server.post.directory.domain("acme.example").state.dkim  # type: ignore[union-attr]
    signed = message[message.index(b"DKIM-Signature") :]
    assert dkim.verify(signed, dnsfunc=lambda name, timeout=5: key.record.encode())
    assert not dkim.verify(
        signed.replace(b"Hello", b"Hallo"), dnsfunc=lambda name, timeout=5: key.record.encode()
    )


@pytest.mark.spec("MAIL-39", "MAIL-43")
def test_the_sending_limit_counts_recipients_and_refuses_whole_messages() -> None:
    state = dataclasses.replace(ACME, mailboxes=(box("info", 1, sending_limit=10), box("ben", 2)))
    with running(state) as limited, limited.submission() as client:

        def send(number: int) -> tuple[int, bytes]:
            client.rset()
            client.mail("info@acme.example")
            for one in range(number):
                client.rcpt(f"ben+{one}@acme.example")
            return client.docmd("DATA")

        for number, expected in ((7, 354), (4, 450), (3, 354), (1, 450)):
            code, words = send(number)
            assert code == expected, (number, words)
            if code == 354:
                client.send(OWN + b".\r\n")
                assert client.getreply()[0] == 250
            else:
                assert (
                    words.startswith(b"4.7.1 Sending limit: 10 recipients in 24 hours")
                    and b"possible again" in words
                )
        assert limited.engine.allowance("info@acme.example", 10).used == 10
        assert len(stored(limited, "ben")) == 2, "never to only some of the recipients"


@pytest.mark.spec("MAIL-43")
def test_another_spelling_of_the_login_does_not_begin_another_count() -> None:
    state = dataclasses.replace(ACME, mailboxes=(box("info", 1, sending_limit=2), box("ben", 2)))
    with running(state) as limited:
        for login, code in (
            ("info@acme.example", 250),
            ("INFO@ACME.example.", 250),
            ("info@acme.example..", 450),
        ):
            with limited.submission(login) as client:
                client.mail("info@acme.example")
                client.rcpt("ben@acme.example")
                try:
                    answer = client.data(OWN)[0]
                except smtplib.SMTPDataError as refused:
                    answer = refused.smtp_code
                assert answer == code, login
        assert limited.engine.allowance("info@acme.example", 2).used == 2
        assert len(stored(limited, "ben")) == 2


@pytest.mark.parametrize(
    "author",
    [
        b"From: info@acme.example <ceo@bank.example>",
        b"From: info@acme.example\r\nFrom: \xff <ceo@bank.example",
        b"From: info@acme.example\r\nFROM : info@acme.example",
        b'From: "',
        b"From: <@[",
    ],
)
def test_an_author_that_programs_read_otherwise_is_refused_with_words(mail: Running, author: bytes) -> None:
    before = len(stored(mail, "ben"))
    with mail.submission() as client:
        client.mail("info@acme.example")
        client.rcpt("ben@acme.example")
        code, words = client.data(author + b"\r\nSubject: Hi\r\n\r\nHello\r\n")
        assert code in (553, 554) and words[:2] == b"5.", (code, words)
        assert client.noop()[0] == 250
    assert len(stored(mail, "ben")) == before


def test_a_message_that_is_refused_after_all_gives_its_count_back(mail: Running) -> None:
    before = mail.engine.allowance("info@acme.example", 100).used
    with mail.submission() as client:
        client.mail("info@acme.example")
        client.rcpt("ben@acme.example")
        assert client.data(OWN + b"x" * 6000)[0] == 552
    assert mail.engine.allowance("info@acme.example", 100).used == before


def test_addresses_in_other_scripts(mail: Running) -> None:
    raw = Raw(mail.settings.smtp_port)
    raw.say(b"EHLO x\r\n")
    assert raw.say("MAIL FROM:<müller@straße.example>\r\n".encode())[:3] == "553"
    assert raw.say("MAIL FROM:<müller@straße.example> SMTPUTF8\r\n".encode())[:3] == "250"
    assert raw.say(b"RCPT TO:<info@acme.example>\r\n")[:3] == "250"
    raw.say(b"DATA\r\n")
    assert raw.say("Subject: Grüße\r\n\r\nä\r\n.\r\n".encode())[:3] == "250"
    raw.close()
    assert "Return-Path: <müller@xn--strae-oqa.example>".encode() in last(mail)


@pytest.mark.spec("MAIL-100")
def test_the_journal_tells_what_happened_and_never_what_was_said(mail: Running) -> None:
    with mail.smtp() as client:
        client.sendmail("journal@elsewhere.example", ["info@acme.example"], MESSAGE)
        client.mail("journal@elsewhere.example")
        client.rcpt("nobody@acme.example")
    journal = Journal(mail.settings.journal)
    lines = [entry for day in journal.days() for _at, entry in journal.read(day)]
    mine = [(one.recipient, one.result) for one in lines if one.sender == "journal@elsewhere.example"]
    assert mine == [("info@acme.example", Result.DELIVERED), ("nobody@acme.example", Result.REFUSED)]
    text = "".join(path.read_text() for path in mail.settings.journal.iterdir())
    assert "Hello" not in text and "Hi" not in text


def test_many_connections_of_one_client_are_limited() -> None:
    with running(connections_per_client=3) as few:
        clients = [Raw(few.settings.smtp_port) for _ in range(3)]
        late = socket.create_connection(("127.0.0.1", few.settings.smtp_port), 10)
        assert late.recv(100).startswith(b"421")
        late.close()
        for client in clients:
            client.close()
