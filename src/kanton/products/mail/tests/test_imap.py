"""What comes in by SMTP goes out by IMAP, on Dovecot and on the Python server, to Python's own client."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import imaplib
import re
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanton.products.mail.engine import dovecot
from kanton.products.mail.engine.credentials import GUESSES_MAX, hash_app_password, hash_password
from kanton.products.mail.engine.embedded import open_mailbox
from kanton.products.mail.engine.port import DomainState, MailboxState
from kanton.products.mail.engine.settings import EngineSettings
from kanton.products.mail.engine.uses import Uses
from kanton.products.mail.tests.messages import UGLY, large
from kanton.products.mail.tests.running import ACME, PASSWORD, Running, box, running, untrusting

SERVERS = [pytest.param("dovecot", marks=pytest.mark.engine("dovecot")), "python"]
DEVICE = "device-password-of-128-bits"
READER = "k7dq-app-password-of-somebody-who-may-only-read"


@pytest.fixture(scope="module", params=SERVERS)
def mail(request: pytest.FixtureRequest) -> Iterator[Running]:
    """SMTP and each of the IMAP servers."""
    if request.param == "dovecot":
        lacks = dovecot.find_binary(EngineSettings(home=Path("/nowhere"))) is None
        if lacks:
            pytest.skip("left out: Dovecot is not installed (apt install dovecot-imapd)")
    first = box(
        "info",
        1,
        app_hashes=(hash_app_password("another"), hash_app_password(DEVICE)),
        reading_hashes=(hash_app_password(READER),),
    )
    state = dataclasses.replace(
        ACME, mailboxes=(first, box("ben", 2), box("ugly", 3), box("big", 4), box("flags", 5))
    )
    with running(state, imap=request.param) as found:
        assert found.imap_process is not None and found.imap_process.engine == request.param
        yield found


def deliver(mail: Running, recipient: str, *messages: bytes) -> None:
    """Send messages in by SMTP, 8-bit."""
    with mail.smtp() as client:
        for message in messages:
            client.sendmail("lea@elsewhere.example", [recipient], message, ["BODY=8BITMIME"])


@pytest.mark.spec("MAIL-31", "MAIL-32")
def test_messages_of_every_ugliness_come_out_byte_for_byte(mail: Running) -> None:
    deliver(mail, "ugly@acme.example", *UGLY.values())
    received = mail.inbox("ugly@acme.example")
    assert len(received) == len(UGLY) > 15
    for (name, sent), got in zip(UGLY.items(), received, strict=True):
        head, _, rest = got.partition(b"Received: from client.example")
        assert head == b"Return-Path: <lea@elsewhere.example>\r\n", name
        # Our trace field has four lines at most; behind it stands what was sent, to the last byte.
        assert rest.endswith(sent) and rest[: -len(sent)].count(b"\r\n") <= 4, name


def test_thirty_megabytes_come_through(mail: Running) -> None:
    message = large(30_000_000)
    assert 29_000_000 < len(message) < 31_000_000
    deliver(mail, "big@acme.example", message)
    [received] = mail.inbox("big@acme.example")
    assert hashlib.sha256(received[-len(message) :]).digest() == hashlib.sha256(message).digest()


@pytest.mark.spec("MAIL-26", "MAIL-32")
def test_two_programs_see_the_same_flags_moves_and_deletions(mail: Running) -> None:
    deliver(
        mail,
        "flags@acme.example",
        *[b"From: a@b.example\r\nSubject: %d\r\n\r\nx\r\n" % number for number in range(4)],
    )
    one, two = mail.imap("flags@acme.example"), mail.imap("flags@acme.example")
    assert one.select("INBOX")[1] == [b"4"]
    uids = one.uid("SEARCH", "ALL")[1][0].split()
    one.uid("STORE", uids[0].decode(), "+FLAGS", "(\\Seen \\Flagged)")
    one.uid("COPY", uids[1].decode(), "Archive")
    one.uid("MOVE", uids[2].decode(), "Trash")
    one.uid("STORE", uids[3].decode(), "+FLAGS", "(\\Deleted)")
    one.expunge()
    assert two.select("INBOX")[1] == [b"2"]
    assert two.uid("SEARCH", "ALL")[1][0].split() == uids[:2]
    assert b"\\Seen" in two.uid("FETCH", uids[0].decode(), "(FLAGS)")[1][0]
    for folder, subject in (("Archive", b"Subject: 1"), ("Trash", b"Subject: 2")):
        assert two.select(folder)[1] == [b"1"]
        answer = two.fetch("1", "(BODY.PEEK[])")[1][0]
        assert isinstance(answer, tuple) and subject in answer[1] and answer[1].endswith(b"\r\n\r\nx\r\n")
    one.logout()
    two.logout()


def test_folders_are_there_and_appending_keeps_every_byte(mail: Running) -> None:
    client = mail.imap("ben@acme.example")
    names = {
        line.decode().rpartition(" ")[2].strip('"') for line in client.list()[1] if isinstance(line, bytes)
    }
    assert {"INBOX", "Drafts", "Sent", "Archive", "Spam", "Trash"} <= names
    for message in (UGLY["lines of dots"], UGLY["eight bits without a charset"]):
        assert client.append("Drafts", "\\Draft", "", message)[0] == "OK"
    client.select("Drafts")
    for number, message in (("1", UGLY["lines of dots"]), ("2", UGLY["eight bits without a charset"])):
        answer = client.fetch(number, "(FLAGS BODY.PEEK[])")[1]
        assert isinstance(answer[0], tuple) and answer[0][1] == message
    assert client.create("Clients/Globex")[0] == "OK"
    client.logout()


def test_a_folders_name_is_never_another_place_on_the_disk(mail: Running) -> None:
    deliver(mail, "ben@acme.example", UGLY["plain"])
    mail.inbox("ben@acme.example")
    folders = mail.settings.store / "acme.example"
    kept = {
        path: path.read_bytes() for path in folders.glob("ben~2/*/*") if path.parent.name in ("cur", "new")
    }
    assert kept
    client = mail.imap("info@acme.example")
    for name in (".", "..", "/", "", "../ben~2", "x/."):
        assert client.create(f'"{name}"')[0] == "NO", name
        assert client.delete(f'"{name}"')[0] == "NO", name
        assert client.rename(f'"{name}"', "elsewhere")[0] == "NO", name
        assert client.rename("Spam", f'"{name}"')[0] == "NO", name
        assert client.status(f'"{name}"', "(MESSAGES)")[0] == "NO", name
    assert client.create("x" * 300)[0] == "NO"
    assert client.status("Spam", "(MESSAGES)")[0] == "OK" and client.select("INBOX")[0] == "OK"
    client.logout()
    assert {path: path.read_bytes() for path in kept} == kept
    assert mail.inbox("ben@acme.example")


def test_folders_are_made_with_those_above_renamed_and_removed(mail: Running) -> None:
    client = mail.imap("flags@acme.example")

    def listed(pattern: str) -> set[str]:
        lines = [line for line in client.list('""', pattern)[1] if isinstance(line, bytes)]
        return {line.decode().rpartition(" ")[2].strip('"') for line in lines}

    assert client.create("One/Two/Gr&APw-n")[0] == "OK"
    assert client.append("One/Two/Gr&APw-n", "", "", UGLY["plain"])[0] == "OK"
    assert {"One", "One/Two", "One/Two/Gr&APw-n"} == listed("One*")
    assert (mail.settings.store / "acme.example" / "flags~5" / ".One.Two.Gr&APw-n").is_dir()
    assert client.create("One/Two/Gr&APw-n")[0] == "NO"
    assert client.rename("Nowhere", "Somewhere")[0] == "NO"
    assert client.rename("One/Two", "Ten")[0] == "OK"
    assert client.status("Ten/Gr&APw-n", "(MESSAGES)")[1][0].endswith(b"(MESSAGES 1)")
    assert client.delete("Ten/Gr&APw-n")[0] == "OK" and client.delete("Ten/Gr&APw-n")[0] == "NO"
    assert client.status("Ten/Gr&APw-n", "(MESSAGES)")[0] == "NO"
    assert listed("Ten*") <= {"Ten"}
    client.logout()


@pytest.mark.parametrize("line", ["(" * 400 + "ALL" + ")" * 400, "OR " * 400 + "ALL " * 400 + "ALL"])
def test_a_search_in_hundreds_of_parentheses_is_answered_and_the_session_goes_on(
    mail: Running, line: str
) -> None:
    assert mail.imap_process is not None
    expected = "BAD" if mail.imap_process.engine == "python" else "OK"

    def status(*command: str) -> str:
        try:
            return client.uid(*command)[0] if command[0] == "SEARCH" else client.search(None, *command)[0]
        except imaplib.IMAP4.error as refused:
            assert "BAD" in str(refused), refused
            return "BAD"

    client = mail.imap("flags@acme.example")
    client.select("INBOX", readonly=True)
    assert (status(line), status("SEARCH", line)) == (expected, expected)
    assert status("(((ALL)))") == "OK"
    assert status("OR OR ALL SEEN NOT (OR SEEN ANSWERED)") == "OK"
    client.logout()


@pytest.mark.spec("MAIL-13", "MAIL-14")
def test_the_password_of_the_address_and_device_passwords_open_it_and_nothing_else(mail: Running) -> None:
    mail.imap("INFO@acme.example").logout()
    mail.imap("info@acme.example", DEVICE).logout()
    mail.imap("info@acme.example", "another").logout()
    mail.imap("info@acme.example", READER).logout()
    used: dict[str, int] = {}

    def are_noted() -> bool:
        uses = Uses(mail.settings.mail)
        used.update(uses.take())
        uses.told()
        return {hash_app_password(one)[:16] for one in (DEVICE, "another", READER)} <= set(used)

    mail.until(are_noted)
    wrong = [
        ("info@acme.example", "wrong"),
        ("ben@acme.example", DEVICE),
        ("nobody@acme.example", DEVICE),
        ("info@elsewhere.example", DEVICE),
        ("info@acme.example/1", DEVICE),
        ("../info@acme.example", DEVICE),
    ]
    for login, password in wrong:
        with pytest.raises(imaplib.IMAP4.error):
            mail.imap(login, password)


def test_the_web_app_opens_a_mailbox_and_others_cannot_use_its_way(mail: Running) -> None:
    with open_mailbox(mail.settings, "ben@acme.example") as client:
        assert client.select("INBOX")[0] == "OK"
    with pytest.raises(imaplib.IMAP4.error):
        mail.imap(f"ben@acme.example{dovecot.MASTER_SEPARATOR}{dovecot.MASTER}", "guess")
    assert mail.engine.probe_mailbox("ben@acme.example").confirmed
    assert mail.engine.probe_domain("acme.example").confirmed
    assert "5.1.1" in mail.engine.probe_mailbox("nobody@acme.example").words


@pytest.mark.spec("MAIL-37")
def test_tls_is_offered_from_the_start_and_by_command(mail: Running) -> None:
    context = untrusting()
    secure = imaplib.IMAP4_SSL("127.0.0.1", mail.settings.imaps_port, ssl_context=context, timeout=60)
    assert secure.login("info@acme.example", DEVICE)[0] == "OK"
    secure.logout()
    upgraded = imaplib.IMAP4("127.0.0.1", mail.settings.imap_port, timeout=60)
    assert upgraded.starttls(context)[0] == "OK"
    assert upgraded.login("info@acme.example", DEVICE)[0] == "OK"
    upgraded.logout()


def lost(client: imaplib.IMAP4) -> bool:
    """Whether the server has ended this session."""
    try:
        return client.noop()[0] != "OK"
    except (OSError, imaplib.IMAP4.error):
        return True


@pytest.mark.spec("MAIL-23")
@pytest.mark.parametrize("server", SERVERS)
def test_a_new_password_ends_sessions_that_used_the_old_one(server: str) -> None:
    with running(imap=server) as mail:
        old, other = mail.imap(), mail.imap("ben@acme.example")
        changed = dataclasses.replace(box("info", 1), password_hash=hash_password("Anders-Kiesel-417"))
        mail.publish(dataclasses.replace(ACME, mailboxes=(changed, box("ben", 2))))
        mail.until(lambda: lost(old), 30)
        assert not lost(other)
        other.logout()
        mail.until(lambda: not refusal(mail, "Anders-Kiesel-417"))
        assert refusal(mail)


def refusal(mail: Running, password: str = PASSWORD) -> str:
    """Why the server does not let info@ in; "" when it does. Dovecot reads its files once a second."""
    try:
        mail.imap(password=password).logout()
    except imaplib.IMAP4.error as error:
        return str(error)
    return ""


@pytest.mark.spec("MAIL-96", "MAIL-98", "ORG-85", "ORG-86")
@pytest.mark.parametrize("server", SERVERS)
def test_in_maintenance_logins_are_refused_and_mail_still_arrives(server: str) -> None:
    with running(imap=server) as mail:
        session = mail.imap()
        mail.publish(
            dataclasses.replace(ACME, maintenance="We are moving your mail. Please try again later.")
        )
        words = mail.until(lambda: refusal(mail))
        # A temporary failure with the reason, as RFC 5530 wants it, and no word of a wrong password (ORG-86).
        assert "[UNAVAILABLE]" in words and "moving" in words and "AUTHENTICATIONFAILED" not in words
        assert "AUTHENTICATIONFAILED" in refusal(mail, "Wrong-Kiesel-417")
        mail.until(lambda: lost(session), 30)
        deliver(mail, "info@acme.example", UGLY["plain"])
        with smtplib.SMTP("127.0.0.1", mail.settings.submission_port, timeout=60) as client:
            client.starttls(context=untrusting())
            client.ehlo()
            secret = base64.b64encode(f"\0info@acme.example\0{PASSWORD}".encode()).decode()
            for _attempt in range(GUESSES_MAX + 1):  # more than guesses are allowed: not one of them counts
                code, answer = client.docmd("AUTH", f"PLAIN {secret}")
                assert code == 454 and answer.startswith(b"4.7.0 We are moving your mail.")
        mail.publish(ACME)
        mail.until(lambda: not refusal(mail))
        mail.submission().quit()
        # The server looks for mailboxes to close every so often; a session of that very moment is closed once more.
        mail.until(lambda: arrived(mail) == 1)


@pytest.mark.spec("ORG-62")
@pytest.mark.parametrize("server", SERVERS)
def test_where_apps_need_their_own_passwords_the_mailbox_password_is_refused_with_words(server: str) -> None:
    secret = "rq3f-9xk2-maple-snow"
    open_box = dataclasses.replace(ACME.mailboxes[0], app_hashes=(hash_app_password(secret),))
    closed = dataclasses.replace(
        open_box, own_password_closed="Your organization wants an app password here."
    )

    def published(first: MailboxState) -> DomainState:
        return dataclasses.replace(ACME, mailboxes=(first, *ACME.mailboxes[1:]))

    with running(imap=server) as mail:
        mail.publish(published(open_box))
        mail.until(lambda: not refusal(mail, secret))
        session = mail.imap()
        mail.publish(published(closed))
        words = mail.until(lambda: refusal(mail))
        said = words.replace("\\xc2\\xa0", " ")
        assert "[CONTACTADMIN] Your organization wants an app password" in said
        assert not refusal(mail, secret), "a generated password goes on"
        assert "AUTHENTICATIONFAILED" in refusal(mail, "Wrong-Kiesel-417")
        mail.until(lambda: lost(session), 30)
        with smtplib.SMTP("127.0.0.1", mail.settings.submission_port, timeout=60) as client:
            client.starttls(context=untrusting())
            client.ehlo()
            pair = base64.b64encode(f"\0info@acme.example\0{PASSWORD}".encode()).decode()
            code, answer = client.docmd("AUTH", f"PLAIN {pair}")
            assert code == 534 and answer.startswith(b"5.7.9 Your organization wants an app password")
            pair = base64.b64encode(f"\0info@acme.example\0{secret}".encode()).decode()
            assert client.docmd("AUTH", f"PLAIN {pair}")[0] == 235


def arrived(mail: Running) -> int | None:
    """How many messages the inbox has; None while the server closes the session."""
    try:
        return len(mail.inbox())
    except imaplib.IMAP4.abort:
        return None


def numbers(client: imaplib.IMAP4) -> list[str]:
    """UIDVALIDITY and UIDNEXT of the inbox."""
    [line] = client.status("INBOX", "(UIDVALIDITY UIDNEXT)")[1]
    assert isinstance(line, bytes)
    return sorted(re.findall(r"UID[A-Z]+ [0-9]+", line.decode()))


@pytest.mark.engine("dovecot")
def test_both_servers_read_what_the_other_has_written() -> None:
    with running(imap="python") as first:
        deliver(first, "info@acme.example", UGLY["plain"], UGLY["attachments"])
        client = first.imap()
        client.select("INBOX")
        client.store("1", "+FLAGS", "\\Seen")
        client.append("Sent", "\\Seen", "", UGLY["utf-8 headers"])
        validity = numbers(client)
        client.logout()
        first.call(first.imap_process.stop())  # type: ignore[union-attr]
        from kanton.products.mail.engine.imap_process import start_imap

        settings = dataclasses.replace(first.settings, imap_server="dovecot", imap_port=0, imaps_port=-1)
        first.imap_process = first.call(start_imap(settings))
        first.settings = dataclasses.replace(first.settings, imap_port=first.imap_process.ports["imap"])
        client = first.imap()
        assert numbers(client) == validity
        client.select("INBOX")
        assert client.search(None, "SEEN")[1] == [b"1"]
        client.store("2", "+FLAGS", "\\Flagged")
        client.append("Sent", "", "", UGLY["lines of dots"])
        after = numbers(client)
        client.logout()
        first.call(first.imap_process.stop())
        settings = dataclasses.replace(settings, imap_server="python", imap_port=0)
        again = first.call(start_imap(settings))
        first.imap_process = again
        first.settings = dataclasses.replace(first.settings, imap_port=again.ports["imap"])
        client = first.imap()
        assert numbers(client) == after
        client.select("INBOX")
        assert (client.search(None, "SEEN")[1], client.search(None, "FLAGGED")[1]) == ([b"1"], [b"2"])
        client.logout()
        assert first.inbox(folder="Sent") == [UGLY["utf-8 headers"], UGLY["lines of dots"]]


def test_the_configuration_speaks_both_languages_of_dovecot(tmp_path: Path) -> None:
    settings = EngineSettings(home=tmp_path)
    texts = {
        version: dovecot.configuration(
            settings, imap_port=2143, imaps_port=2993, run=tmp_path, version=version
        )
        for version in ((2, 3), (2, 4))
    }
    assert "disable_plaintext_auth = yes" in texts[2, 3] and "passwd_file_path" not in texts[2, 3]
    assert texts[2, 4].startswith("dovecot_config_version = 2.4.0") and "passwd_file_path = " in texts[2, 4]
    for text in texts.values():
        assert text.count("{") == text.count("}") and "ssl_min_protocol = TLSv1.2" in text
