"""The daily run in processes of their own that are killed at random moments, on the database of the environment.

python -m kanton.billing.renewals.tests.run_harness KILLS SEED SERVICES     prints what was found as JSON
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from datetime import timedelta
from typing import Any

CHUNK = 20


def main(kills: int, seed: int, services: int) -> dict[str, Any]:
    """Services due on the same day, half of them paid for; workers killed while they renew; what is left at the end."""
    import django

    django.setup()
    from django.db import connections, transaction

    from kanton.core import schema

    schema.create_all()

    from kanton.billing import ledger, proof
    from kanton.billing.models import Entry, Invoice
    from kanton.billing.renewals import tasks
    from kanton.billing.renewals.models import Renewal
    from kanton.billing.renewals.tests.conftest import fill
    from kanton.billing.tests.conftest import Kites, make_plan
    from kanton.core import clock
    from kanton.core.jobs.models import Job
    from kanton.core.outbox.models import Mail
    from kanton.products.contract import register
    from kanton.products.models import Service
    from kanton.testing import make_organization, make_person

    register(Kites())
    tasks.CHUNK = CHUNK
    ana = make_person("ana@acme.example", "Ana", "Keller")
    make_plan()
    end = clock.today() + timedelta(days=10)
    for number in range(services):
        organization = make_organization(f"Acme {number}", f"acme-{number}", ana)
        if number % 2:
            fill(organization, "60")
        Service.objects.create(
            organization=organization, product="kites", plan="kite", name=f"kite {number}", starts_on=end, ends_on=end,
            anchor_day=end.day, order_line=f"test:{number}", wish_state="done", renews_automatically=True,
        )  # fmt: skip
    mails = Mail.objects.count()
    chance = random.Random(seed)
    for _round in range(kills):
        connections.close_all()
        child = os.fork()
        if child == 0:
            try:
                _work()
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0.02, 0.6))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        # Whoever looks next finds the lease of the dead and gives its job another run.
        Job.objects.filter(state="running").update(state="waiting", lease_until=None)
    _work()
    with transaction.atomic():
        tasks.plan_renewals.call()  # and once more, as after a restart of the same morning
    _work(plans=False)
    renewals = list(Renewal.objects.values_list("service__name", "state", "tries"))
    return {
        "paid": sum(state == "paid" for _name, state, _tries in renewals),
        "open": sum(state == "open" for _name, state, _tries in renewals),
        "once": len(renewals) == len({name for name, _state, _tries in renewals}) == services,
        "tries": sorted({tries for _name, _state, tries in renewals}),
        "invoices": Invoice.objects.count(),
        "sales": Entry.objects.filter(kind="sale").count(),
        "ends": sorted({str(each.ends_on.year - end.year) for each in Service.objects.all() if each.ends_on}),
        "mails": Mail.objects.count() - mails,
        "left": Job.objects.filter(state__in=["waiting", "running", "failed"])
        .exclude(task__contains="outbox")
        .count(),
        "difference": ledger.trial_balance("CHF").difference.minor,
        "problems": proof.problems(),
    }


def _work(*, plans: bool = True) -> None:
    """Plan the morning, then do what waits until nothing is left."""
    from django.db import transaction

    from kanton.billing.renewals import tasks
    from kanton.core.jobs.execution import execute
    from kanton.core.jobs.models import Job

    if plans:
        with transaction.atomic():
            tasks.plan_renewals.call()
    while (job := Job.claim("harness", timedelta(minutes=5))) is not None:
        _outcome, error = execute(job)
        if error is not None:
            raise error


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*map(int, sys.argv[1:4]))))
