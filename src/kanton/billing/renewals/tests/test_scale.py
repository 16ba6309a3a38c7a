"""The daily run costs what is due and not what exists: what it looks for lies in an index on its day."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import transaction

from kanton.billing.renewals import tasks
from kanton.core.bulk import expect_few

pytestmark = pytest.mark.django_db


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
        expect_few()  # PostgreSQL reads an empty table rather than an index
        assert index in find(date(2027, 3, 1)).explain()
