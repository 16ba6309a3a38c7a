"""Which VAT a customer pays: from country, VAT number and day to a rate. Pure, on a table of the operator's.

The sample table (spec/README.md, Money): the seller's own country at home rate, the European Union by the
customer's country (one-stop shop), reverse charge for a business with a valid EU VAT number, none elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from stdnum.eu import vat as eu_vat


class Treatment(StrEnum):
    """Why a line bears the VAT it bears; printed on the invoice where it bears none."""

    STANDARD = "standard"
    REVERSE_CHARGE = "reverse_charge"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Tax:
    """The VAT on a line: whose, how much, and why."""

    country: str
    rate: Decimal
    treatment: Treatment = Treatment.STANDARD

    @property
    def code(self) -> str:
        """A short stable name for ledger accounts and exports: `CH-8.1`, `DE-RC`, `US-0`."""
        if self.treatment is Treatment.REVERSE_CHARGE:
            return f"{self.country}-RC"
        return f"{self.country}-{self.rate.normalize():f}"


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate of one country from a day on, until the next one begins."""

    since: date
    percentage: Decimal


def _rate(percentage: str, since: date = date(1994, 1, 1)) -> Rate:
    return Rate(since, Decimal(percentage))


#: Standard rates of the sample table; an operator replaces or extends it by configuration.
SAMPLE_RATES: Mapping[str, Sequence[Rate]] = {
    "CH": (_rate("7.7", date(2018, 1, 1)), _rate("8.1", date(2024, 1, 1))),
    "AT": (_rate("20"),),
    "BE": (_rate("21"),),
    "BG": (_rate("20"),),
    "CY": (_rate("19"),),
    "CZ": (_rate("21"),),
    "DE": (_rate("19"),),
    "DK": (_rate("25"),),
    "EE": (_rate("22"), _rate("24", date(2025, 7, 1))),
    "ES": (_rate("21"),),
    "FI": (_rate("24"), _rate("25.5", date(2024, 9, 1))),
    "FR": (_rate("20"),),
    "GR": (_rate("24"),),
    "HR": (_rate("25"),),
    "HU": (_rate("27"),),
    "IE": (_rate("23"),),
    "IT": (_rate("22"),),
    "LT": (_rate("21"),),
    "LU": (_rate("17"),),
    "LV": (_rate("21"),),
    "MT": (_rate("18"),),
    "NL": (_rate("21"),),
    "PL": (_rate("23"),),
    "PT": (_rate("23"),),
    "RO": (_rate("19"), _rate("21", date(2025, 8, 1))),
    "SE": (_rate("25"),),
    "SI": (_rate("22"),),
    "SK": (_rate("20"), _rate("23", date(2025, 1, 1))),
}

EU = frozenset(SAMPLE_RATES) - {"CH"}

#: Territories that belong to another country's VAT area.
SAME_AREA: Mapping[str, str] = {"LI": "CH", "MC": "FR"}


@dataclass(frozen=True, slots=True)
class VatTable:
    """The operator's VAT rules: where the company sits and which rates it charges where."""

    home: str = "CH"
    rates: Mapping[str, Sequence[Rate]] = field(default_factory=lambda: SAMPLE_RATES)

    def tax_for(self, country: str, on: date, *, vat_number: str = "") -> Tax:
        """The VAT a customer of this country pays on this day.

        `vat_number` is one that was checked; pass it only then. It leads to reverse charge in the European
        Union outside the seller's own country.
        """
        area = SAME_AREA.get(country, country)
        if area == self.home:
            return Tax(area, self._rate_on(area, on))
        if area in EU:
            if vat_number and vat_country(vat_number) == area:
                return Tax(area, Decimal(0), Treatment.REVERSE_CHARGE)
            if area in self.rates:
                return Tax(area, self._rate_on(area, on))
        return Tax(area, Decimal(0), Treatment.OUTSIDE)

    def _rate_on(self, country: str, on: date) -> Decimal:
        rates = sorted(self.rates.get(country, ()), key=lambda rate: rate.since)
        known = [rate.percentage for rate in rates if rate.since <= on]
        if not known:
            raise LookupError(f"no VAT rate for {country} on {on.isoformat()}; add one to the VAT table")
        return known[-1]


#: Where the operator's table comes from, when a room keeps one; the last one added decides.
TABLES: list[Callable[[], VatTable]] = []


def vat_country(vat_number: str) -> str | None:
    """The country of a well-formed EU VAT number (ISO code, so Greece is GR), or None."""
    if not vat_number or not eu_vat.is_valid(vat_number):
        return None
    prefix = str(eu_vat.compact(vat_number))[:2].upper()
    return {"EL": "GR"}.get(prefix, prefix)
