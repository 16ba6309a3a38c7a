"""The daily run costs what is due and not what exists: what it looks for lies in an index on its day."""

from __future__ import annotations

from copy import copy
from datetime import date
from typing import TypeVar

import pytest
from django.db import connection, transaction

from kanton.billing.renewals import tasks
from kanton.billing.renewals.actions import renew_services
from kanton.billing.renewals.models import Renewal, RenewalState
from kanton.billing.renewals.plan import Choice
from kanton.billing.renewals.tests.conftest import at
from kanton.core.actor import Actor
from kanton.core.bulk import expect_few
from kanton.organizations.models import Organization
from kanton.products.models import Service

pytestmark = pytest.mark.django_db
FAR = date(2030, 3, 31)
Row = TypeVar("Row", Service, Renewal)


@pytest.fixture
def many(owner: Actor, acme: Organization, red: Service) -> None:
    """One service with an open renewal among a thousand whose terms are paid for years, and known as such.

    An index is a choice of the database's, made by what it knows of the rows: in an empty table any is as good.
    """
    with at(date(2027, 3, 1)):
        renew_services(owner, acme, lines={red.pk: Choice(12)})
    renewal = Renewal.objects.get()
    services = Service.objects.bulk_create(
        changed(red, name=f"kite {number}", order_line=f"test:{number}", ends_on=FAR)
        for number in range(1000)
    )
    Renewal.objects.bulk_create(
        changed(renewal, service_id=service.pk, state=RenewalState.PAID, next_try_on=None)
        for service in services
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def changed(row: Row, **fields: object) -> Row:
    """A new row like this one but for these fields."""
    new = copy(row)
    for name, value in ({"pk": None} | fields).items():
        setattr(new, name, value)
    return new


@pytest.mark.usefixtures("many")
@pytest.mark.spec("BIL-96")
@pytest.mark.parametrize(
    ("find", "index"),
    [
        (tasks._to_renew, "service_by_end"),
        (tasks._ending, "service_by_end"),
        (tasks._to_tell, "service_by_end"),
        (tasks._to_retry, "renewal_to_try"),
    ],
)
def test_what_is_due_is_found_by_an_index_on_its_day(find, index: str) -> None:  # type: ignore[no-untyped-def]
    with transaction.atomic():
        expect_few()
        assert index in find(date(2027, 3, 1)).explain()
