"""The webmail against the real mail servers: both IMAP servers, the real SMTP, an unmodified client beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.organizations.actions import change_access
from kanton.organizations.branding.actions import set_wide_logo
from kanton.organizations.branding.logos import Drawn
from kanton.organizations.models import Membership, Organization
from kanton.organizations.policies.actions import limit_sessions
from kanton.products.mail.models import Mailbox, MailService
from kanton.products.mail.tests.factories import make_mailbox
from kanton.products.mail.tests.running import Running, running
from kanton.products.mail.webmail import imap
from kanton.testing import PASSWORD

NAMES = ("info", "ben")


@pytest.fixture(
    scope="module",
    params=[pytest.param("dovecot", marks=pytest.mark.engine("dovecot")), "python"],
)
def servers(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Running servers with the mailboxes of acme.example."""
    with running(imap=request.param) as started:
        yield started


@pytest.fixture
def engine_here(servers: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The web application uses these servers; the mailboxes are empty."""
    monkeypatch.setattr(imap, "engine_settings", lambda: servers.settings)
    monkeypatch.setattr("kanton.products.mail.webmail.views.mail_engine", lambda: servers.engine)
    for name in NAMES:
        with imap.open_mailbox(f"{name}@acme.example") as session:
            for folder in session.folders():
                session.empty(folder.name)
    return servers


@pytest.fixture
def box(engine_here: Running, mail: MailService, owner: Actor, ben: Person) -> Mailbox:
    """info@acme.example, which Ben may read and send from, and nothing else."""
    made = make_mailbox(owner, mail, "info")
    membership = Membership.objects.get(person=ben)
    grant = {"right": "mail.send", "service_id": made.service_id, "resource": made.resource}
    change_access(owner, membership, grants=[grant])
    return made


@pytest.fixture
def reader(client: Client, ben: Person) -> Client:
    """Ben's browser."""
    client.force_login(ben)
    return client


def deliver(servers: Running, raw: bytes, *, expected: int) -> None:
    """Send a message to info@acme.example through the real reception, and wait until it is there."""
    with servers.smtp() as smtp:
        smtp.sendmail("lea@outside.example", ["info@acme.example"], raw)
    servers.until(lambda: len(servers.inbox()) == expected)


def offer() -> bytes:
    """A message with both kinds of text, a tracking picture, a script and an attachment."""
    message = EmailMessage()
    message["From"] = "Lea Frei <lea@outside.example>"
    message["To"] = "info@acme.example, tom@outside.example"
    message["Subject"] = "Offerte für Röstigraben"
    message["Message-ID"] = "<offer-1@outside.example>"
    message.set_content("Guten Tag\n\nAnbei die Offerte.\n")
    message.add_alternative(
        "<p>Anbei die <b>Offerte</b>.</p><script>alert(1)</script><img src='https://track.example/p.gif'>",
        subtype="html",
    )
    message.add_attachment(
        b"%PDF-1.7", maintype="application", subtype="pdf", filename="Offerte Röstigraben.pdf"
    )
    return bytes(message)


def newest_uid(address: str = "info@acme.example", folder: str = "INBOX") -> int:
    """The UID of the newest message."""
    with imap.open_mailbox(address) as session:
        return session.page(folder).messages[0].uid


def texts(answer: object) -> str:
    """What a page says, without its tags."""
    content: bytes = answer.content  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))


@pytest.mark.spec("MAIL-24", "MAIL-91")
def test_a_message_is_listed_read_and_harmless(engine_here: Running, box: Mailbox, reader: Client) -> None:
    deliver(engine_here, offer(), expected=1)
    listed = texts(reader.get(f"/mail/{box.pk}/"))
    assert "Offerte für Röstigraben" in listed and "Lea Frei" in listed and "With attachment" in listed
    uid = newest_uid()
    page = reader.get(f"/mail/{box.pk}/messages/{uid}")
    assert "1 image from the internet is not shown" in texts(page)
    body = reader.get(f"/mail/{box.pk}/messages/{uid}/body")
    assert b"<b>Offerte</b>" in body.content
    assert b"script>" not in body.content.split(b"</style>")[1] and b"track.example" not in body.content
    policy = body.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox") and "default-src 'none'" in policy and "https:" not in policy
    shown = reader.get(f"/mail/{box.pk}/messages/{uid}/body?images=1")
    assert b"https://track.example/p.gif" in shown.content
    saved = reader.get(f"/mail/{box.pk}/messages/{uid}/attachments/2")
    assert (saved.content, saved.headers["Content-Type"]) == (b"%PDF-1.7", "application/octet-stream")
    assert "attachment" in saved.headers["Content-Disposition"]


