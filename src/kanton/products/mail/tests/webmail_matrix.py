"""Who may open which page of the webmail. There is no mail server here: whoever may gets as far as its door (503)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kanton.core.rights import Right
from kanton.products.mail.models import Mailbox, MailboxLink
from kanton.products.mail.rights import MAILBOX_SEND, USE
from kanton.products.mail.tests.factories import make_mail, make_mailbox
from kanton.testing_matrix import ADMINISTRATORS, GRANTED, SIGNED_IN, Cast, RequestLine, Who, page

MAY = ADMINISTRATORS | GRANTED
# A mailbox belongs to no page of an organization: whoever may not open it does not see it.
HIDDEN: Mapping[Who, int] = dict.fromkeys(SIGNED_IN - MAY, 404)


def linked_box(cast: Cast) -> dict[str, Any]:
    """An address that everybody has linked to their account; only those with the right may open it all the same."""
    box: Mailbox = make_mailbox(cast.owner, make_mail(cast.acme, "webmail-matrix.example"))
    for person in cast.people.values():
        MailboxLink.objects.create(organization=cast.acme, mailbox=box, person=person)
    return {"mailbox": box.pk, "uid": 1, "number": 1}


def of_box(route: str, *, right: Right = USE, post: Mapping[str, Any] | None = None) -> RequestLine:
    """A line for a page of one mailbox."""
    return page(
        f"/mail/<int:mailbox>/{route}",
        allowed=MAY,
        right=right,
        fill=linked_box,
        post=post,
        status=503,
        but=HIDDEN,
    )


LINES = [
    page("/mail/", allowed=SIGNED_IN),
    of_box(""),
    of_box("messages/<int:uid>"),
    of_box("messages/<int:uid>/body"),
    of_box("messages/<int:uid>/source"),
    of_box("messages/<int:uid>/attachments/<int:number>"),
    of_box("act", post={"do": "delete", "selected": "1"}),
    of_box("undo", post={}),
    of_box("compose", right=MAILBOX_SEND),
]
