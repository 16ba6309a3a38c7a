"""Who may change the password of a mailbox, and what anybody may read about passwords."""

from __future__ import annotations

from kanton.products.mail.models import Mailbox
from kanton.products.mail.tests.factories import make_mail, make_mailbox
from kanton.products.mail.unification.actions import change_mailbox_password, check_unification
from kanton.products.mail.unification.models import Unification
from kanton.testing_matrix import ADMINISTRATORS, EVERYBODY, GRANTED, NOBODY, Cast, Line, Who, act, page

NEW = "Fjord-Kiesel-418-Wolke"


def box(cast: Cast) -> Mailbox:
    """info@ of Acme."""
    return make_mailbox(cast.owner, make_mail(cast.acme))


def link(cast: Cast) -> Unification:
    """A unified mailbox of the owner."""
    mailbox = box(cast)
    return Unification.objects.create(
        organization=cast.acme, person=cast.people[Who.OWNER], mailbox=mailbox, login_hash="x"
    )


LINES: list[Line] = [
    act(
        "mail.change_mailbox_password",
        lambda actor, cast: change_mailbox_password(actor, box(cast), password=NEW),
        allowed=ADMINISTRATORS | GRANTED,
    ),
    act("mail.check_unification", lambda actor, cast: check_unification(actor, link(cast)), allowed=NOBODY),
    page("/which-password", allowed=EVERYBODY),
    page("/which-password", post={"address": "", "password": "x"}, allowed=EVERYBODY, status=422),
]
