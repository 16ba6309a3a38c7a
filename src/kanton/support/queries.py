"""Reads of support."""

from __future__ import annotations

from django.db.models import QuerySet

from kanton.accounts.models import Person
from kanton.accounts.web import require_staff
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.core.secrets import token_hash
from kanton.organizations.models import Membership
from kanton.support.models import CheckState, IdentityCheck, SupportCode


def support_code_of(actor: Actor) -> SupportCode | None:
    """The actor's own code, if it still works."""
    code = SupportCode.objects.filter(person_id=actor.person_id or 0).first()
    return code if code is not None and code.is_usable else None


def identity_checks(actor: Actor) -> QuerySet[IdentityCheck]:
    """All cases, for staff; those that wait for a decision first."""
    require_staff(actor)
    return IdentityCheck.objects.select_related("person", "decided_by").order_by("-pk")


def identity_check(actor: Actor, number: int) -> IdentityCheck:
    """One case, for staff."""
    return get_or_not_found(identity_checks(actor), pk=number)


def waiting_identity_checks() -> int:
    """How many cases wait for a decision."""
    return IdentityCheck.objects.filter(state=CheckState.SUBMITTED).count()


def own_identity_check(actor: Actor, number: int) -> IdentityCheck:
    """One of the actor's own cases, or NotFound."""
    return get_or_not_found(IdentityCheck.objects.filter(person_id=actor.person_id or 0), pk=number)


def check_by_link(secret: str) -> IdentityCheck | None:
    """The case that waits for documents by this link. Looking does not use it up."""
    case = IdentityCheck.objects.filter(digest=token_hash(secret)).exclude(digest="").first()
    return case if case is not None and case.link_works else None


def check_by_stop_link(secret: str) -> IdentityCheck | None:
    """The accepted case that this link can stop."""
    found = IdentityCheck.objects.filter(cancel_digest=token_hash(secret), state=CheckState.AGREED)
    return found.exclude(cancel_digest="").first()


def roles_of(person: Person) -> list[Membership]:
    """Organizations and roles, as staff see them after a support code (SUP-6)."""
    return list(
        Membership.objects.filter(person=person).select_related("organization").order_by("organization__name")
    )
