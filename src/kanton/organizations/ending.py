"""What the end of an account means for organizations: none may be left alone or without an owner (ACC-69, ACC-70)."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kanton.accounts.ending import Effect, Ending, Obstacle
from kanton.accounts.models import Person
from kanton.accounts.profile.exporting import Part
from kanton.core import clock
from kanton.core.action import record
from kanton.core.actor import Actor
from kanton.core.rights import Role
from kanton.organizations.actions import lock_owners
from kanton.organizations.activity import Happened
from kanton.organizations.errors import LastOwner
from kanton.organizations.models import Invitation, Membership


def _open_invitations(person: Person) -> list[Invitation]:
    """Those sent to the address, which becomes free, and those sent by the person."""
    found = Invitation.objects.filter(accepted_at=None, revoked_at=None)
    found = found.filter(Q(email_key=person.email_key) | Q(invited_by=person))
    return list(found.select_related("organization").order_by("pk"))


def effects(person: Person) -> Iterator[Effect]:
    """Memberships and invitations that end."""
    for membership in person.memberships.select_related("organization").order_by("organization__name"):
        yield Effect(
            _("You leave the organization %(name)s; what you made there stays.")
            % {"name": membership.organization.name}
        )
    invitations = len(_open_invitations(person))
    if invitations:
        yield Effect(
            ngettext(
                "%(number)s open invitation is revoked.",
                "%(number)s open invitations are revoked.",
                invitations,
            )
            % {"number": invitations}
        )


def obstacles(person: Person) -> Iterator[Obstacle]:
    """Organizations of which the person is the only account, or the last owner."""
    for membership in person.memberships.select_related("organization").order_by("organization__name"):
        organization = membership.organization
        people = reverse("organizations:people", args=[organization.slug])
        if not organization.memberships.exclude(person=person).exists():
            yield Obstacle(
                _(
                    "You are the only account of %(name)s. Delete the organization, or appoint another owner first."
                )
                % {"name": organization.name},
                people,
                _("Appoint somebody"),
                (
                    (
                        _("Delete the organization"),
                        reverse("closing:delete", args=[organization.slug]),
                    ),
                ),
            )
        elif membership.role == Role.OWNER and not _other_owners(membership).exists():
            yield Obstacle(
                _("You are the last owner of %(name)s. Make another member an owner first.")
                % {"name": organization.name},
                people,
                _("Choose an owner"),
            )


def _other_owners(membership: Membership) -> QuerySet[Membership]:
    owners = membership.organization.memberships.filter(
        role=Role.OWNER, suspended_at=None, person__is_active=True
    )
    return owners.exclude(pk=membership.pk)


def carry_out(actor: Actor, person: Person) -> None:
    """Leave every organization, with a line in its activity, and revoke the invitations. The owners are locked, so that
    of two owners who delete their accounts at once, one stays."""
    memberships = person.memberships.select_related("organization", "person")
    for membership in memberships.order_by("organization_id"):
        if lock_owners(membership.organization) == [membership.pk]:
            raise LastOwner
        record(actor, Happened.MEMBER_LEFT, membership)
    for invitation in _open_invitations(person):
        invitation.revoked_at = clock.now()
        invitation.save(update_fields=["revoked_at"])
        record(actor, Happened.INVITATION_REVOKED, invitation, email=invitation.email)


def _memberships(person: Person) -> Iterator[dict[str, object]]:
    for one in person.memberships.select_related("organization").order_by("organization__name"):
        yield {"name": one.organization.name, "role": one.role, "since": one.joined_at}


EXPORT = Part("organizations", gettext_lazy("Organizations"), _memberships, order=10)
ORGANIZATIONS = Ending("organizations", effects, obstacles, carry_out, order=30)
