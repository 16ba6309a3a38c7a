"""What security rules do by the clock."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django_tasks import task

from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.organizations.models import Organization
from kanton.organizations.policies import rules
from kanton.organizations.policies.actions import remind_of_rules, remind_of_second_factor


@task()
def begin_for_apps(organization_id: int) -> None:
    """The day has come from which apps must prove themselves too; the engines look for themselves whether it is still
    so (ORG-62)."""
    for organization in Organization.objects.filter(pk=organization_id, second_factor_for_apps=True):
        rules.changed(organization)


@periodic("policies: remind of second factors", at="09:00")
@task(priority=-20)
def remind() -> int:
    """Remind the people of organizations whose rule begins tomorrow; returns how many."""
    tomorrow = clock.today() + timedelta(days=1)
    rows = Organization.objects.filter(second_factor_from=tomorrow).order_by("pk")
    for organization in Organization.objects.filter(
        Q(session_rule_from=tomorrow) | Q(admin_networks__startswith=tomorrow.isoformat())
    ).order_by("pk"):
        remind_of_rules(System("policies"), organization)
    return sum(remind_of_second_factor(System("policies"), organization) for organization in rows)
