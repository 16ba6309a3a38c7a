"""Who may choose who gets which mails."""

from __future__ import annotations

from kanton.organizations.correspondents.actions import choose_mails
from kanton.organizations.correspondents.models import MailKind
from kanton.testing_matrix import ADMINISTRATORS, Cast, Line, Who, act, api, page

PEOPLE = "/o/<slug:organization>/people"
OF_USER = "/2/accounts/{account}/users/{user}/correspondence"


def member(cast: Cast) -> dict[str, int]:
    """The external user of Acme, in an address of either kind."""
    return {
        "number": cast.memberships[Who.EXTERNAL].pk,
        "account": cast.acme.pk,
        "user": cast.people[Who.EXTERNAL].pk,
    }


LINES: list[Line] = [
    act(
        "organizations.choose_mails",
        lambda actor, cast: choose_mails(actor, cast.memberships[Who.EXTERNAL], kinds=[MailKind.BILLING]),
        allowed=ADMINISTRATORS,
    ),
    page(f"{PEOPLE}/mails", allowed=ADMINISTRATORS),
    page(f"{PEOPLE}/<int:number>/mails", fill=member, allowed=ADMINISTRATORS),
    page(f"{PEOPLE}/<int:number>/mails", fill=member, post={"kinds": "billing"}, allowed=ADMINISTRATORS),
    api("GET", "/2/accounts/{account}/correspondents", fill=member, allowed=ADMINISTRATORS),
    api("GET", OF_USER, fill=member, allowed=ADMINISTRATORS),
    api("PUT", OF_USER, fill=member, data={"kinds": ["billing"]}, allowed=ADMINISTRATORS),
]
