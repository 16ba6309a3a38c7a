"""Writing a mail: rendered in the reader's language and zone, kept as a row, its delivery enqueued."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template, render_to_string
from django.utils import timezone, translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kanton.config import config
from kanton.core import clock, jobs
from kanton.core.action import is_dry_run, note_mail
from kanton.core.jobs.context import present_cause
from kanton.core.outbox import Attachment, Prose
from kanton.core.outbox.letter import Letter, as_text, clean, parse
from kanton.core.outbox.models import Mail, MailAttachment


def write_mail(
    to: str,
    template: str,
    context: Mapping[str, Any],
    *,
    language: str,
    time_zone: str,
    kind: str,
    unique_key: str | None,
    secret: bool = False,
    reply_to: str = "",
    attachments: Sequence[Attachment] = (),
) -> Mail:
    """The mail's row, rendered, with its delivery enqueued; the existing row when the unique key is taken."""
    if unique_key is not None and (known := Mail.objects.filter(unique_key=unique_key).first()):
        return known
    with translation.override(language), timezone.override(time_zone or config.operator.time_zone):
        subject, text, html = render(to, template, context)
    cause = present_cause()
    sender = _sender_of(kind, cause.organization_id)
    goes_to = next((other for redirect in _redirects if (other := redirect(to)) is not None), to)
    mail = Mail(
        to=goes_to or to,
        subject=subject,
        text=text,
        html=html,
        language=language,
        template=template,
        kind=kind,
        unique_key=unique_key,
        is_secret=secret,
        reply_to=reply_to or sender.reply_to,
        sender=sender.name,
        actor=cause.actor,
        organization_id=cause.organization_id,
        # Not make_msgid: its chance repeats with the seed, and it tells strangers our process number.
        message_id=f"<{secrets.token_hex(16)}@{config.operator.email.rpartition('@')[2]}>",
    )
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
            MailAttachment.objects.bulk_create(
                MailAttachment(mail=mail, name=clean(file.name)[:200], content_type=file.content_type,
                               content=file.content)
                for file in attachments
            )  # fmt: skip
            if not goes_to:
                mail.failed("The reader has no address at the moment.")
            elif not is_dry_run():
                from kanton.core.outbox.tasks import deliver_mail

                jobs.enqueue(deliver_mail, mail.pk)
    except IntegrityError:
        # Somebody wrote the mail of this key at the same moment; theirs is the one.
        if unique_key is None:
            raise
        return Mail.objects.get(unique_key=unique_key)
    note_mail(to, mail.subject)
    return mail


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose mail it is: the name beside the provider's, and where answers go. Empty: the provider's."""

    name: str = ""
    reply_to: str = ""


# What an organization writes to its people. All other mails are the provider's, those about security above all.
OF_ORGANIZATIONS = frozenset({"invitation", "membership", "organization"})
_senders: list[Callable[[str, int | None], Sender | None]] = []


def register_sender(find: Callable[[str, int | None], Sender | None]) -> None:
    """`find(kind, organization_id)` answers who writes such a mail of this organization, None for the provider."""
    if find not in _senders:
        _senders.append(find)


def _sender_of(kind: str, organization_id: int | None) -> Sender:
    if kind in OF_ORGANIZATIONS:
        for find in _senders:
            if (found := find(kind, organization_id)) is not None:
                return found
    return Sender()


_redirects: list[Callable[[str], str | None]] = []


def register_redirect(redirect: Callable[[str], str | None]) -> None:
    """`redirect(address)` answers where its mail goes instead, "" for nowhere, None when it is no case for it."""
    if redirect not in _redirects:
        _redirects.append(redirect)


def render(to: str, template: str, context: Mapping[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML of a mail, in the language and zone active now."""
    values = tamed(context) | {"operator": config.operator, "console": config.web.address, "to": to}
    letter = parse(render_plainly(f"emails/{template}.txt", values))
    if not letter.subject:
        raise ValueError(f"emails/{template}.txt has no subject in its first line")
    footer = _footer(letter, values)
    dress = values | {
        "subject": letter.subject,
        "blocks": letter.blocks,
        "footer": footer,
        "language": translation.get_language(),
    }
    try:
        html = render_to_string(f"emails/{template}.html", dress)
    except TemplateDoesNotExist:
        html = render_to_string("emails/layout.html", dress)
    return letter.subject, as_text(letter, footer), html


def render_plainly(name: str, values: Mapping[str, Any]) -> str:
    """A text template, without HTML escaping."""
    backend = get_template(name)
    return str(backend.template.render(Context(dict(values), autoescape=False)))  # type: ignore[attr-defined]


def tamed(context: Mapping[str, Any]) -> dict[str, Any]:
    """The values with everything taken out by which a person's words could pass for ours.

    Line breaks go, and the scheme of foreign addresses, so that a name like "Win at https://evil.example" does not
    become a link in our mail. Values marked safe, and links into our own console, stay as they are.
    """
    return {name: _tame(value) for name, value in context.items()}


def _tame(value: Any) -> Any:
    if isinstance(value, SafeString):
        return value
    if isinstance(value, str):
        value = clean(value, keep_lines=isinstance(value, Prose))
        if not value.startswith(config.web.address + "/"):
            value = value.replace("https://", "").replace("http://", "")
        return value
    if isinstance(value, Mapping):
        return {key: _tame(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_tame(each) for each in value]
    return _Tamed(value) if isinstance(value, Model) else value


class _Tamed:
    """A row of the database in a template: whatever is read from it is tamed too."""

    __slots__ = ("_row",)

    def __init__(self, row: Model) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return _tame(getattr(self._row, name))

    def __str__(self) -> str:
        return str(_tame(str(self._row)))

    def __eq__(self, other: object) -> bool:
        return self._row == (other._row if isinstance(other, _Tamed) else other)

    def __hash__(self) -> int:
        return hash(self._row)


def _footer(letter: Letter, values: Mapping[str, Any]) -> list[str]:
    operator = config.operator
    lines = [
        letter.because
        or _("You get this mail because of your account at %(operator)s.") % {"operator": operator.name}
    ]
    if any(isinstance(value, datetime) for value in values.values()):
        zone = timezone.get_current_timezone_name()
        offset = timezone.localtime(clock.now()).strftime("%z")
        lines.append(
            _("Times are those of %(zone)s (UTC%(offset)s).")
            % {"zone": zone.replace("_", " "), "offset": f"{offset[:3]}:{offset[3:]}"}
        )
    lines.append(
        _("We never ask for your password by mail. Sign in only at %(address)s")
        % {"address": config.web.address}
    )
    place = f"{operator.legal_name}, {operator.street}, {operator.zip} {operator.city}"
    lines.append(f"{place} · {operator.support_email}")
    return lines
