"""Suspensions by program."""

from __future__ import annotations

from typing_extensions import TypedDict

from kanton.core import clock
from kanton.core.api import ApiRequest, Router, Timestamp
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.organizations.errors import LastOwner, OwnersOnly
from kanton.organizations.models import Membership
from kanton.organizations.queries import members_of, organization_by_id
from kanton.organizations.suspension.actions import resume_member, suspend_member
from kanton.organizations.suspension.errors import NotYourself
from kanton.organizations.suspension.means import means_of

router = Router("Users")
PATH = "/2/accounts/{account}/users/{user}/suspension"


class MeansOut(TypedDict):
    """Something with a password of its own that the user may know."""

    label: str
    kind: str


class SuspensionOut(TypedDict):
    """Since when the user has no access here, and what has a password of its own."""

    is_suspended: bool
    suspended_at: Timestamp | None
    other_means: list[MeansOut]


def _out(membership: Membership) -> SuspensionOut:
    found = means_of(membership.person, membership.organization)
    return {
        "is_suspended": membership.suspended_at is not None,
        "suspended_at": clock.timestamp(membership.suspended_at) if membership.suspended_at else None,
        "other_means": [{"label": one.label, "kind": str(one.kind)} for one in found],
    }


def _member(request: ApiRequest, account: int, user: int) -> Membership:
    organization = organization_by_id(request.actor, account)
    return get_or_not_found(members_of(request.actor, organization), person_id=user)


@router.get(PATH, scopes=("users", "users:read"))
@exposes(means_of)
def read_suspension(request: ApiRequest, account: int, user: int) -> SuspensionOut:
    """Tell whether a user is suspended, and which passwords they may know besides."""
    return _out(_member(request, account, user))


@router.put(PATH, scopes=("users",), errors=(LastOwner, OwnersOnly, NotYourself))
@exposes(suspend_member)
def suspend_user(request: ApiRequest, account: int, user: int) -> SuspensionOut:
    """End a user's access to this organization for a while; role and rights are kept."""
    return _out(suspend_member(request.actor, _member(request, account, user)))


@router.delete(PATH, scopes=("users",), errors=(OwnersOnly,))
@exposes(resume_member)
def resume_user(request: ApiRequest, account: int, user: int) -> SuspensionOut:
    """Let a suspended user in again."""
    return _out(resume_member(request.actor, _member(request, account, user)))
