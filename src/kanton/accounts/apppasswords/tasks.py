"""App passwords that expire."""

from __future__ import annotations

import datetime as dt

from django_tasks import task

from kanton.accounts.apppasswords.actions import expire_app_passwords
from kanton.core.actor import System
from kanton.core.jobs import periodic


@periodic("accounts: expire app passwords", every=dt.timedelta(hours=1))
@task()
def end_expired() -> None:
    """Take away app passwords whose time is over."""
    expire_app_passwords(System("accounts"))
