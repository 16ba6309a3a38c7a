"""Writing the mails of a list in the background; a run that was killed goes on where it was."""

from __future__ import annotations

from django_tasks import task

from kanton.core.actor import System
from kanton.core.jobs.models import LONG_QUEUE
from kanton.organizations.inviting.actions import send_next
from kanton.organizations.inviting.models import Batch


@task(queue_name=LONG_QUEUE, unique=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def send_batch(batch_id: int) -> None:
    """Write every mail that waits, a few in each transaction, so that nobody else waits for the database."""
    batch = Batch.objects.filter(pk=batch_id).first()
    while batch is not None and send_next(System("inviting"), batch):
        pass
