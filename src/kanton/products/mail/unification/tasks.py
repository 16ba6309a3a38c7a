"""Unified passwords are looked at again and again."""

from __future__ import annotations

import datetime as dt

from django_tasks import task

from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.products.mail.unification.actions import check_unification
from kanton.products.mail.unification.models import Unification


@periodic("mail: check unified passwords", every=dt.timedelta(minutes=5))
@task()
def check_unifications() -> None:
    """Part what may no longer be one, and keep login passwords away from mail servers under a second factor."""
    links = Unification.objects.select_related("person", "mailbox__mail__service")
    for link in links.order_by("pk").iterator():
        check_unification(System("mail"), link)
