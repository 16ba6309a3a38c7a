"""The end of an organization."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext as _

from kanton.accounts.models import Person
from kanton.accounts.passwords import password_again
from kanton.accounts.queries import person_of
from kanton.core import clock
from kanton.core.action import action, note_irreversible, record
from kanton.core.actor import Actor
from kanton.organizations.closing import emails, prerequisites, steps
from kanton.organizations.closing.activity import Happened
from kanton.organizations.closing.errors import CannotDelete, NameDiffers
from kanton.organizations.closing.prerequisites import unmet
from kanton.organizations.models import Organization
from kanton.organizations.rights import DETAILS_EDIT


@action(right=DETAILS_EDIT)
def delete_organization(
    actor: Actor,
    organization: Organization,
    *,
    name: str,
    current_password: str,
    stop_products: bool = False,
    partings: Sequence[str] = (),
) -> None:
    """Delete an organization once everything in it is settled (ORG-27…35). The account of its owner stays.

    With `stop_products` it stops what still runs (ORG-30); `partings` names what is still asked for, such as the paid
    invoices by mail (BIL-128). Nobody sees the organization any more. What the law wants kept, invoices and the ledger,
    is kept unseen; without any, the row goes too.
    """
    person: Person = person_of(actor)
    password_again(person, current_password)
    if name.strip() != organization.name:
        raise NameDiffers(name=organization.name)
    Organization.objects.select_for_update().get(
        pk=organization.pk
    )  # an order placed meanwhile waits, or blocks
    running = steps.stoppable(organization)
    if running and not stop_products:
        raise CannotDelete([prerequisites.still_running(organization, len(running)), *unmet(organization)])
    for each in running:
        each.stop(actor)
    if obstacles := unmet(organization):
        raise CannotDelete(obstacles)
    for parting in steps.partings_for(organization):
        if parting.key in partings:
            parting.carry_out(actor, organization)
    note_irreversible(_("A deleted organization cannot be brought back."))
    record(actor, Happened.DELETED, organization)
    emails.organization_deleted(person, organization)
    organization.invitations.filter(accepted_at=None, revoked_at=None).update(revoked_at=clock.now())
    organization.memberships.all().delete()
    try:
        with transaction.atomic():
            organization.delete()
    except (ProtectedError, RestrictedError):
        pass  # it stays as a name on what must be kept
    actor.loaded.clear()
