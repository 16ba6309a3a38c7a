"""The nightly proof sees a term that is billed twice, and a renewal whose invoice tells something else."""

from __future__ import annotations

from datetime import date

import pytest

from kanton.billing import proof
from kanton.billing.renewals.actions import renew_services
from kanton.billing.renewals.models import Renewal
from kanton.billing.renewals.plan import Choice
from kanton.billing.renewals.tasks import plan_renewals
from kanton.billing.renewals.tests.conftest import MakeService, at, fill
from kanton.core.actor import Actor
from kanton.core.jobs.testing import run_jobs
from kanton.organizations.models import Organization

pytestmark = pytest.mark.django_db


@pytest.mark.spec("BIL-96")
def test_each_term_is_billed_once_and_paid_with_its_invoice(
    owner: Actor, acme: Organization, make_service: MakeService
) -> None:
    red, blue = make_service("red"), make_service("blue", renews_automatically=True)
    fill(acme, "54.05")
    with at(date(2027, 3, 17)):
        renew_services(owner, acme, lines={red.pk: Choice(12)})
        plan_renewals.enqueue()
        run_jobs()
    paid, open_ = Renewal.objects.get(service=blue), Renewal.objects.get(service=red)
    assert (paid.state, open_.state) == ("paid", "open")
    assert proof.problems() == []
    paid_number, open_number = paid.pk, open_.pk
    Renewal.objects.filter(pk=paid.pk).update(state="open")
    Renewal.objects.filter(pk=open_.pk).update(state="paid")
    assert proof.problems() == [
        f"renewal {open_number} is paid and its invoice is not",
        f"renewal {paid_number} is open and its invoice is paid",
    ]
    Renewal.objects.filter(pk=paid.pk).update(state="paid")
    Renewal.objects.filter(pk=open_.pk).update(state="open")
    paid.pk, paid.starts_on, paid.ends_on = None, date(2027, 12, 1), date(2028, 12, 1)
    paid.save(force_insert=True)
    assert proof.problems() == [f"service {blue.pk} was billed twice for the term from 2027-12-01"]
