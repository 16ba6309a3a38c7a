"""Reads of the log."""

from __future__ import annotations

from django.db.models import QuerySet

from kanton.activity.log import chain_of
from kanton.activity.models import Activity, Chain


def activity_in(organization_id: int) -> QuerySet[Activity]:
    """What happened in an organization, newest first."""
    return Activity.objects.filter(organization_id=organization_id).order_by("-pk")


def chain_state(organization_id: int) -> Chain:
    """The head of an organization's chain: how long it is and when it was last found intact."""
    name = chain_of(organization_id, None)
    return Chain.objects.filter(name=name).first() or Chain(name=name)


def chain_state_of_person(person_id: int) -> Chain:
    """The same for what a person did outside of organizations."""
    name = chain_of(None, person_id)
    return Chain.objects.filter(name=name).first() or Chain(name=name)
