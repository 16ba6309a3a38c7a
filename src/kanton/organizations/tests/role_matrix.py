"""Who may do what to an organization and its people."""

from __future__ import annotations

from kanton.accounts.access.errors import NotLocked
from kanton.accounts.models import Person
from kanton.core.rights import Role
from kanton.organizations.actions import (
    accept_invitation,
    accept_own_invitation,
    change_access,
    change_invitation,
    change_role,
    check_activity,
    create_organization,
    edit_details,
    enter_organization,
    invite_member,
    open_account,
    purge_unconfirmed,
    resend_invitation,
    revoke_invitation,
    unlock_member,
)
from kanton.organizations.errors import InvitationGone
from kanton.organizations.models import Invitation
from kanton.testing import PASSWORD
from kanton.testing_matrix import (
    ADMINISTRATORS,
    EVERYBODY,
    MEMBERS,
    NOBODY,
    OWNER_ONLY,
    SIGNED_IN,
    SIGNED_OUT_ONLY,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)

O = "/o/<slug:organization>"  # noqa: E741 - every address below begins so


def own(cast: Cast) -> Person:
    """The owner's account: for what one does to oneself."""
    return cast.people[Who.OWNER]


def invitation(cast: Cast) -> Invitation:
    """An open invitation of Acme."""
    return invite_member(cast.owner, cast.acme, email="lea@example.ch")


def link(cast: Cast) -> str:
    """The secret of an invitation of the stranger to Acme."""
    made = invite_member(cast.owner, cast.acme, email=cast.people[Who.STRANGER].email)
    secret = made.new_secret()
    made.save()
    return secret


def member(cast: Cast) -> dict[str, int]:
    """The external user of Acme, in an address."""
    return {"number": cast.memberships[Who.EXTERNAL].pk}


def waiting(cast: Cast) -> dict[str, int]:
    """An open invitation of Acme, in an address."""
    return {"number": invitation(cast).pk}


def account(cast: Cast) -> dict[str, int]:
    """Acme in an address of the API, under both names that it has there."""
    return {"account": cast.acme.pk, "account_id": cast.acme.pk}


def user(cast: Cast) -> dict[str, int]:
    """The external user of Acme in an address of the API."""
    return account(cast) | {"user": cast.people[Who.EXTERNAL].pk}


def waiting_in(cast: Cast) -> dict[str, int]:
    """An open invitation of Acme in an address of the API."""
    return account(cast) | {"invitation": invitation(cast).pk}


USER = "/2/accounts/{account}/users/{user}"
INVITATIONS = "/1/accounts/{account}/invitations"
NOT_THE_STRANGER = SIGNED_IN - {Who.STRANGER}

