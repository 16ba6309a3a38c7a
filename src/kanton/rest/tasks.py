"""What the API tidies up."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from kanton.core import clock
from kanton.core.jobs import periodic
from kanton.rest.idempotency import LIFE
from kanton.rest.models import KeptAnswer


@periodic("rest: forget kept answers", every=timedelta(hours=1))
@task()
def forget_kept_answers() -> None:
    """Answers kept for repeated requests are forgotten after a day (API-27)."""
    KeptAnswer.objects.filter(created_at__lt=clock.now() - LIFE).delete()
