"""Shares of a price for shares of a term, by days. Pure arithmetic."""

from __future__ import annotations

from decimal import Decimal

from kanton.core.money import Money


def unused_share(price: Money, *, unused_days: int, days_in_term: int) -> Money:
    """The part of a paid price that belongs to the days not used yet, rounded half-up (BIL-5)."""
    if days_in_term < 1 or not 0 <= unused_days <= days_in_term:
        raise ValueError("unused days lie between none and the whole term")
    return price.times(Decimal(unused_days) / Decimal(days_in_term))


def upgrade_price(old: Money, new: Money, *, days_left: int, days_in_term: int) -> Money:
    """What an upgrade costs until the end of the running term; the due date stays (SUI-18).

    Each price is prorated on its own and then subtracted, so that the credit and the charge printed on the
    invoice add up to the line. Never negative: a cheaper plan is not a refund.
    """
    charge = unused_share(new, unused_days=days_left, days_in_term=days_in_term)
    credit = unused_share(old, unused_days=days_left, days_in_term=days_in_term)
    return max(charge - credit, Money.zero(new.currency))
