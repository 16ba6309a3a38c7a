"""Mails and short messages that Kanton itself writes: rows of the action's transaction, delivered by a job.

    send_mail(person.email, "organizations/role_changed", {"role": role}, language=person.language, kind="membership")

The text lives in the room as `templates/emails/<room>/<name>.txt`. Its first line is the subject; the rest becomes the
text part and, in the console's dress, the HTML part, so that one source is written and translated:

    {% load letters %}{% blocktranslate %}Join {{ organization }}{% endblocktranslate %}

    {% blocktranslate %}{{ invited_by }} invites you to {{ organization }}.{% endblocktranslate %}

    {% button link %}{% translate "Accept the invitation" %}{% endbutton %}

    {% because %}{% blocktranslate %}{{ invited_by }} typed your address on the page “People”.{% endblocktranslate %}
    {% endbecause %}

Paragraphs are parted by empty lines; lines that begin with "- " are a list. `{% fact label value %}` makes a row of a
small table and `{% code digits %}` a code to be typed. A mail that needs a dress of its own adds `<name>.html`,
extending `emails/layout.html`. Times in the context are shown in the reader's zone, which the footer names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kanton.core.outbox.models import Mail, Sms

__all__ = ["Attachment", "Prose", "send_mail", "send_sms", "sms_is_available"]


class Prose(str):
    """Text by a person that keeps its line breaks in a mail; all other values are brought onto one line."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    content_type: str = "application/octet-stream"


def send_mail(
    to: str,
    template: str,
    context: Mapping[str, Any],
    *,
    language: str = "en",
    time_zone: str = "",
    kind: str = "",
    unique_key: str | None = None,
    secret: bool = False,
    reply_to: str = "",
    attachments: Sequence[Attachment] = (),
) -> Mail:
    """Write a mail into the outbox, in the reader's language and time zone; a job delivers it after the commit.

    With `unique_key`, a mail of that key is written once. `secret` is for codes and links that open something: no page
    for staff shows them (ACC-30), and they are erased once delivered. Call it inside an action or a job's transaction.
    """
    from kanton.core.outbox.sending import write_mail

    return write_mail(
        to,
        template,
        context,
        language=language,
        time_zone=time_zone,
        kind=kind,
        unique_key=unique_key,
        secret=secret,
        reply_to=reply_to,
        attachments=attachments,
    )


def send_sms(
    to: str,
    template: str,
    context: Mapping[str, Any],
    *,
    language: str = "en",
    time_zone: str = "",
    kind: str = "",
    secret: bool = False,
) -> Sms:
    """Write a short message to a number such as +41791234567, from `templates/sms/<template>.txt`.

    Raises TooMany when the day's messages of the whole installation are used up (ACC-59), and NoSmsGateway when
    none is configured: ask `sms_is_available` before you offer it (ACC-74).
    """
    from kanton.core.outbox.sms import write_sms

    return write_sms(to, template, context, language=language, time_zone=time_zone, kind=kind, secret=secret)


def sms_is_available() -> bool:
    """Whether a gateway for short messages is configured."""
    from kanton.config import config

    return bool(config.outbox.sms_gateway)
