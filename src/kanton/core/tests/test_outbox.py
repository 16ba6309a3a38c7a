"""Mails and short messages: written with the change, in the reader's language and zone, delivered once, forgotten."""

from __future__ import annotations

import email
import email.policy
import json
import mailbox
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import connection, transaction
from django.template import engines
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kanton.config import config, overriding
from kanton.core import clock
from kanton.core.action import dry_run
from kanton.core.actor import Actor, System
from kanton.core.errors import TooMany
from kanton.core.jobs import caused_by
from kanton.core.jobs.models import Job, JobState
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox import Attachment, Prose, send_mail, send_sms, sms_is_available, transports
from kanton.core.outbox.letter import as_text, clean, parse
from kanton.core.outbox.models import Mail, MailState, Sms
from kanton.core.outbox.sms import NoSmsGateway, NotAPhoneNumber
from kanton.core.outbox.tasks import deliver_mail, forget_old_messages
from kanton.core.outbox.testing import Outbox
from kanton.core.templatetags import letters

pytestmark = pytest.mark.django_db

INVITATION = """{% load i18n letters %}{% translate "Invitation" %} – {{ organization }}

{{ by }} invites you to {{ organization }}.
The invitation is open until {{ until|moment }}.

- one
- two

{% fact "Role" role %}
{% fact "Price" "CHF 9.90" %}

{% button link %}Accept the invitation{% endbutton %}

{% code "123 456" %}

{% because %}You get this mail because {{ by }} typed your address.{% endbecause %}
"""
SIMPLE = "Hello {{ name }}\n\nAll is well, {{ name }}.\n"
CODE = "Your code\n\n{% load letters %}{% code digits %}\n"
SMS = "{{ operator.name }}: your code is {{ digits }}.\n"


@pytest.fixture(autouse=True)
def _templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of our own, beside those of the rooms."""
    from django.template.loaders.locmem import Loader

    engine: Any = engines["django"]
    own = Loader(
        engine.engine,
        {
            "emails/tests/invitation.txt": INVITATION,
            "emails/tests/simple.txt": SIMPLE,
            "emails/tests/code.txt": CODE,
            "emails/tests/row.txt": "Row\n\n{{ job.actor }}, {{ job.reason }}, {{ job }}\n",
            "sms/tests/code.txt": SMS,
        },
    )
    monkeypatch.setattr(engine.engine, "template_loaders", [own, *engine.engine.template_loaders])


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of its own for each test."""
    with overriding(home=tmp_path):
        yield tmp_path


def write(template: str = "tests/simple", **options: Any) -> Mail:
    """A mail to Ana."""
    context = options.pop("context", {"name": "Ana"})
    return send_mail(options.pop("to", "ana@acme.example"), template, context, **options)


def invitation(**options: Any) -> Mail:
    """The richest mail."""
    context = {
        "organization": "Acme",
        "by": "Ana",
        "role": "Administrator",
        "until": datetime(2026, 7, 1, 12, 30, tzinfo=UTC),
        "link": f"{config.web.address}/invitations/abc",
    } | options.pop("context", {})
    return write("tests/invitation", context=context, **options)


def in_folder(home: Path) -> list[EmailMessage]:
    """The messages in the Maildir, as a mail program reads them."""
    box = mailbox.Maildir(home / "outbox", create=False)
    return [
        email.message_from_bytes(box.get_bytes(key), policy=email.policy.default)
        for key in sorted(box.keys())
    ]


def part(message: EmailMessage, kind: str) -> str:
    """The text of one of the alternatives."""
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_a_mail_exists_exactly_if_the_change_does() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write()
        raise ZeroDivisionError
    assert not Mail.objects.exists() and not Job.objects.exists()


def test_no_two_mails_have_the_same_id_even_when_chance_begins_anew() -> None:
    """Property tests seed `random` before each example: what took its chance from there met itself again."""
    ids = set()
    for _ in range(20):
        random.seed(1)
        ids.add(write().message_id)
    assert len(ids) == 20


def test_a_mail_is_delivered_once_however_often_the_job_runs(home: Path) -> None:
    mail = write()
    assert run_jobs() == 1
    Mail.objects.update(state=MailState.WAITING)  # as if the worker had died before it could say so
    deliver_mail.call(mail.pk)
    deliver_mail.call(mail.pk)
    messages = in_folder(home)
    assert [(m["Message-ID"], m["To"], m["Subject"]) for m in messages] == [
        (mail.message_id, "ana@acme.example", "Hello Ana")
    ]
    mail.refresh_from_db()
    assert (mail.state, mail.transport, mail.sent_at is not None) == (MailState.SENT, "folder", True)


