"""Who gets which kind of administrative mail: the one answer that all senders use."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, Q, QuerySet

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.organizations.correspondents.models import Correspondent, MailKind
from kanton.organizations.models import Membership, Organization
from kanton.organizations.queries import mail_readers, require
from kanton.organizations.rights import MEMBERS_VIEW


def addressees(organization: Organization, kind: MailKind, *, also: int | None = None) -> QuerySet[Person]:
    """Who gets this kind of mail: those chosen who can be reached, or with none of them all owners (ORG-42).

    `also` is the number of a person who gets it in any case, such as who ordered. Reached is whose address is confirmed
    and whose membership is not suspended. A blocked last owner stays an owner (ORG-91).
    """
    chosen = _reachable(organization, kind)
    owners = mail_readers(organization).order_by()
    wanted = Q(pk__in=chosen.values("membership__person")) | (
        Q(pk__in=owners.values("person")) & ~Exists(chosen)
    )
    return Person.objects.filter(wanted | Q(pk=also)).order_by("pk")


def _reachable(organization: Organization, kind: MailKind) -> QuerySet[Correspondent]:
    return Correspondent.objects.filter(
        kind=kind,
        membership__organization=organization,
        membership__suspended_at=None,
        membership__person__confirmed_at__isnull=False,
        membership__person__is_active=True,
    )


@dataclass(frozen=True, slots=True)
class Post:
    """One kind of mail, who gets it, and whether that is because nobody who can be reached was chosen."""

    kind: MailKind
    people: list[Person]
    is_fallback: bool


def posts_of(actor: Actor, organization: Organization) -> list[Post]:
    """Each kind of mail with those who get it now; the same few queries for any number of people."""
    require(actor, MEMBERS_VIEW, organization)
    return [
        Post(kind, list(addressees(organization, kind)), not _reachable(organization, kind).exists())
        for kind in MailKind
    ]


def kinds_of(membership: Membership) -> list[MailKind]:
    """What this member was chosen for."""
    chosen = set(Correspondent.objects.filter(membership=membership).values_list("kind", flat=True))
    return [kind for kind in MailKind if kind in chosen]
