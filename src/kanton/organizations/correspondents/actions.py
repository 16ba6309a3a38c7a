"""The choice of who gets which mail."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from kanton.core.action import action, note, record
from kanton.core.actor import Actor
from kanton.core.rights import Role
from kanton.organizations.actions import may_touch_owners
from kanton.organizations.correspondents.activity import Happened
from kanton.organizations.correspondents.models import Correspondent, MailKind
from kanton.organizations.correspondents.queries import addressees, kinds_of
from kanton.organizations.models import Membership
from kanton.organizations.rights import MEMBERS_MANAGE


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def choose_mails(actor: Actor, membership: Membership, *, kinds: Collection[MailKind]) -> Membership:
    """Choose which kinds of administrative mail a member gets (ORG-41). Where nobody is chosen, all owners get them
    (ORG-42); which ones an owner gets, only an owner chooses.
    """
    may_touch_owners(actor, membership.organization, Role(membership.role))
    before, wanted = set(kinds_of(membership)), set(kinds)
    if before == wanted:
        return membership
    Correspondent.objects.filter(membership=membership, kind__in=before - wanted).delete()
    Correspondent.objects.bulk_create(
        Correspondent(membership=membership, kind=kind) for kind in sorted(wanted - before)
    )
    if wanted:
        record(actor, Happened.CHOSEN, membership, kinds=sorted(wanted))
    else:
        record(actor, Happened.CHOSEN_FOR_NONE, membership)
    for kind in sorted(before ^ wanted):
        people = addressees(membership.organization, kind)
        note(
            _("%(kind)s: goes to %(people)s from now on.")
            % {"kind": kind.label, "people": ", ".join(person.display_name for person in people)}
        )
    return membership
