"""Which VAT whom."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from kanton.billing.vat import EU, SAMPLE_RATES, Tax, Treatment, VatTable, vat_country

TABLE = VatTable()
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("country", "rate"),
    [("CH", "8.1"), ("LI", "8.1"), ("DE", "19"), ("FR", "20"), ("MC", "20"), ("FI", "25.5"), ("GR", "24")],
)
def test_consumers_pay_the_rate_of_their_country(country: str, rate: str) -> None:
    assert TABLE.tax_for(country, TODAY).rate == Decimal(rate)


@pytest.mark.parametrize("country", ["US", "GB", "NO", "BR", "XX"])
def test_elsewhere_there_is_none(country: str) -> None:
    assert TABLE.tax_for(country, TODAY) == Tax(country, Decimal(0), Treatment.OUTSIDE)


def test_a_valid_vat_number_of_the_same_country_leads_to_reverse_charge() -> None:
    assert TABLE.tax_for("DE", TODAY, vat_number="DE136695976") == Tax(
        "DE", Decimal(0), Treatment.REVERSE_CHARGE
    )
    assert TABLE.tax_for("GR", TODAY, vat_number="EL094259216").treatment is Treatment.REVERSE_CHARGE
    assert TABLE.tax_for("FR", TODAY, vat_number="DE136695976").rate == Decimal(20)
    assert TABLE.tax_for("DE", TODAY, vat_number="DE136695970").rate == Decimal(19)


def test_at_home_there_is_no_reverse_charge() -> None:
    german = VatTable(home="DE")
    assert german.tax_for("DE", TODAY, vat_number="DE136695976").rate == Decimal(19)
    assert german.tax_for("CH", TODAY).treatment is Treatment.OUTSIDE


def test_the_rate_is_that_of_the_day() -> None:
    assert TABLE.tax_for("CH", date(2023, 12, 31)).rate == Decimal("7.7")
    assert TABLE.tax_for("CH", date(2024, 1, 1)).rate == Decimal("8.1")


def test_a_day_before_every_rate_is_an_error_and_not_zero() -> None:
    with pytest.raises(LookupError):
        TABLE.tax_for("CH", date(1990, 1, 1))


def test_the_table_knows_every_member_of_the_union() -> None:
    assert len(EU) == 27 and all(SAMPLE_RATES[country] for country in EU)


def test_codes_are_short_and_stable() -> None:
    assert Tax("CH", Decimal("8.10")).code == "CH-8.1"
    assert Tax("DE", Decimal(0), Treatment.REVERSE_CHARGE).code == "DE-RC"
    assert Tax("FR", Decimal(20)).code == "FR-20"
    assert Tax("US", Decimal(0), Treatment.OUTSIDE).code == "US-0"


@pytest.mark.parametrize("text", ["", "DE", "CHE-123", "nonsense", "DE000000000"])
def test_nonsense_is_no_vat_number(text: str) -> None:
    assert vat_country(text) is None
