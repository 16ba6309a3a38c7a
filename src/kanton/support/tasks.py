"""What support does behind the scenes."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.support import documents, emails
from kanton.support.actions.identity import carry_out_accepted_check, watch_identity_checks
from kanton.support.models import CheckState, IdentityCheck


@task()
def tell_account(number: int) -> None:
    """Tell the account of a case, if there is one: apart from the request, which must take the same time (SUP-42)."""
    case = IdentityCheck.objects.select_related("person").filter(pk=number).first()
    if case is not None and case.person is not None:
        emails.asked(case)


@task()
def forget_documents(number: int) -> None:
    """Delete the documents of a case that is decided."""
    case = IdentityCheck.objects.filter(pk=number).first()
    if case is not None and case.state != CheckState.SUBMITTED:
        documents.forget(case)


@task()
def carry_out_identity_check(number: int) -> None:
    """Do what was accepted a day ago."""
    case = IdentityCheck.objects.filter(pk=number).first()
    if case is not None:
        carry_out_accepted_check(System("support"), case)


@periodic("support.identity", every=timedelta(minutes=10))
@task(unique=True)
def watch_identity() -> None:
    """Alarms, deletions and effects that are due."""
    watch_identity_checks(System("support"))
    documents.forget_old()
