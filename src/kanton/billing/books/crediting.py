"""The arithmetic of a credit note. Pure: what can still be credited of a line, and the VAT that goes with it."""

from __future__ import annotations

from collections.abc import Mapping

from kanton.billing.vat import Tax
from kanton.core.money import Money


def credited_vat(
    bases: Mapping[Tax, Money], credited_before: Mapping[Tax, Money], credited_now: Mapping[Tax, Money]
) -> dict[Tax, Money]:
    """VAT by rate of what is credited now.

    It is the VAT on what was left before, less the VAT on what is left after: so any number of credit notes that
    together credit the whole base credit exactly the VAT that was charged (BIL-5).
    """
    found = {}
    for tax, amount in credited_now.items():
        left = bases[tax] - credited_before.get(tax, Money.zero(amount.currency))
        found[tax] = left.percent(tax.rate) - (left - amount).percent(tax.rate)
    return found