@pytest.mark.spec("ORG-18", "ORG-94", "ORG-96")
def test_the_webmail_has_the_logo_and_the_same_switch_as_the_manager(
    box: Mailbox, reader: Client, owner: Actor, ben: Person, globex: Organization
) -> None:
    drawn = Drawn(b"pixels", 100, 40, is_small=False)
    key = set_wide_logo(owner, box.organization, logo=drawn).wide_logo_key
    Membership.objects.create(organization=globex, person=ben, role="collaborator")
    Organization.objects.filter(slug="acme").update(accent="8a2be2")
    shown = reader.get(f"/mail/{box.pk}/").content.decode()
    assert f'<img class="wide-logo mail-logo" src="/logos/{key}.webp" alt="Acme" height="28">' in shown
    assert '<link rel="stylesheet" href="/ui/brand/8a2be2.css">' in shown
    assert re.findall(r'href="/mail/\?organization=(\w+)"( aria-current)?', shown) == [
        ("globex", ""), ("acme", " aria-current"),
    ]  # fmt: skip
    assert reader.get("/mail/?organization=acme").headers["Location"] == f"/mail/{box.pk}/"
    assert "You have no mailbox in Globex" in texts(reader.get("/mail/?organization=globex"))
    assert reader.get("/mail/?organization=nobody").status_code == 404


@pytest.mark.spec("MAIL-26", "MAIL-32")
def test_what_the_webmail_does_every_program_sees(engine_here: Running, box: Mailbox, reader: Client) -> None:
    deliver(engine_here, offer(), expected=1)
    uid = newest_uid()
    reader.get(f"/mail/{box.pk}/messages/{uid}")
    client = engine_here.imap()
    client.select("INBOX", readonly=True)
    assert b"\\Seen" in client.uid("FETCH", str(uid), "(FLAGS)")[1][0]
    client.logout()
    answer = reader.post(
        f"/mail/{box.pk}/act", {"do": "delete", "selected": uid, "folder": "INBOX"}, follow=True
    )
    assert "1 message moved to Trash." in texts(answer)
    assert engine_here.inbox() == [] and len(engine_here.inbox(folder="Trash")) == 1
    undo = re.search(rf"/mail/{box.pk}/undo\?[^\"]+", answer.content.decode())
    assert undo is not None
    reader.post(undo.group().replace("&amp;", "&"))
    assert len(engine_here.inbox()) == 1 and engine_here.inbox(folder="Trash") == []


@pytest.mark.spec("MAIL-101")
def test_spam_archive_folder_and_for_good(engine_here: Running, box: Mailbox, reader: Client) -> None:
    deliver(engine_here, offer(), expected=1)
    reader.post(f"/mail/{box.pk}/act", {"do": "spam", "selected": newest_uid(), "folder": "INBOX"})
    assert len(engine_here.inbox(folder="Spam")) == 1
    reader.post(
        f"/mail/{box.pk}/act",
        {"do": "move", "selected": newest_uid(folder="Spam"), "folder": "Spam", "to": "Archive"},
    )
    assert len(engine_here.inbox(folder="Archive")) == 1
    refused = reader.post(
        f"/mail/{box.pk}/act",
        {"do": "move", "selected": newest_uid(folder="Archive"), "folder": "Archive", "to": "../../etc"},
    )
    assert refused.status_code == 422 and len(engine_here.inbox(folder="Archive")) == 1
    reader.post(
        f"/mail/{box.pk}/act", {"do": "delete", "selected": newest_uid(folder="Archive"), "folder": "Archive"}
    )
    reader.post(f"/mail/{box.pk}/act", {"do": "empty", "folder": "Trash"})
    assert engine_here.inbox(folder="Trash") == []


