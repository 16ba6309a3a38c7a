"""Who may remove people, answer for what they hold, and bring them back; and that everybody may leave."""

from __future__ import annotations

from typing import Any

from kanton.organizations.departure.actions import (
    answer_anew,
    bring_back,
    close_departure,
    discard_answers,
    finish,
    keep_answers,
    leave_organization,
    note_failure,
    note_not_restored,
    remove_member,
    restore_holding,
    settle_holding,
)
from kanton.organizations.departure.errors import CannotLeave, NothingToAnswer
from kanton.organizations.departure.models import Departure, Settlement
from kanton.testing import PASSWORD
from kanton.testing_matrix import (
    ADMINISTRATORS,
    MEMBERS,
    NOBODY,
    OWNER_ONLY,
    SIGNED_IN,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)

O = "/o/<slug:organization>"  # noqa: E741 - every address below begins so
REMOVE = f"{O}/people/<int:number>/remove"
GONE = f"{O}/people/departures"
ACCOUNT = "/2/accounts/{account}"


def external(cast: Cast) -> dict[str, int]:
    """The external user of Acme, in an address."""
    return {"number": cast.memberships[Who.EXTERNAL].pk}


def departed(cast: Cast) -> Departure:
    """Somebody whom the owner has removed."""
    from kanton.organizations.models import Membership
    from kanton.testing import make_person

    person = make_person("gone@acme.example", "Gone", "Muster")
    membership = Membership.objects.create(organization=cast.acme, person=person, role="external")
    return remove_member(cast.owner, membership)


def settlement(cast: Cast) -> Settlement:
    """Something that this person held, settled long ago."""
    return Settlement.objects.create(
        departure=departed(cast),
        organization=cast.acme,
        source="x",
        resource="x:1",
        choice="keep",
        state="dropped",
    )


def gone(cast: Cast) -> dict[str, int]:
    """A departure in an address."""
    return {"number": departed(cast).pk}


def thing(cast: Cast) -> dict[str, int]:
    """One thing of a departure in an address."""
    one = settlement(cast)
    return {"number": one.departure_id, "settlement": one.pk}


def account(cast: Cast) -> dict[str, Any]:
    """Acme in an address of the API."""
    return {"account": cast.acme.pk}


def user(cast: Cast) -> dict[str, Any]:
    """The external user of Acme in an address of the API."""
    return account(cast) | {"user": cast.people[Who.EXTERNAL].pk}


def departure(cast: Cast) -> dict[str, Any]:
    """A departure in an address of the API."""
    return account(cast) | {"departure": departed(cast).pk}


def settled(cast: Cast) -> dict[str, Any]:
    """One thing of a departure in an address of the API."""
    one = settlement(cast)
    return account(cast) | {"departure": one.departure_id, "settlement": one.pk}


LINES: list[Line] = [
    act("organizations.keep_answers",
        lambda actor, cast: keep_answers(actor, cast.memberships[Who.EXTERNAL], answers=[]), allowed=ADMINISTRATORS),
    act("organizations.discard_answers",
        lambda actor, cast: discard_answers(actor, cast.memberships[Who.EXTERNAL]), allowed=ADMINISTRATORS),
    act("organizations.remove_member",
        lambda actor, cast: remove_member(actor, cast.memberships[Who.EXTERNAL]), allowed=ADMINISTRATORS),
    act("organizations.leave_organization",
        lambda actor, cast: leave_organization(actor, cast.memberships[Who.OWNER]),
        allowed=OWNER_ONLY, fails=CannotLeave),
    act("organizations.bring_back", lambda actor, cast: bring_back(actor, departed(cast)), allowed=ADMINISTRATORS),
    act("organizations.answer_anew",
        lambda actor, cast: answer_anew(actor, settlement(cast), choice="keep"),
        allowed=ADMINISTRATORS, fails=NothingToAnswer),
    act("organizations.settle_holding", lambda actor, cast: settle_holding(actor, settlement(cast)), allowed=NOBODY),
    act("organizations.restore_holding", lambda actor, cast: restore_holding(actor, settlement(cast)), allowed=NOBODY),
    act("organizations.note_failure",
        lambda actor, cast: note_failure(actor, settlement(cast), reason="x", is_gone=False), allowed=NOBODY),
    act("organizations.note_not_restored",
        lambda actor, cast: note_not_restored(actor, settlement(cast), reason="x"), allowed=NOBODY),
    act("organizations.finish", lambda actor, cast: finish(actor, departed(cast)), allowed=NOBODY),
    act("organizations.close_departure", lambda actor, cast: close_departure(actor, departed(cast)), allowed=NOBODY),
    page(REMOVE, fill=external, allowed=ADMINISTRATORS),
    page(f"{REMOVE}/last", fill=external, allowed=ADMINISTRATORS),
    page(f"{REMOVE}/last", fill=external, post={"current_password": PASSWORD, "sure": "on"}, allowed=ADMINISTRATORS),
    page(f"{REMOVE}/discard", fill=external, post={}, allowed=ADMINISTRATORS),
    # Nothing is held there: the way leads on.
    page(f"{REMOVE}/in/<slug:code>", fill=lambda cast: external(cast) | {"code": "mail"}, allowed=ADMINISTRATORS,
         status=302),
    page(GONE, allowed=ADMINISTRATORS),
    page(f"{GONE}/<int:number>", fill=gone, allowed=ADMINISTRATORS),
    page(f"{GONE}/<int:number>/bring-back", fill=gone, allowed=ADMINISTRATORS),
    page(f"{GONE}/<int:number>/bring-back", fill=gone, post={}, allowed=ADMINISTRATORS),
    page(f"{GONE}/<int:number>/things/<int:settlement>", fill=thing, allowed=ADMINISTRATORS, status=404),
    page("/account/organizations/<slug:slug>/leave", fill=lambda cast: {"slug": "acme"}, allowed=MEMBERS),
    page("/account/organizations/<slug:slug>/leave", fill=lambda cast: {"slug": "acme"}, post={},
         allowed=MEMBERS - OWNER_ONLY, but={Who.OWNER: 409}),
    api("GET", f"{ACCOUNT}/users/{{user}}/departure", fill=user, allowed=ADMINISTRATORS),
    api("PUT", f"{ACCOUNT}/users/{{user}}/departure", fill=user, data={"answers": []}, allowed=ADMINISTRATORS),
    api("DELETE", f"{ACCOUNT}/users/{{user}}/departure", fill=user, allowed=ADMINISTRATORS),
    # Without the token of a dry run nobody gets as far as the question of rights.
    api("POST", f"{ACCOUNT}/users/{{user}}/departure", fill=user, data={"answers": []}, allowed=SIGNED_IN, status=409),
    api("DELETE", f"{ACCOUNT}/users/{{user}}", fill=user, allowed=ADMINISTRATORS),
    api("GET", f"{ACCOUNT}/departures", fill=account, allowed=ADMINISTRATORS),
    api("GET", f"{ACCOUNT}/departures/{{departure}}", fill=departure, allowed=ADMINISTRATORS),
    api("POST", f"{ACCOUNT}/departures/{{departure}}/return", fill=departure, data={}, allowed=ADMINISTRATORS,
        status=202),
    api("PUT", f"{ACCOUNT}/departures/{{departure}}/settlements/{{settlement}}", fill=settled,
        data={"choice": "keep"}, allowed=ADMINISTRATORS, status=409),
    api("GET", "/2/profile/accounts/{account}/leaving", fill=account, allowed=MEMBERS),
    api("POST", "/2/profile/accounts/{account}/leaving", fill=account, data={}, allowed=SIGNED_IN, status=409),
]  # fmt: skip
