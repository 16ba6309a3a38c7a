"""A security alert to a member (ACC-127, ORG-64)."""

from __future__ import annotations

from datetime import timedelta

from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.throttle import Rule, throttle_all
from kanton.organizations.alerts import emails
from kanton.organizations.alerts.activity import Happened
from kanton.organizations.models import Membership
from kanton.organizations.rights import MEMBERS_MANAGE

DAY = timedelta(days=1)


@action(right=MEMBERS_MANAGE)
def send_security_alert(actor: Actor, membership: Membership) -> None:
    """Have a member told by mail how their account is protected, and what to do; three times a day at most.

    The mail goes to the member only: whoever asks for it learns nothing of the settings.
    """
    throttle_all([Rule(f"security-alert:{membership.person_id}", 3, DAY)]).or_refuse()
    record(actor, Happened.ALERTED, membership)
    emails.security_alert(membership, by=actor.label)