def test_one_source_makes_the_text_and_the_console_like_html(home: Path) -> None:
    invitation(language="en", time_zone="Europe/Zurich")
    run_jobs()
    (message,) = in_folder(home)
    text, html = part(message, "plain"), part(message, "html")
    summer = 2 if datetime.now(clock.operator_zone()).dst() else 1
    assert message["Subject"] == "Invitation – Acme"
    assert text == (
        "Ana invites you to Acme.\n"
        "The invitation is open until 1 July 2026, 14:30 CEST.\n\n"
        "- one\n- two\n\n"
        "Role: Administrator\nPrice: CHF 9.90\n\n"
        f"Accept the invitation:\n{config.web.address}/invitations/abc\n\n"
        "    123 456\n\n"
        "-- \n"
        "You get this mail because Ana typed your address.\n"
        f"Times are those of Europe/Zurich (UTC+0{summer}:00).\n"
        "We never ask for your password by mail. Sign in only at http://localhost:8000\n"
        "Alpenhost AG, Kirchenfeldstrasse 12, 3005 Bern · support@alpenhost.example\n"
    )
    assert '<html lang="en"' in html and "<li" in html and "Accept the invitation</a>" in html
    assert "prefers-color-scheme: dark" in html
    # Nothing is fetched and nothing is counted (look.md).
    assert "<img" not in html and "url(" not in html and "<link" not in html and "<script" not in html
    assert message["Auto-Submitted"] == "auto-generated"


@pytest.mark.spec("ACC-19")
def test_a_mail_speaks_the_readers_language_and_names_the_zone_of_its_times(home: Path) -> None:
    invitation(language="de", time_zone="America/New_York")
    run_jobs()
    (message,) = in_folder(home)
    text = part(message, "plain")
    assert "1. Juli 2026 08:30 EDT" in text
    assert "America/New York (UTC-0" in text
    assert message["Content-Language"] == "de" and '<html lang="de"' in part(message, "html")


def test_a_name_cannot_bring_lines_links_or_markup_into_our_mail() -> None:
    mail = invitation(
        context={
            "organization": "Acme\r\nBcc: all@example.org\n\nPay at https://evil.example/now \u202e\ue000x\ue005",
            "by": '<a href="https://evil.example">Ana</a>',
        }
    )
    assert mail.subject == "Invitation – Acme Bcc: all@example.org Pay at evil.example/now x"
    assert "https://evil" not in mail.text + mail.html and "<a href=&quot;" in mail.html.replace("&lt;", "<")
    assert mail.text.count("\n\n") == invitation().text.count("\n\n")
    message = transports.as_message(mail)
    assert message["Bcc"] is None and list(message.keys()).count("To") == 1


def test_what_a_template_reads_from_a_row_is_tamed_too() -> None:
    job = Job(task="x", actor="Ana\nhttps://evil.example/pay", reason="line\u202e")
    mail = write("tests/row", context={"job": job})
    assert mail.text.startswith("Ana evil.example/pay, line, x None\n")


def test_prose_keeps_its_lines() -> None:
    assert "line one\nline two" in write(context={"name": Prose("line one\nline two")}).text


def test_a_mail_of_one_key_is_written_once() -> None:
    first, second = write(unique_key="renewal:7"), write(unique_key="renewal:7")
    assert (first.pk, Mail.objects.count(), Job.objects.count()) == (second.pk, 1, 1)


def test_a_mail_remembers_who_asked() -> None:
    with caused_by("Ana Keller", 7):
        mail = write()
    assert (mail.actor, mail.organization_id) == ("Ana Keller", 7)


