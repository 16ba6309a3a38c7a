"""What the clock does for single sign-on."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django_tasks import task

from kanton.core import clock
from kanton.core.actor import System
from kanton.core.errors import DomainError
from kanton.core.jobs import periodic
from kanton.organizations.sso.actions import check_domain
from kanton.organizations.sso.models import SESSION_LIFE, ClaimedDomain, SsoSession


@periodic("sso: look for the records of claimed domains", every=timedelta(hours=1))
@task()
def look_for_proofs() -> None:
    """Domains claimed within the last week are looked up, so that nobody has to come back and press a button."""
    since = clock.now() - timedelta(days=7)
    for claimed in ClaimedDomain.objects.filter(proven_at=None, claimed_at__gt=since).select_related(
        "organization"
    ):
        try:
            check_domain(System("sso"), claimed)
        except DomainError:
            continue


@periodic("sso: forget sessions that are over", every=timedelta(hours=1))
@task()
def forget_sessions() -> None:
    """Rows about sessions that ended by themselves go."""
    SsoSession.objects.filter(started_at__lt=clock.now() - SESSION_LIFE).delete()
    open_keys = Session.objects.values("session_key")
    SsoSession.objects.exclude(session_key__in=open_keys).delete()
