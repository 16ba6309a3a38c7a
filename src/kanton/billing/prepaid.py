"""The prepaid account: balance, what of it is free, and money set aside (BIL-50, BIL-59, BIL-60).

Whoever reserves or spends locks the account's row first, so two payments cannot spend the same money; behind that
the ledger's guard refuses a balance below zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from kanton.billing import ledger
from kanton.billing.errors import NotEnoughMoney
from kanton.billing.models import AccountKind, Payment, PrepaidAccount, Reservation
from kanton.core import clock
from kanton.core.money import Money
from kanton.organizations.models import Organization
from kanton.ui import formats


@dataclass(frozen=True, slots=True)
class Standing:
    """What is on a prepaid account: all of it, what is set aside, and what may be used."""

    balance: Money
    reserved: Money

    @property
    def available(self) -> Money:
        """What may be used now."""
        return self.balance - self.reserved


def prepaid_account(organization: Organization, currency: str) -> PrepaidAccount:
    """The organization's account in this currency, opened when it is needed for the first time."""
    found = PrepaidAccount.objects.filter(organization=organization, currency=currency).first()
    if found:
        return found
    account = ledger.account(AccountKind.PREPAID, currency, organization=organization)
    found, _is_new = PrepaidAccount.objects.get_or_create(
        organization=organization, currency=currency, defaults={"account": account}
    )
    return found


def locked(organization: Organization, currency: str) -> PrepaidAccount:
    """The account, held until the commit."""
    account = prepaid_account(organization, currency)
    return PrepaidAccount.objects.select_for_update().select_related("account").get(pk=account.pk)


def standing(organization: Organization, currency: str) -> Standing:
    """What is on the account. Reads only: an account never used has nothing on it."""
    found = (
        PrepaidAccount.objects.filter(organization=organization, currency=currency)
        .select_related("account")
        .first()
    )
    return standing_of(found) if found else Standing(Money.zero(currency), Money.zero(currency))


def standing_of(prepaid: PrepaidAccount) -> Standing:
    """What is on this account. Two queries."""
    reserved = Reservation.objects.filter(prepaid=prepaid, is_active=True).aggregate(total=Sum("minor"))
    return Standing(-ledger.balance(prepaid.account), Money(reserved["total"] or 0, prepaid.currency))


def reserve(prepaid: PrepaidAccount, payment: Payment, amount: Money) -> Reservation:
    """Set money aside for a payment. `prepaid` must be locked."""
    check_available(prepaid, amount)
    return Reservation.objects.create(prepaid=prepaid, payment=payment, minor=amount.minor)


def check_available(prepaid: PrepaidAccount, amount: Money, *, field: str | None = None) -> None:
    """Refuse to use more than is free."""
    available = standing_of(prepaid).available
    if amount > available:
        raise NotEnoughMoney(available=formats.money(available), field=field)


def end_reservation(payment: Payment) -> bool:
    """Give back what was set aside for this payment, because it is taken now or not needed. False if nothing was."""
    return bool(
        Reservation.objects.filter(payment=payment, is_active=True).update(
            is_active=False, ended_at=clock.now()
        )
    )
