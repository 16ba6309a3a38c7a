"""What a payment provider is to billing: where to send the payer, what its messages mean, how to ask and refund.

A provider never decides what a payment settles; it says what happened to a charge. Its messages may come twice,
late, out of order or not at all: billing books each charge once, and asks when nothing was heard.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Any, ClassVar

from kanton.core.money import CURRENCIES, Money


class Outcome(StrEnum):
    """What became of a charge."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Checkout:
    """One payment as a provider sees it. `key` is also the idempotency key of every call about it."""

    key: str
    amount: Money
    description: str
    return_url: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Notification:
    """What a provider says about a payment. `event` is the message's own name: the same one again is a repetition."""

    event: str
    key: str
    outcome: Outcome
    charge: str = ""
    amount: Money | None = None
    reason: str = ""
    #: It is about money sent back, and `key` that of the refund. Declined: it did not reach the payer after all.
    is_refund: bool = False


@dataclass(frozen=True, slots=True)
class SavedMethod:
    """A method that a provider keeps for us. `token` is all we need to charge it; never a card number (BIL-48)."""

    token: str
    brand: str = ""
    last_digits: str = ""
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class RefundMade:
    """A refund as the provider's own books show it. `key` is ours; empty for one that somebody made there by hand."""

    key: str
    amount: Money
    #: Declined: it did not reach the payer after all, and its money is with us again; `reason` is its word for why.
    outcome: Outcome
    reason: str = ""


class Refused(Exception):
    """The provider understood and said no, for good; `code` is its word for why. Nothing was done."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class PaymentProvider(ABC):
    """A way to pay through somebody else. One instance each, registered when the app starts."""

    code: ClassVar[str]
    label: ClassVar[Any]
    help_text: ClassVar[Any] = ""
    icon: ClassVar[str] = "credit-card"
    currencies: ClassVar[tuple[str, ...]] = CURRENCIES

    @property
    def is_offered(self) -> bool:
        """Whether customers may choose it now."""
        return True

    @abstractmethod
    def checkout_url(self, checkout: Checkout) -> str:
        """Where the payer goes to pay. May call the provider; called again for the same key, it charges once."""

    @abstractmethod
    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notification:
        """The provider's message, its signature verified. Raises BadCallback for any other."""

    @abstractmethod
    def ask(self, key: str) -> Notification:
        """What became of the payment, for when no message came."""

    def came_back(self, key: str) -> Notification:
        """What the return of the payer means. A wallet that the payer has only approved there is charged now.

        Called whenever a payer comes back, twice too: it charges once. Those that report by themselves need not say.
        """
        return Notification("", key, Outcome.PENDING)

    #: Whether it can charge a saved method without the payer, for renewals.
    can_charge_saved: ClassVar[bool] = False

    def charge_saved(self, token: str, checkout: Checkout) -> Notification:
        """Charge a saved method (a profile's token) without the payer, once per `checkout.key`.

        Asked again for the same key, it tells what became of it. May raise while the provider cannot be reached.
        """
        return Notification("", checkout.key, Outcome.DECLINED, reason="not_supported")

    #: Whether customers can have it keep a method for later.
    can_save: ClassVar[bool] = False

    def begin_saving(self, key: str, customer: str, return_url: str) -> str:
        """Where the payer goes to give a method that is kept; then comes back to `return_url`. Once per `key`."""
        raise NotImplementedError

    def finish_saving(self, key: str) -> SavedMethod | None:
        """The method that was given under this key; None when the payer gave none (yet)."""
        raise NotImplementedError

    @abstractmethod
    def refund(self, charge: str, amount: Money, key: str, attempt: int) -> None:
        """Send money back to where it came from, and keep `key` beside it, so that `refunds_of` shows it.

        The call's idempotency key is of `key` and `attempt`. Raises Refused where the provider says no, and anything
        else where it is not known what became of it.
        """

    @abstractmethod
    def refunds_of(self, charge: str) -> list[RefundMade]:
        """All refunds of a charge that the provider knows of, whoever made them. Raises while it cannot be reached."""

    def came_to_nothing(self, charge: str, key: str) -> RefundMade | None:
        """The last of the refunds under this key, if all of them did not reach the payer. Its books, not its messages.

        A message may be about an attempt after which another one got through.
        """
        made = [each for each in self.refunds_of(charge) if each.key == key]
        return made[-1] if made and all(each.outcome is Outcome.DECLINED for each in made) else None

    def send_back(self, charge: str, amount: Money, key: str, *, attempt: int = 0) -> None:
        """Refund once per `key`, however often and late it is asked.

        Providers forget idempotency keys (Stripe after about a day), so its books are asked first: a refund that went
        through in silence is adopted. While one may still be on its way there, the idempotency key stays the same;
        another one is used only after the provider's no, which it would otherwise repeat from memory.
        """
        made = [each.outcome for each in self.refunds_of(charge) if each.key == key]
        if all(outcome is Outcome.DECLINED for outcome in made):
            self.refund(charge, amount, key, attempt + len(made))


_providers: dict[str, PaymentProvider] = {}


def register(provider: PaymentProvider) -> None:
    """Make a provider known."""
    _providers[provider.code] = provider


def provider_called(code: str) -> PaymentProvider:
    """The provider with this code; KeyError when there is none."""
    return _providers[code]


def can_charge(code: str) -> bool:
    """Whether this provider is there, is offered, and charges saved methods."""
    provider = _providers.get(code)
    return provider is not None and provider.is_offered and provider.can_charge_saved


def saving_providers() -> list[PaymentProvider]:
    """The providers that keep a method for later."""
    return [each for each in _providers.values() if each.is_offered and each.can_save]


def providers_for(currency: str) -> list[PaymentProvider]:
    """The providers a customer may choose for this currency."""
    return [each for each in _providers.values() if each.is_offered and currency in each.currencies]


def load_entry_points() -> None:
    """Load third-party providers: the entry point group `kanton.payments` names PaymentProvider classes."""
    for entry in entry_points(group="kanton.payments"):
        register(entry.load()())