def test_a_reply_quotes_threads_and_is_kept_in_sent(
    engine_here: Running, box: Mailbox, reader: Client
) -> None:
    deliver(engine_here, offer(), expected=1)
    uid = newest_uid()
    form = reader.get(f"/mail/{box.pk}/compose?reply_all={uid}&folder=INBOX").context["form"]
    assert form["to"].value() == "Lea Frei <lea@outside.example>"
    assert form["cc"].value() == "tom@outside.example"
    assert form["subject"].value() == "Re: Offerte für Röstigraben"
    assert "> Anbei die Offerte." in form["text"].value()
    values = {name: form[name].value() or "" for name in form.fields if name != "attachments"}
    note = SimpleUploadedFile("plan.txt", b"Plan", "text/plain")
    values |= {
        "to": "ben@acme.example",
        "cc": "",
        "bcc": "sales@acme.example",
        "do": "send",
        "attachments": note,
    }
    sent = reader.post(f"/mail/{box.pk}/compose", values, follow=True)
    assert "Your message is on its way." in texts(sent)
    arrived = engine_here.until(lambda: engine_here.inbox("ben@acme.example"))
    message = message_from_bytes(arrived[0], policy=default)
    assert (message["In-Reply-To"], message["From"].addresses[0].addr_spec) == (
        "<offer-1@outside.example>",
        "info@acme.example",
    )
    assert message["Bcc"] is None
    assert [part.get_filename() for part in message.iter_attachments()] == ["plan.txt"]
    kept = message_from_bytes(engine_here.inbox(folder="Sent")[0], policy=default)
    assert kept["Bcc"] == "sales@acme.example" and kept["Subject"] == "Re: Offerte für Röstigraben"
    with imap.open_mailbox("info@acme.example") as session:
        assert session.envelope("INBOX", uid).is_answered


def test_a_draft_is_kept_resumed_and_gone_when_sent(
    engine_here: Running, box: Mailbox, reader: Client
) -> None:
    reader.post(
        f"/mail/{box.pk}/compose", {"do": "draft", "to": "", "subject": "Später", "text": "Noch nicht"}
    )
    uid = newest_uid(folder="Drafts")
    form = reader.get(f"/mail/{box.pk}/compose?draft={uid}&folder=Drafts").context["form"]
    assert (form["subject"].value(), form["text"].value().strip()) == ("Später", "Noch nicht")
    values = {name: form[name].value() or "" for name in form.fields if name != "attachments"}
    reader.post(f"/mail/{box.pk}/compose", values | {"to": "ben@acme.example", "do": "send"})
    engine_here.until(lambda: engine_here.inbox("ben@acme.example"))
    assert engine_here.inbox(folder="Drafts") == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"to": ""}, "Say who should get this message."),
        ({"to": "nobody at all"}, "is not an e-mail address"),
        ({"to": ", ".join(f"p{n}@outside.example" for n in range(101))}, "at most 100 people"),
    ],
)
def test_a_wrong_recipient_is_said_at_the_field_and_nothing_is_lost(
    engine_here: Running, box: Mailbox, reader: Client, values: dict[str, str], words: str
) -> None:
    answer = reader.post(
        f"/mail/{box.pk}/compose", {"do": "send", "subject": "S", "text": "My words"} | values
    )
    assert answer.status_code == 422 and words in texts(answer) and "My words" in texts(answer)
    assert engine_here.inbox(folder="Sent") == []


@pytest.mark.parametrize("number", ["²", "0", "-1", "4294967296", "9" * 5000, "x"])
def test_numbers_that_are_none_find_nothing(
    engine_here: Running, box: Mailbox, reader: Client, number: str
) -> None:
    here = f"/mail/{box.pk}/"
    assert reader.get(here, {"before": number}).status_code == 200
    for kind in ("reply", "forward", "draft"):
        assert reader.get(f"{here}compose", {kind: number}).status_code == 200
    values = {"selected": number, "do": "delete", "folder": "INBOX"}
    assert reader.post(f"{here}act", values).status_code == 303
    assert reader.post(f"{here}undo?uids={number}&from=Trash&to=INBOX").status_code == 303
    answers = f"folder=INBOX&uid={number}&kind=forward"
    draft = {"do": "draft", "to": "", "text": "Words", "answers": answers[:600]}
    assert reader.post(f"{here}compose", draft).status_code == 303
    if number.isascii() and number.isdigit():
        assert reader.get(f"{here}messages/{number[:20]}").status_code == 404


def test_control_characters_in_a_search_are_left_out(
    engine_here: Running, box: Mailbox, reader: Client
) -> None:
    deliver(engine_here, offer(), expected=1)
    found = reader.get(f"/mail/{box.pk}/", {"q": "Offerte\x00\x01\x7f"})
    assert [each.subject for each in found.context["page"].messages] == ["Offerte für Röstigraben"]


