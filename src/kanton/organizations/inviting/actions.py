"""Inviting many at once: all or nobody, and the mails by a job."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kanton.accounts.queries import require_confirmed
from kanton.core.action import action, after_commit, record, record_many
from kanton.core.activity import Recorded
from kanton.core.actor import Actor
from kanton.core.errors import Conflict
from kanton.core.parity import internal
from kanton.core.rights import ADMINISTRATORS, SYSTEM, Role
from kanton.organizations import emails
from kanton.organizations.actions import revoke_expired
from kanton.organizations.activity import Happened as OfOrganizations
from kanton.organizations.inviting.activity import Happened
from kanton.organizations.inviting.errors import LinesRefused, NothingPasted, TooManyLines
from kanton.organizations.inviting.lines import MOST_LINES, Line
from kanton.organizations.inviting.models import Batch
from kanton.organizations.inviting.queries import Checked, check
from kanton.organizations.limits import count_invitations
from kanton.organizations.models import Invitation, Organization
from kanton.organizations.rights import MEMBERS_MANAGE

MOST_TOLD = 50
AT_ONCE = 20


@action(right=MEMBERS_MANAGE)
def invite_many(
    actor: Actor, organization: Organization, *, lines: Sequence[Line], role: Role = Role.COLLABORATOR
) -> Batch:
    """Invite everybody in a list, or nobody: LinesRefused names each line that cannot be invited (ORG-43, ORG-44).

    `role` counts where a line names none. A job writes the mails; the links begin to live when they are written.
    """
    require_confirmed(actor)
    if not lines:
        raise NothingPasted
    if len(lines) > MOST_LINES:
        raise TooManyLines(most=MOST_LINES)
    checked = check(actor, organization, lines, role=role)
    if wrong := [one for one in checked if one.problem]:
        raise LinesRefused(lines=" ".join(_told(one) for one in wrong[:MOST_TOLD]))
    count_invitations(organization, [one.line.email for one in checked])
    revoke_expired(organization, [one.key for one in checked])
    try:
        with transaction.atomic():
            made = Invitation.objects.bulk_create(_invitation(actor, organization, one) for one in checked)
    except IntegrityError as error:  # somebody else invited one of them at this moment
        raise Conflict from error
    batch = Batch.objects.create(
        organization=organization,
        person_id=actor.person_id,
        invited_by=actor.label[:200],
        waiting=[invitation.pk for invitation in made],
        total=len(made),
    )
    record(actor, Happened.MANY_INVITED, batch, number=batch.total)
    record_many(
        [
            Recorded(
                actor,
                OfOrganizations.MEMBER_INVITED,
                invitation,
                {"email": invitation.email, "role": invitation.role},
            )
            for invitation in made
        ]
    )
    from kanton.organizations.inviting.tasks import send_batch

    after_commit(send_batch, batch.pk)
    return batch


@internal("A job writes the mails of a list, some at a time.")
@action(right=SYSTEM, may_be_silent=True)
def send_next(actor: Actor, batch: Batch) -> int:
    """Write the next mails of a list; returns how many still wait. What was revoked in the meantime gets none."""
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    now, later = batch.waiting[:AT_ONCE], batch.waiting[AT_ONCE:]
    waiting = Invitation.objects.select_for_update(of=("self",)).filter(
        pk__in=now, accepted_at=None, revoked_at=None
    )
    for invitation in waiting.select_related("organization").order_by("pk"):
        secret = invitation.new_secret()
        invitation.save()
        emails.invitation(invitation, secret, invited_by=batch.invited_by)
    batch.waiting = later
    batch.save(update_fields=["waiting"])
    if now and not later:
        record(actor, Happened.MAILS_WRITTEN, batch, number=batch.total)
    return len(later)


def _invitation(actor: Actor, organization: Organization, one: Checked) -> Invitation:
    invitation = Invitation(
        organization=organization,
        email=one.line.email,
        first_name=one.line.first_name,
        last_name=one.line.last_name,
        role=one.role,
        teams=list(one.teams) if one.role not in ADMINISTRATORS else [],
        invited_by_id=actor.person_id,
    )
    invitation.new_secret()  # nobody learns it; the one in the mail is made with the mail
    return invitation


def _told(one: Checked) -> str:
    return _("Line %(number)s: %(reason)s") % {"number": one.line.number, "reason": one.sentence}