def test_the_text_is_not_readable_in_the_database() -> None:
    write(context={"name": "Zebra"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, html FROM core_mail")
        assert "Zebra" not in "".join(cursor.fetchone())


def test_a_dry_run_tells_of_the_mail_and_writes_none() -> None:
    def act(actor: Actor) -> None:
        write()

    effect = dry_run(act, System("tests"))
    assert effect.mails == [("ana@acme.example", "Hello Ana")]
    assert not Mail.objects.exists() and not Job.objects.exists()


def test_files_go_along(home: Path) -> None:
    write(attachments=[Attachment("Rechnung 2026-1 für Zoë.pdf", b"%PDF-1.7\x00\xff", "application/pdf")])
    run_jobs()
    (message,) = in_folder(home)
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == (
        "Rechnung 2026-1 für Zoë.pdf",
        "application/pdf",
    )
    assert file.get_content() == b"%PDF-1.7\x00\xff"


def test_every_try_sends_the_same_bytes() -> None:
    mail = invitation(attachments=[Attachment("a.txt", b"a", "text/plain")])
    with clock.travel(clock.now() + timedelta(days=1)):
        later = transports.as_message(Mail.objects.get()).as_bytes()
    assert transports.as_message(mail).as_bytes() == later


def test_addresses_of_every_alphabet_are_written_as_the_wire_wants_them() -> None:
    assert transports.ascii_address("info@zürich.example") == "info@xn--zrich-kva.example"
    with pytest.raises(transports.Refused):
        transports.ascii_address("info@a..example")


def test_a_full_disk_leaves_the_mail_waiting_with_the_reason(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    mail = write()
    monkeypatch.setattr("os.fsync", full)
    run_jobs(raising=False)
    mail.refresh_from_db()
    assert (mail.state, Job.objects.get().state) == (MailState.WAITING, JobState.WAITING)
    assert "No space left" in mail.reason
    monkeypatch.undo()
    run_jobs(even_later=True)
    mail.refresh_from_db()
    assert (mail.state, mail.reason) == (MailState.SENT, "")


class Relay:
    """A real SMTP server that answers as told."""

    def __init__(self) -> None:
        self.received: list[tuple[str, list[str], bytes]] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        """Take the message, or say the next answer."""
        if self.answers:
            return self.answers.pop(0)
        self.received.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 taken"


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay on a free port, set in the configuration."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    handler = Relay()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    smtp = {
        "relay_host": "127.0.0.1",
        "relay_port": port,
        "relay_tls": "none",
        "outgoing": "relay",
        "enabled": False,
    }
    with overriding(outbox={"transport": "smtp"}, smtp=smtp):
        yield handler
    controller.stop()


def test_a_relay_gets_the_mail_and_a_later_hurdle_is_jumped_with_the_same_message_id(relay: Relay) -> None:
    mail = write(to="ana@zürich.example")
    relay.answers = ["451 try later"]
    run_jobs(raising=False)
    mail.refresh_from_db()
    assert (mail.state, mail.reason, relay.received) == (MailState.WAITING, "451 try later", [])
    run_jobs(even_later=True)
    ((sender, recipients, content),) = relay.received
    assert (sender, recipients) == ("hello@alpenhost.example", ["ana@xn--zrich-kva.example"])
    assert mail.message_id.encode() in content
    mail.refresh_from_db()
    assert (mail.state, mail.transport) == (MailState.SENT, "relay")


def test_a_refused_mail_fails_at_once_with_the_words_of_the_other_side(relay: Relay) -> None:
    mail = write()
    relay.answers = ["550 no such person"]
    run_jobs(raising=False)
    mail.refresh_from_db()
    assert (mail.state, mail.reason) == (MailState.FAILED, "550 no such person")
    assert Job.objects.get().state == JobState.FAILED


def test_without_a_way_out_the_mail_waits_and_says_what_to_set() -> None:
    with overriding(outbox={"transport": "smtp"}, smtp={"enabled": False}):
        mail = write()
        run_jobs(raising=False)
    mail.refresh_from_db()
    assert mail.state == MailState.WAITING and "smtp.relay_host" in mail.reason


def test_our_own_mail_servers_take_it_where_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[str, str, str]] = []
    monkeypatch.setattr(transports, "_post", [])
    transports.set_post(lambda message, sender, to, key: taken.append((sender, to, key)))
    with overriding(outbox={"transport": "smtp"}, smtp={"enabled": True}):
        mail = write()
        run_jobs()
    assert taken == [("hello@alpenhost.example", "ana@acme.example", mail.message_id)]


@pytest.mark.spec("ACC-30")
def test_a_code_is_erased_once_it_was_sent(relay: Relay) -> None:
    mail = write("tests/code", context={"digits": "874 120"}, secret=True)
    run_jobs()
    assert b"874 120" in relay.received[0][2]
    mail.refresh_from_db()
    assert (mail.text, mail.html, mail.is_erased) == ("", "", True)


def test_texts_are_forgotten_after_a_while_and_rows_after_years(home: Path) -> None:
    old, waiting, new = (write(attachments=[Attachment("a", b"a")]) for _ in range(3))
    ancient = write()
    month = clock.now() - timedelta(days=31)
    Mail.objects.exclude(pk=new.pk).update(created_at=month)
    Mail.objects.filter(pk=ancient.pk).update(created_at=clock.now() - timedelta(days=800))
    Mail.objects.exclude(pk=waiting.pk).update(state=MailState.SENT)
    assert forget_old_messages.call() == 2
    assert {mail.pk: mail.is_erased for mail in Mail.objects.all()} == {
        old.pk: True,
        waiting.pk: False,
        new.pk: False,
    }
    assert Mail.objects.get(pk=old.pk).text == "" and not old.attachments.exists()
    assert new.attachments.count() == 1


def test_the_fixture_lists_what_was_written() -> None:
    outbox = Outbox()
    invitation()
    assert [(m.to, m.template) for m in outbox] == [(["ana@acme.example"], "tests/invitation")]
    assert (len(outbox), outbox[0].link) == (1, f"{config.web.address}/invitations/abc")


# Short messages.


@pytest.mark.spec("ACC-74")
def test_without_a_gateway_no_short_message_is_offered() -> None:
    assert not sms_is_available()
    with pytest.raises(NoSmsGateway):
        send_sms("+41791234567", "tests/code", {"digits": "1"})
    assert not Sms.objects.exists()


def test_the_log_gateway_writes_each_message_once(home: Path) -> None:
    with overriding(outbox={"sms_gateway": "log"}):
        sms = send_sms("+41 79 123 45 67", "tests/code", {"digits": "874120"}, kind="code")
        run_jobs()
        Sms.objects.update(state=MailState.WAITING)
        from kanton.core.outbox.tasks import deliver_sms

        deliver_sms.call(sms.pk)
    (line,) = (home / "outbox" / "sms.log").read_text().splitlines()
    assert {k: json.loads(line)[k] for k in ("to", "text")} == {
        "to": "+41791234567",
        "text": "Alpenhost: your code is 874120.",
    }
    sms.refresh_from_db()
    assert (sms.state, sms.transport) == (MailState.SENT, "log")


@pytest.mark.parametrize("number", ["079 123 45 67", "+0791234567", "+41", "+41x", "+4179123456789012"])
def test_a_number_without_its_country_is_refused(number: str) -> None:
    with overriding(outbox={"sms_gateway": "log"}), pytest.raises(NotAPhoneNumber):
        send_sms(number, "tests/code", {"digits": "1"})


@pytest.mark.spec("ACC-59")
def test_the_short_messages_of_a_day_are_capped_for_the_whole_installation() -> None:
    begin = clock.now()
    with overriding(outbox={"sms_gateway": "log", "sms_per_day": 3}):
        for hours in (0, 1, 2):
            with clock.travel(begin + timedelta(hours=hours)):
                send_sms("+41791234567", "tests/code", {"digits": "1"})
        with clock.travel(begin + timedelta(hours=3)), pytest.raises(TooMany) as refusal:
            send_sms("+41791234567", "tests/code", {"digits": "1"})
        assert 20.9 * 3600 < refusal.value.params["seconds"] <= 21 * 3600
        with clock.travel(begin + timedelta(hours=24, seconds=1)):
            send_sms("+41791234567", "tests/code", {"digits": "1"})
    assert Sms.objects.count() == 4


# The pure parts.


@given(st.text())
def test_what_people_write_never_holds_our_marks_or_a_second_line(text: str) -> None:
    cleaned = clean(text)
    assert not any(
        "\ue000" <= character <= "\ue00f" or character in "\r\n\x00\u202e" for character in cleaned
    )


@given(st.text())
def test_any_rendered_text_becomes_a_letter(text: str) -> None:
    letter = parse(text)
    assert "\n" not in letter.subject
    assert as_text(letter, ["footer"]).endswith("-- \nfooter\n")


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "22 November 2026, 15:10 CET"),
        ("de", "22. November 2026 15:10 CET"),
        ("it", "22 novembre 2026 15:10 CET"),
        ("es", "22 de noviembre de 2026 a las 15:10 CET"),
    ],
)
def test_a_moment_reads_within_a_sentence_of_each_language(language: str, written: str) -> None:
    with translation.override(language), timezone.override("Europe/Zurich"):
        assert letters.moment(datetime(2026, 11, 22, 14, 10, tzinfo=UTC)) == written
