"""Who gets which administrative mails, by program."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.core.api import ApiRequest, Body, Router
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.organizations.correspondents.actions import choose_mails
from kanton.organizations.correspondents.models import MailKind
from kanton.organizations.correspondents.queries import kinds_of, posts_of
from kanton.organizations.errors import OwnersOnly
from kanton.organizations.models import Membership
from kanton.organizations.queries import members_of, organization_by_id

router = Router("Users")
READ, WRITE = ("users:read", "accounts"), ("users",)
OF_USER = "/2/accounts/{account}/users/{user}/correspondence"
KindName = Literal["billing", "renewal", "technical"]


class CorrespondentOut(TypedDict):
    """Somebody who gets a kind of mail."""

    user_id: int
    display_name: str
    email: str


class PostOut(TypedDict):
    """A kind of mail and who gets it. `is_fallback`: nobody is chosen who can be reached, so all owners get it."""

    kind: KindName
    is_fallback: bool
    users: list[CorrespondentOut]


class KindsOut(TypedDict):
    """The kinds of mail for which somebody is chosen."""

    kinds: list[KindName]


class KindsIn(Body):
    """The kinds of mail that somebody gets from now on."""

    kinds: Annotated[list[KindName], Field(max_length=3)]


@router.get("/2/accounts/{account}/correspondents", scopes=READ)
@exposes(posts_of)
def list_correspondents(request: ApiRequest, account: int) -> list[PostOut]:
    """List who gets which administrative mails."""
    posts = posts_of(request.actor, organization_by_id(request.actor, account))
    return [
        {
            "kind": post.kind.value,  # type: ignore[typeddict-item]
            "is_fallback": post.is_fallback,
            "users": [
                {"user_id": one.pk, "display_name": one.display_name, "email": one.email}
                for one in post.people
            ],
        }
        for post in posts
    ]


def _membership(request: ApiRequest, account: int, user: int) -> Membership:
    organization = organization_by_id(request.actor, account)
    return get_or_not_found(members_of(request.actor, organization), person_id=user)


@router.get(OF_USER, scopes=READ)
@exposes(kinds_of)
def read_correspondence(request: ApiRequest, account: int, user: int) -> KindsOut:
    """Read for which administrative mails somebody is chosen."""
    return {"kinds": [kind.value for kind in kinds_of(_membership(request, account, user))]}  # type: ignore[misc]


@router.put(OF_USER, scopes=WRITE, errors=(OwnersOnly,), example={"kinds": ["billing", "renewal"]})
@exposes(choose_mails)
def set_correspondence(request: ApiRequest, account: int, user: int, data: KindsIn) -> KindsOut:
    """Choose which administrative mails somebody gets. Where nobody is chosen, all owners get them."""
    membership = _membership(request, account, user)
    choose_mails(request.actor, membership, kinds=[MailKind(kind) for kind in data.kinds])
    return {"kinds": [kind.value for kind in kinds_of(membership)]}  # type: ignore[misc]