LINES: list[Line] = [
    act(
        "organizations.create_organization",
        lambda actor, cast: create_organization(actor, own(cast), name="Second"),
        allowed=OWNER_ONLY,
    ),
    act(
        "organizations.enter_organization",
        lambda actor, cast: enter_organization(actor, cast.acme),
        allowed=MEMBERS,
    ),
    page("/organizations", allowed=SIGNED_IN),
    page("/organizations/find", allowed=SIGNED_IN, status=302),
    act(
        "organizations.edit_details",
        lambda actor, cast: edit_details(actor, cast.acme, details={"city": "Thun"}),
        allowed=OWNER_ONLY,
    ),
    act(
        "organizations.invite_member",
        lambda actor, cast: invite_member(actor, cast.acme, email="lea@example.ch"),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.change_invitation",
        lambda actor, cast: change_invitation(actor, invitation(cast), role=Role.EXTERNAL),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.resend_invitation",
        lambda actor, cast: resend_invitation(actor, invitation(cast)),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.revoke_invitation",
        lambda actor, cast: revoke_invitation(actor, invitation(cast)),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.accept_invitation",
        lambda actor, cast: accept_invitation(actor, own(cast), secret="no such secret"),
        allowed=OWNER_ONLY,
        fails=InvitationGone,
    ),
    act(
        "organizations.change_role",
        lambda actor, cast: change_role(actor, cast.memberships[Who.EXTERNAL], role=Role.COLLABORATOR),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.change_access",
        lambda actor, cast: change_access(actor, cast.memberships[Who.EXTERNAL], grants=[]),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.unlock_member",
        lambda actor, cast: unlock_member(actor, cast.memberships[Who.COLLABORATOR]),
        allowed=ADMINISTRATORS,
        fails=NotLocked,
    ),
    act(
        "organizations.open_account",
        lambda actor, cast: open_account(actor, email="lea@example.ch", password=PASSWORD, first_name="Lea"),
        allowed=EVERYBODY,
    ),
    act(
        "organizations.accept_own_invitation",
        lambda actor, cast: accept_own_invitation(
            actor,
            own(cast),
            number=invite_member(
                cast.actor(Who.STRANGER), cast.globex, email=cast.people[Who.OWNER].email
            ).pk,
        ),
        allowed=OWNER_ONLY,
    ),
    act(
        "organizations.check_activity",
        lambda actor, cast: check_activity(actor, cast.acme),
        allowed=ADMINISTRATORS,
    ),
    act(
        "organizations.purge_unconfirmed",
        lambda actor, cast: purge_unconfirmed(actor, own(cast)),
        allowed=NOBODY,
    ),
    page("/register", allowed=SIGNED_OUT_ONLY, but=dict.fromkeys(SIGNED_IN, 302)),
    page(
        "/invitations/<str:secret>",
        fill=lambda cast: {"secret": link(cast)},
        allowed=frozenset({Who.STRANGER}) | SIGNED_OUT_ONLY,
        but=dict.fromkeys(NOT_THE_STRANGER, 409),
    ),
    page("/organizations/new", allowed=SIGNED_IN),
    page("/organizations/new", post={"name": "New", "kind": "company", "country": "CH"}, allowed=SIGNED_IN),
    page("/account/organizations", allowed=SIGNED_IN),
    page(
        "/account/invitations/<int:number>/accept",
        fill=lambda cast: {
            "number": invite_member(cast.owner, cast.acme, email=cast.people[Who.STRANGER].email).pk
        },
        post={},
        allowed=frozenset({Who.STRANGER}),
        but=dict.fromkeys(NOT_THE_STRANGER, 404),
    ),
    page(f"{O}/people", allowed=ADMINISTRATORS),
    page(f"{O}/people/invite", allowed=ADMINISTRATORS),
    page(f"{O}/people/invite", post={"email": "lea@example.ch", "role": "external"}, allowed=ADMINISTRATORS),
    page(f"{O}/people/invitations/resend", post={}, allowed=ADMINISTRATORS),
    page(f"{O}/people/invitations/revoke", post={}, allowed=ADMINISTRATORS),
    page(f"{O}/people/invitations/<int:number>", fill=waiting, allowed=ADMINISTRATORS),
    page(
        f"{O}/people/invitations/<int:number>",
        fill=waiting,
        post={"role": "external"},
        allowed=ADMINISTRATORS,
    ),
    page(f"{O}/people/invitations/<int:number>/resend", fill=waiting, post={}, allowed=ADMINISTRATORS),
    page(f"{O}/people/invitations/<int:number>/revoke", fill=waiting, post={}, allowed=ADMINISTRATORS),
    page(f"{O}/people/<int:number>/role", fill=member, allowed=ADMINISTRATORS),
    page(f"{O}/people/<int:number>/role", fill=member, post={"role": "collaborator"}, allowed=ADMINISTRATORS),
    page(f"{O}/people/<int:number>/access", fill=member, allowed=ADMINISTRATORS),
    page(f"{O}/people/<int:number>/access", fill=member, post={}, allowed=ADMINISTRATORS),
    page(f"{O}/people/<int:number>/why", fill=member, allowed=ADMINISTRATORS),
    page(f"{O}/rights", allowed=ADMINISTRATORS),
    page(f"{O}/people/<int:number>/unlock", post={}, fill=member, allowed=ADMINISTRATORS, status=409),
    page(f"{O}/settings", allowed=MEMBERS),
    page(f"{O}/settings/edit", allowed=OWNER_ONLY),
    page(
        f"{O}/settings/edit",
        post={"name": "Acme", "kind": "company", "country": "CH", "language": "en"},
        allowed=OWNER_ONLY,
    ),
    page(f"{O}/activity", allowed=ADMINISTRATORS),
    page(f"{O}/activity/check", post={}, allowed=ADMINISTRATORS),
    api("GET", "/1/accounts", allowed=SIGNED_IN),
    api("GET", "/1/account", allowed=SIGNED_IN),
    api("GET", "/1/accounts/{account_id}", fill=account, allowed=MEMBERS),
    api("GET", "/1/account/{account_id}", fill=account, allowed=MEMBERS),
    api("POST", "/1/accounts", data={"name": "Further"}, allowed=SIGNED_IN, status=201),
    api("PATCH", "/1/accounts/{account_id}", fill=account, data={"city": "Thun"}, allowed=OWNER_ONLY),
    api("GET", "/1/accounts/{account_id}/activity", fill=account, allowed=ADMINISTRATORS),
    api("POST", "/1/accounts/{account_id}/activity/check", fill=account, data={}, allowed=ADMINISTRATORS),
    api("GET", "/2/accounts/{account}/users", fill=account, allowed=ADMINISTRATORS),
    api("PATCH", USER, fill=user, data={"role_type": "normal"}, allowed=ADMINISTRATORS),
    api("GET", f"{USER}/permissions", fill=user, allowed=ADMINISTRATORS),
    api("POST", f"{USER}/unlock", data={}, fill=user, allowed=ADMINISTRATORS, status=409),
    api("PUT", f"{USER}/permissions", fill=user, data={"permissions": []}, allowed=ADMINISTRATORS),
    api("POST", f"{USER}/permissions/preview", fill=user, data={"permissions": []}, allowed=ADMINISTRATORS),
    api(
        "GET",
        "/2/accounts/{account}/rights/{right}/users",
        allowed=ADMINISTRATORS,
        fill=lambda cast: {"account": cast.acme.pk, "right": "mail.use"},
    ),
    api("GET", INVITATIONS, fill=account, allowed=ADMINISTRATORS),
    api(
        "POST",
        INVITATIONS,
        fill=account,
        data={"email": "lea@example.ch"},
        allowed=ADMINISTRATORS,
        status=201,
    ),
    api("GET", f"{INVITATIONS}/{{invitation}}", fill=waiting_in, allowed=ADMINISTRATORS),
    api(
        "PATCH",
        f"{INVITATIONS}/{{invitation}}",
        fill=waiting_in,
        data={"role_type": "external"},
        allowed=ADMINISTRATORS,
    ),
    api("DELETE", f"{INVITATIONS}/{{invitation}}", fill=waiting_in, allowed=ADMINISTRATORS),
    api("POST", f"{INVITATIONS}/{{invitation}}/send", fill=waiting_in, data={}, allowed=ADMINISTRATORS),
    api("GET", "/2/profile/invitations", allowed=SIGNED_IN),
    api(
        "POST",
        "/2/profile/invitations/accept",
        data={"secret": "no such secret"},
        allowed=SIGNED_IN,
        status=410,
    ),
    api(
        "POST",
        "/2/profile/invitations/{invitation}/accept",
        fill=lambda cast: {
            "invitation": invite_member(cast.owner, cast.acme, email=cast.people[Who.STRANGER].email).pk
        },
        data={},
        allowed=frozenset({Who.STRANGER}),
        but=dict.fromkeys(NOT_THE_STRANGER, 404),
        status=201,
    ),
]
