"""From a form to a message, and from a message to the form that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kanton.products.mail import mime
from kanton.products.mail.webmail.imap import MailSession, uid_of
from kanton.ui import formats


def beginning(session: MailSession, me: mime.Person, query: Mapping[str, str]) -> dict[str, Any]:
    """What the form starts with: nothing, an address, or the message that is answered, forwarded or resumed."""
    folder = query.get("folder", "INBOX")
    for kind in mime.ReplyKind:
        if uid := uid_of(query.get(kind, "")):
            view = mime.read(session.raw(folder, uid)[0])
            draft = mime.reply(view, kind, sender=me, own=[me.address], attribution=_attribution(view, kind))
            return _as_initial(draft) | {"answers": urlencode({"folder": folder, "uid": uid, "kind": kind})}
    if uid := uid_of(query.get("draft", "")):
        view = mime.read(session.raw(folder, uid)[0])
        resumed = mime.Draft(me, view.to, view.cc, view.bcc, view.subject, view.text.rstrip("\n"))
        references = view.references
        return _as_initial(replace(resumed, references=references, in_reply_to="".join(references[-1:]))) | {
            "answers": urlencode({"folder": folder, "uid": uid, "kind": "draft"})
        }
    return {"to": query.get("to", "")[:1000], "subject": query.get("subject", "")[:900]}


def draft_from(values: Mapping[str, Any], *, me: mime.Person, session: MailSession) -> mime.Draft:
    """The message that the form describes. A forwarded or resumed message brings its attachments along."""
    enclosures = [
        mime.Enclosure(file.name or "", file.content_type or "application/octet-stream", file.read())
        for file in values["attachments"]
    ]
    source = _source(values["answers"])
    if source and source[2] in (mime.ReplyKind.FORWARD, "draft"):
        enclosures += _attachments_of(session.raw(source[0], source[1])[0])
    return mime.Draft(
        sender=me,
        to=tuple(values["to"]),
        cc=tuple(values["cc"]),
        bcc=tuple(values["bcc"]),
        subject=values["subject"],
        text=values["text"],
        enclosures=tuple(enclosures),
        in_reply_to=values["in_reply_to"],
        references=tuple(values["references"].split()),
    )


def answered(text: str) -> tuple[str, int] | None:
    """(folder, uid) of the message that this one replies to; None for a new, forwarded or resumed one."""
    source = _source(text)
    return (source[0], source[1]) if source and source[2].startswith("reply") else None


def resumed(text: str) -> tuple[str, int] | None:
    """(folder, uid) of the draft that this message was, to be removed once it is sent or kept anew."""
    source = _source(text)
    return (source[0], source[1]) if source and source[2] == "draft" else None


def _as_initial(draft: mime.Draft) -> dict[str, Any]:
    return {
        "to": ", ".join(map(str, draft.to)),
        "cc": ", ".join(map(str, draft.cc)),
        "bcc": ", ".join(map(str, draft.bcc)),
        "subject": draft.subject,
        "text": draft.text,
        "in_reply_to": draft.in_reply_to,
        "references": " ".join(draft.references),
    }


def _attachments_of(raw: bytes) -> list[mime.Enclosure]:
    return [mime.attachment(raw, each.number) for each in mime.read(raw).attachments]


def _attribution(view: mime.MessageView, kind: mime.ReplyKind) -> str:
    who = ", ".join(map(str, view.senders))
    when = formats.datetime(view.date) if view.date else ""
    if kind is not mime.ReplyKind.FORWARD:
        if not when:
            return _("%(who)s wrote:") % {"who": who}
        return _("%(who)s wrote on %(when)s:") % {"who": who, "when": when}
    lines = (
        (pgettext("sender", "From"), who),
        (_("To"), ", ".join(map(str, view.to))),
        (_("Date"), when),
        (_("Subject"), view.subject),
    )
    head = "\n".join(f"{label}: {value}" for label, value in lines if value)
    return f"---- {_('Forwarded message')} ----\n{head}"


def _source(text: str) -> tuple[str, int, str] | None:
    found = parse_qs(text)
    folder, uid, kind = (found.get(key, [""])[0] for key in ("folder", "uid", "kind"))
    number = uid_of(uid)
    return (folder, number, kind) if folder and number else None
