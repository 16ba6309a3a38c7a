"""Telling everybody in an organization something by mail, however many they are."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django_tasks import task

from kanton.accounts.identifiers import is_substitute
from kanton.core.action import after_commit
from kanton.core.actor import Actor
from kanton.core.outbox import send_mail
from kanton.organizations.models import Membership, Organization


def tell_everybody(
    actor: Actor, organization: Organization, template: str, values: Mapping[str, Any] | None = None
) -> None:
    """Within an action: a mail to each member but the one who acts, in their own language. Done by a job.

    The template also knows `organization`, `by` and `person`; `values` must be JSON, a `day` as ISO 8601 writes it.
    """
    told = {"organization": organization.name, "by": actor.label, **(values or {})}
    after_commit(tell_members, organization.pk, template, told, but=actor.person_id, key=secrets.token_hex(8))


@task(priority=-10)
def tell_members(
    organization_id: int, template: str, values: dict[str, Any], *, but: int | None, key: str
) -> None:
    """Write the mails. Run twice, nobody gets two."""
    told: dict[str, Any] = dict(values)
    if "day" in told:
        told["day"] = date.fromisoformat(told["day"])
    members = Membership.objects.filter(organization_id=organization_id, suspended_at=None)
    with transaction.atomic():
        for membership in (
            members.exclude(person_id=but or 0).select_related("person").order_by("pk").iterator()
        ):
            person = membership.person
            if is_substitute(person.email):
                continue
            send_mail(
                person.email,
                template,
                {**told, "person": person},
                language=person.language,
                time_zone=person.time_zone,
                kind="organization",
                unique_key=f"tell:{key}:{person.pk}",
            )
