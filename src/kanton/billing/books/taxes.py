"""The operator's VAT table: the sample rates, with those that staff have added.

A rate can be added only for tomorrow or later, so a table read at any time of the day is right all day long; it is
read from the database once a day in each process and not for every price.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from kanton.billing.books.models import TaxRate
from kanton.billing.vat import SAMPLE_RATES, Rate, VatTable
from kanton.config import config
from kanton.core import clock


def table() -> VatTable:
    """The table in force."""
    return VatTable(home=config.operator.country, rates=_rates(clock.today()))


def rates() -> dict[str, tuple[Rate, ...]]:
    """All rates by country, read now; an added rate stands in for a sample rate of the same day."""
    found = {country: {each.since: each for each in known} for country, known in SAMPLE_RATES.items()}
    for row in TaxRate.objects.all():
        found.setdefault(row.country, {})[row.since] = Rate(row.since, row.percentage)
    return {country: tuple(known[day] for day in sorted(known)) for country, known in sorted(found.items())}


@lru_cache(maxsize=2)
def _rates(_day: date) -> dict[str, tuple[Rate, ...]]:
    return rates()


def forget() -> None:
    """Read the table anew: after a change, and in tests."""
    _rates.cache_clear()
