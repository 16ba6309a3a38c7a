"""The webmail's pages. Each opens the mailbox for one request; what it shows is what IMAP says."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.core.actor import Actor
from kanton.core.errors import Invalid
from kanton.organizations.policies.sessions import prove_again
from kanton.organizations.queries import organization_for
from kanton.organizations.shell import logo_address
from kanton.products.mail import mime
from kanton.products.mail.engine.configured import mail_engine
from kanton.products.mail.engine.port import SendingRefused
from kanton.products.mail.errors import InMaintenance
from kanton.products.mail.models import Mailbox
from kanton.products.mail.webmail import writing
from kanton.products.mail.webmail.access import all_in_maintenance, mailbox_for, mailboxes_of
from kanton.products.mail.webmail.forms import ComposeForm
from kanton.products.mail.webmail.imap import (
    ANSWERED,
    DRAFT,
    FLAGGED,
    SEEN,
    Folder,
    MailSession,
    open_mailbox,
    uid_of,
)
from kanton.ui.hx import finished

P = ParamSpec("P")
SHOWN_BYTES_MAX = 64 * 1024 * 1024
"""A larger message is offered for download instead of being opened in the browser."""
INLINE_TYPES = {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"}
BODY_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data:{remote}; font-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


class MailRequest(HttpRequest):
    """A request of somebody who is signed in."""

    actor: Actor


def signed_in(
    view: Callable[Concatenate[MailRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Send signed-out readers to sign-in first."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        actor = request.actor  # type: ignore[attr-defined]
        if not actor.is_signed_in:
            return HttpResponseRedirect(f"/login?{urlencode({'next': request.get_full_path()})}")
        response = view(request, *args, **kwargs)  # type: ignore[arg-type]
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)


def in_mailbox(
    *, sending: bool = False
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Give the view the mailbox that the address names. Where its organization limits how long a sign-in lasts, people
    prove themselves again as on its pages; what they were writing is kept as a draft for them."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def opened(request: MailRequest, *args: Any, mailbox: int, **kwargs: Any) -> HttpResponse:
            box = mailbox_for(request.actor, mailbox, sending=sending)
            home = reverse("webmail:folder", args=[box.pk])
            again = prove_again(request, box.organization, home=home)
            if again is None:
                return view(request, box, *args, **kwargs)
            if sending and request.method == "POST":
                _keep_draft(request, box)
            return again

        return signed_in(opened)

    return decorate


@require_GET
@signed_in
def home(request: MailRequest) -> HttpResponse:
    """The inbox of the first mailbox (of the organization that was switched to), or how to get one (ORG-18)."""
    mailboxes = mailboxes_of(request.actor)
    if slug := request.GET.get("organization", "")[:60]:
        organization = organization_for(request.actor, slug)
        mailboxes = [box for box in mailboxes if box.organization_id == organization.pk]
        if not mailboxes:
            return render(request, "webmail/none.html", {"organization": organization})
    if mailboxes:
        return HttpResponseRedirect(reverse("webmail:folder", args=[mailboxes[0].pk]))
    if all_in_maintenance(request.actor):
        raise InMaintenance
    return render(request, "webmail/none.html")


@require_GET
@in_mailbox()
def folder(request: MailRequest, box: Mailbox) -> HttpResponse:
    """The messages of a folder, newest first, 50 a page; or those that a search finds."""
    name, search = _folder_name(request), mime.cleaned(request.GET.get("q", "")).strip()[:200]
    with open_mailbox(box.address) as session:
        context = _frame(request, box, session, name)
        context["page"] = session.page(name, before=uid_of(request.GET.get("before", "")), search=search)
    context |= {"search": search, "is_later": "before" in request.GET}
    return render(request, "webmail/folder.html", context)


@require_GET
@in_mailbox()
def message(request: MailRequest, box: Mailbox, uid: int) -> HttpResponse:
    """One message. Reading marks it as read."""
    name = _folder_name(request)
    with open_mailbox(box.address) as session:
        envelope = session.envelope(name, uid)
        view = None
        if envelope.size <= SHOWN_BYTES_MAX:
            view = mime.read(session.raw(name, uid)[0])
        session.set_flag(name, [uid], SEEN, True)
        context = _frame(request, box, session, name)
    shows_images = request.GET.get("images") == "1"
    context |= {
        "envelope": envelope,
        "message": view,
        "shows_images": shows_images,
        "uid": uid,
    }
    return render(request, "webmail/message.html", context)


@require_GET
@in_mailbox()
def body(request: MailRequest, box: Mailbox, uid: int) -> HttpResponse:
    """The message's HTML, cleaned, in a document that runs nothing and, until allowed, loads nothing (MAIL-91)."""
    name, allowed = _folder_name(request), request.GET.get("images") == "1"
    with open_mailbox(box.address) as session:
        raw, _flags = session.raw(name, uid)
    view = mime.read(raw, remote_images=allowed, attachment_url=_attachment_url(box, name, uid))
    response = render(request, "webmail/body.html", {"subject": view.subject, "html": view.html})
    response.headers["Content-Security-Policy"] = BODY_POLICY.format(
        remote=" https: http:" if allowed else ""
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_GET
@in_mailbox()
def attachment(request: MailRequest, box: Mailbox, uid: int, number: int) -> HttpResponse:
    """One attachment. Only harmless kinds open in the browser, the others are saved."""
    with open_mailbox(box.address) as session:
        raw, _flags = session.raw(_folder_name(request), uid)
    found = mime.attachment(raw, number)
    inline = "inline" in request.GET and found.content_type in INLINE_TYPES
    return _download(found.content, found.filename, found.content_type if inline else None)


@require_GET
@in_mailbox()
def source(request: MailRequest, box: Mailbox, uid: int) -> HttpResponse:
    """The message as it came, to keep or to look into."""
    with open_mailbox(box.address) as session:
        raw, _flags = session.raw(_folder_name(request), uid)
    return _download(raw, f"message-{uid}.eml", None)


@require_POST
@in_mailbox()
def act(request: MailRequest, box: Mailbox) -> HttpResponse:
    """Mark, move or delete the selected messages. Deleting moves to the trash first, with Undo."""
    name = request.POST.get("folder", "INBOX")[:500]
    uids = _uids(request.POST.getlist("selected"))
    what = request.POST.get("do", "")
    back = _folder_url(box, name)
    undo_url, done = "", ""
    with open_mailbox(box.address) as session:
        if what in FLAGS:
            flag, on = FLAGS[what]
            session.set_flag(name, uids, flag, on)
            return finished(request, _("Marked."), to=_safe_back(request, back))
        trash = session.folder_for("trash")
        if what == "empty":
            number = session.empty(name) if name in (trash, session.folder_for("spam")) else 0
            done = ngettext("%(n)s message deleted for good.", "%(n)s messages deleted for good.", number) % {
                "n": number
            }
        elif what == "delete" and name == trash:
            session.destroy(name, uids)
            done = ngettext(
                "%(n)s message deleted for good.", "%(n)s messages deleted for good.", len(uids)
            ) % {"n": len(uids)}
        elif what in ("delete", "spam", "archive", "inbox", "move"):
            to = _target(session, what, request.POST.get("to", ""))
            new = session.move(name, uids, to)
            if new:
                undo_url = (
                    reverse("webmail:undo", args=[box.pk])
                    + "?"
                    + urlencode({"from": to, "to": name, "uids": ",".join(map(str, new))})
                )
            done = ngettext(
                "%(n)s message moved to %(to)s.", "%(n)s messages moved to %(to)s.", len(uids)
            ) % {
                "n": len(uids),
                "to": Folder(to, _role_of(session, to)).label,
            }
        else:
            raise Invalid(field="do")
    return finished(request, done, to=back, undo_url=undo_url)


@require_POST
@in_mailbox()
def undo(request: MailRequest, box: Mailbox) -> HttpResponse:
    """Move messages back to where they were."""
    uids = _uids(request.GET.get("uids", "").split(","))
    to = request.GET.get("to", "INBOX")
    with open_mailbox(box.address) as session:
        session.move(request.GET.get("from", "INBOX"), uids, to)
    return finished(request, _("Moved back."), to=_folder_url(box, to))


@require_http_methods(["GET", "POST"])
@in_mailbox(sending=True)
def compose(request: MailRequest, box: Mailbox) -> HttpResponse:
    """Write a message, a reply or a forward; send it, or keep it as a draft."""
    is_draft = request.POST.get("do") == "draft"
    with open_mailbox(box.address) as session:
        if request.method == "POST":
            form = ComposeForm(request.POST, request.FILES, is_draft=is_draft)
            if form.is_valid():
                answer = _send_or_keep(request, box, session, form, is_draft=is_draft)
                if answer is not None:
                    return answer
        else:
            form = ComposeForm(initial=writing.beginning(session, _me(request, box), request.GET))
        context = _frame(request, box, session, "")
    context["form"] = form
    return render(request, "webmail/compose.html", context, status=422 if form.is_bound else 200)


def _keep_draft(request: MailRequest, box: Mailbox) -> None:
    """Nothing that was written is lost, whatever stops it from being sent."""
    form = ComposeForm(request.POST, request.FILES, is_draft=True)
    if form.is_valid():
        with open_mailbox(box.address) as session:
            _send_or_keep(request, box, session, form, is_draft=True)


def _send_or_keep(
    request: MailRequest, box: Mailbox, session: MailSession, form: ComposeForm, *, is_draft: bool
) -> HttpResponse | None:
    values = form.cleaned_data
    draft = writing.draft_from(values, me=_me(request, box), session=session)
    copy = mime.compose(draft, with_bcc=True)
    old = writing.resumed(values["answers"])
    if is_draft:
        drafts = session.folder_for("drafts")
        session.append(drafts, copy, SEEN, DRAFT)
        if old:
            session.destroy(*_one(old))
        return finished(request, _("Kept as a draft."), to=_folder_url(box, drafts))
    try:
        mail_engine().submit(box.address, box.address, draft.recipients, mime.compose(draft))
    except SendingRefused as refusal:
        form.add_error(None, refusal.words)
        return None
    session.append(session.folder_for("sent"), copy, SEEN)
    if old:
        session.destroy(*_one(old))
    if answered := writing.answered(values["answers"]):
        session.set_flag(answered[0], [answered[1]], ANSWERED, True)
    return finished(request, _("Your message is on its way."), to=_folder_url(box, "INBOX"))


FLAGS = {
    "seen": (SEEN, True),
    "unseen": (SEEN, False),
    "follow": (FLAGGED, True),
    "unfollow": (FLAGGED, False),
}


def _frame(request: MailRequest, box: Mailbox, session: MailSession, name: str) -> dict[str, Any]:
    """What every page of the webmail shows around its content."""
    folders = session.folders()
    return {
        "mailbox": box,
        "organization": box.organization,
        "logo_url": logo_address(box.organization.wide_logo_key),
        "mailboxes": mailboxes_of(request.actor),
        "folders": folders,
        "folder": next((each for each in folders if each.name == name), Folder(name, "")),
        "folder_query": urlencode({"folder": name}),
    }


def _folder_name(request: HttpRequest) -> str:
    return request.GET.get("folder", "INBOX")[:500] or "INBOX"


def _folder_url(box: Mailbox, name: str) -> str:
    return reverse("webmail:folder", args=[box.pk]) + "?" + urlencode({"folder": name})


def _safe_back(request: HttpRequest, default: str) -> str:
    """Back to the list the reader came from, when it is one of this mailbox."""
    back = request.POST.get("back", "")
    return back if back.startswith("/mail/") and "//" not in back.split("?")[0] else default


def _attachment_url(box: Mailbox, name: str, uid: int) -> Callable[[int], str]:
    def url(number: int) -> str:
        path = reverse("webmail:attachment", args=[box.pk, uid, number])
        return f"{path}?{urlencode({'folder': name, 'inline': 1})}"

    return url


def _me(request: MailRequest, box: Mailbox) -> mime.Person:
    return mime.Person(request.actor.label, box.address)


def _one(place: tuple[str, int]) -> tuple[str, list[int]]:
    return place[0], [place[1]]


def _target(session: MailSession, what: str, to: str) -> str:
    if what == "move":
        if to not in {folder.name for folder in session.folders()}:
            raise Invalid(field="to")
        return to
    return "INBOX" if what == "inbox" else session.folder_for({"delete": "trash"}.get(what, what))


def _role_of(session: MailSession, name: str) -> str:
    return next((folder.role for folder in session.folders() if folder.name == name), "")


def _uids(texts: list[str]) -> list[int]:
    return [uid for text in texts[:1000] if (uid := uid_of(text))]


def _download(content: bytes, filename: str, content_type: str | None) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type or "application/octet-stream")
    disposition = content_disposition_header(content_type is None, filename or _("attachment"))
    response.headers["Content-Disposition"] = disposition or "attachment"
    response.headers["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
