"""Money: whole minor units of one currency. No floats, no bare numbers (BIL-5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import total_ordering
from typing import Final

CURRENCIES: Final = ("CHF", "EUR")
MINOR_UNITS: Final = 100  # both currencies have a hundredth


class CurrencyMismatch(TypeError):
    """Two amounts of different currencies met. Nothing converts silently (BIL-7)."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in Rappen or cents, with its currency. Negative amounts are refunds and debts."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError(f"minor units are whole numbers, not {self.minor!r}")
        if self.currency not in CURRENCIES:
            raise ValueError(f"unknown currency {self.currency!r}; known: {', '.join(CURRENCIES)}")

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Money:
        """The amount written as people write it: `Money.of("9.90", "CHF")`.

        Raises ValueError for a float, for nonsense, and for fractions of a minor unit.
        """
        if isinstance(amount, float):
            raise ValueError("a float cannot hold money; write it as text")
        try:
            minor = Decimal(amount) * MINOR_UNITS
        except InvalidOperation as error:
            raise ValueError(f"{amount!r} is not an amount") from error
        if not minor.is_finite() or minor != minor.to_integral_value():
            raise ValueError(f"{amount!r} is finer than one hundredth")
        return cls(int(minor), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in this currency."""
        return cls(0, currency)

    @classmethod
    def sum(cls, amounts: Iterable[Money], currency: str) -> Money:
        """The sum of the amounts; of none of them, zero in `currency`."""
        total = cls.zero(currency)
        for amount in amounts:
            total += amount
        return total

    @property
    def amount(self) -> Decimal:
        """The amount in major units with two places, for printing and for the API."""
        return Decimal(self.minor).scaleb(-2)

    def times(self, factor: int | Decimal) -> Money:
        """The amount × factor, rounded half-up (away from zero) to the minor unit (BIL-5)."""
        if isinstance(factor, float):
            raise TypeError("multiply money by int or Decimal, not by float")
        product = (Decimal(self.minor) * Decimal(factor)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return Money(int(product), self.currency)

    def percent(self, percentage: Decimal | int | str) -> Money:
        """`percentage` percent of the amount, rounded half-up."""
        return self.times(Decimal(percentage) / 100)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by weights without losing or making a minor unit; the first shares get the remainder."""
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must be non-negative and not all zero")
        sign = -1 if self.minor < 0 else 1
        shares = [abs(self.minor) * weight // total for weight in weights]
        rest = abs(self.minor) - sum(shares)
        for index in (i for i, weight in enumerate(weights) if weight):
            if not rest:
                break
            shares[index] += 1
            rest -= 1
        return [Money(sign * share, self.currency) for share in shares]

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.minor < other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:.2f}"

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self} and {other} are of different currencies")
