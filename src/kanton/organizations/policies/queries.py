"""What is demanded, of whom, and by whom."""

from __future__ import annotations

from django.db.models import QuerySet

from kanton.accounts.models import Person
from kanton.accounts.queries import has_proved_twice, has_second_factor
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.organizations.models import Membership, Organization


def meets(actor: Actor, organization: Organization) -> bool:
    """Has this actor the second factor that the organization demands, here or at an identity provider (ACC-120)? Costs
    a query only where one is demanded."""
    return not organization.demands_second_factor or has_proved_twice(actor)


def names_demanding(person: Person) -> list[str]:
    """The organizations that demand a second factor of this person (ACC-94)."""
    found = Organization.objects.filter(
        second_factor_from__lte=clock.today(), memberships__person=person, memberships__suspended_at=None
    )
    return list(found.order_by("name").values_list("name", flat=True))


def unprotected(organization: Organization) -> QuerySet[Membership]:
    """The memberships of those who have no second factor yet (ORG-66)."""
    return (
        Membership.objects.filter(organization=organization, suspended_at=None)
        .exclude(has_second_factor("person_id"))
        .select_related("person", "organization")
        .order_by("person__last_name", "pk")
    )