def test_search_finds_words_in_any_language(engine_here: Running, box: Mailbox, reader: Client) -> None:
    deliver(engine_here, offer(), expected=1)
    deliver(engine_here, b"Subject: Other\r\n\r\nNothing here\r\n", expected=2)
    found = reader.get(f"/mail/{box.pk}/?q=Offerte Röstigraben")
    assert [each.subject for each in found.context["page"].messages] == ["Offerte für Röstigraben"]
    assert "Nothing found" in texts(reader.get(f"/mail/{box.pk}/?q=zebra"))


def test_pages_of_fifty_meet_without_gap(engine_here: Running, box: Mailbox) -> None:
    with imap.open_mailbox("info@acme.example") as session:
        for number in range(120):
            session.append("INBOX", f"Subject: {number}\r\n\r\n.\r\n".encode())
        first = session.page("INBOX")
        second = session.page("INBOX", before=first.older)
        third = session.page("INBOX", before=second.older)
    seen = [each.subject for page in (first, second, third) for each in page.messages]
    assert seen == [str(number) for number in reversed(range(120))]
    assert (len(first.messages), third.older, first.total) == (50, None, 120)


@pytest.mark.spec("MAIL-12", "ORG-7")
def test_nobody_else_gets_in(
    engine_here: Running, box: Mailbox, client: Client, ana: Person, zoe: Person
) -> None:
    deliver(engine_here, offer(), expected=1)
    address = f"/mail/{box.pk}/messages/{newest_uid()}/body"
    assert client.get(address).status_code == 302
    client.force_login(zoe)
    assert client.get(address).status_code == 404
    client.force_login(ana)  # owner, but she has not linked the mailbox to her account
    assert client.get(address).status_code == 404


def test_reading_without_sending(
    engine_here: Running, box: Mailbox, reader: Client, owner: Actor, ben: Person
) -> None:
    grant = {"right": "mail.use", "service_id": box.service_id, "resource": box.resource}
    change_access(owner, Membership.objects.get(person=ben), grants=[grant])
    assert reader.get(f"/mail/{box.pk}/").status_code == 200
    answer = reader.post(f"/mail/{box.pk}/compose", {"do": "send", "to": "ben@acme.example", "text": "x"})
    assert answer.status_code == 403 and engine_here.inbox("ben@acme.example") == []


def test_a_sign_in_ends_here_too_where_the_organization_limits_it_and_no_word_is_lost(
    engine_here: Running, box: Mailbox, owner: Actor, ben: Person, client: Client
) -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    folder, again = f"/mail/{box.pk}/", f"/account/again?next=%2Fmail%2F{box.pk}%2F"
    with clock.travel(noon):
        limit_sessions(owner, box.organization, hours=8, begins=noon.date())
        client.post("/login", {"email": ben.email, "password": PASSWORD})
        assert client.get(folder).status_code == 200
    with clock.travel(noon + timedelta(hours=8, minutes=1)):
        asked = client.get(folder)
        assert (asked.status_code, asked["Location"]) == (302, again)
        assert client.get(f"/mail/{box.pk}/compose")["Location"] == f"{again}compose"
        words = {"do": "send", "to": "ben@acme.example", "subject": "Long", "text": "All my words"}
        answer = client.post(f"/mail/{box.pk}/compose", words)
        assert (answer.status_code, answer["Location"]) == (302, again)
        assert (engine_here.inbox(folder="Sent"), engine_here.inbox("ben@acme.example")) == ([], [])
        (draft,) = engine_here.inbox(folder="Drafts")
        assert b"All my words" in draft
        assert client.post(f"/mail/{box.pk}/act", {"do": "empty", "folder": "Drafts"})["Location"] == again
        assert Client().get(folder)["Location"].startswith("/login")
        client.post(again, {"current_password": PASSWORD})
        assert client.get(folder).status_code == 200


@given(st.text(max_size=60))
def test_folder_names_travel_there_and_back(name: str) -> None:
    name = name.encode("utf-8", "ignore").decode()
    assert imap.from_utf7(imap.to_utf7(name).encode("ascii")) == name


@given(st.binary(max_size=80))
def test_hostile_folder_names_are_only_names(raw: bytes) -> None:
    assert isinstance(imap.from_utf7(raw), str)
