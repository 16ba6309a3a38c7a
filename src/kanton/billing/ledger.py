"""Booking money. Every movement goes through `book`, which writes one balanced entry, once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, Sum

from kanton.billing.models.ledger import Account, AccountKind, Entry, Posting
from kanton.core import clock
from kanton.core.money import Money
from kanton.organizations.models import Organization


class Unbalanced(AssertionError):
    """A mistake of ours: debits and credits of an entry differ. Nothing was booked."""


class BookedBefore(Exception):
    """This event is in the ledger already. Callers lock what they settle first, so this ends a lost race."""


def account(
    kind: AccountKind, currency: str, *, organization: Organization | None = None, detail: str = ""
) -> Account:
    """The account, opened when it is needed for the first time."""
    found, _is_new = Account.objects.get_or_create(
        kind=kind, currency=currency, organization=organization, detail=detail
    )
    return found


def book(
    kind: str, key: str, movements: Mapping[Account, Money], *, organization: Organization | None = None
) -> Entry | None:
    """Write one entry: what goes on each account, debits positive, credits negative.

    An entry that moves nothing (an invoice over 0.00) is not written. Raises BookedBefore when `key` is in the
    ledger, and Unbalanced, before anything is written, when the movements do not add up.
    """
    moved = {each: amount for each, amount in movements.items() if amount}
    if not moved:
        return None
    currency = next(iter(moved)).currency
    if any(each.currency != currency or amount.currency != currency for each, amount in moved.items()):
        raise Unbalanced(f"{key}: one currency per entry")
    if Money.sum(moved.values(), currency):
        raise Unbalanced(f"{key}: {', '.join(f'{each} {amount}' for each, amount in moved.items())}")
    entry = Entry(
        id=uuid.uuid4(), key=key, kind=kind, organization=organization, currency=currency,
        booked_at=clock.now(), booked_on=clock.today(),
    )  # fmt: skip
    if Entry.objects.filter(key=key).exists():
        raise BookedBefore(key)
    try:
        with transaction.atomic():
            Posting.objects.bulk_create(
                Posting(entry_id=entry.id, account=each, minor=amount.minor) for each, amount in moved.items()
            )
            entry.save(force_insert=True)
    except IntegrityError as error:
        if "key" in str(error):
            raise BookedBefore(key) from error
        raise
    return entry


def balance(of: Account) -> Money:
    """The sum of the account's postings: debit positive."""
    total = Posting.objects.filter(account=of).aggregate(total=Sum("minor"))["total"]
    return Money(total or 0, of.currency)


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All accounts of one currency, summed by kind. `difference` is zero, always."""

    currency: str
    by_kind: Mapping[str, Money]

    @property
    def difference(self) -> Money:
        """What is missing for the ledger to balance."""
        return Money.sum(self.by_kind.values(), self.currency)


def trial_balance(currency: str) -> TrialBalance:
    """The proof that the books balance. One query."""
    # A sum for each kind and no grouping: SQLite would sort every posting for that, in memory.
    sums = Posting.objects.filter(account__currency=currency).aggregate(
        **{kind.value: Sum("minor", filter=Q(account__kind=kind)) for kind in AccountKind}
    )
    return TrialBalance(
        currency, {kind: Money(total, currency) for kind, total in sorted(sums.items()) if total is not None}
    )


def unbalanced_entries(*, most: int | None = None) -> list[str]:
    """Keys of entries whose postings do not add up to zero. The database refuses them; this proves it."""
    sums = Posting.objects.values("entry").annotate(total=Sum("minor")).exclude(total=0).order_by()
    wrong = [row["entry"] for row in sums[:most]]
    alone = Entry.objects.filter(~Exists(Posting.objects.filter(entry=OuterRef("pk"))))
    return sorted(
        {
            *Entry.objects.filter(pk__in=wrong).values_list("key", flat=True),
            *alone.order_by().values_list("key", flat=True)[:most],
        }
    )
