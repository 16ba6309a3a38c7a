"""Reads of bank statements, payments and transfers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet, Sum

from kanton.accounts.web import require_staff
from kanton.billing import ledger
from kanton.billing.bank.models import (
    BankEntry,
    BankItem,
    ItemState,
    Statement,
    Transfer,
    TransferFile,
    TransferState,
)
from kanton.billing.models import Account, AccountKind, Invoice
from kanton.billing.prepaid import Standing, standing
from kanton.billing.settling import FROM_BANK
from kanton.core.actor import Actor
from kanton.core.money import CURRENCIES, Money
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.organizations.rights import ACCOUNTING


def statements(actor: Actor) -> QuerySet[Statement]:
    """All statements, newest first."""
    require_staff(actor)
    return Statement.objects.select_related("person").order_by("-imported_at", "-pk")


def bank_items(actor: Actor) -> QuerySet[BankItem]:
    """All payments of statements, newest first."""
    require_staff(actor)
    return BankItem.objects.select_related(
        "bank_entry", "invoice__organization", "organization", "settled_by"
    ).order_by("-pk")


def bank_item(actor: Actor, number: int) -> BankItem:
    """One payment, or NotFound."""
    return get_or_not_found(bank_items(actor).select_related("transfer"), pk=number)


@dataclass(frozen=True, slots=True)
class BankHealth:
    """What waits for staff, and whether the ledger agrees with it."""

    waiting: int
    proposed: int
    being_matched: int
    transfers: int
    odd_statements: int
    suspense: list[Money]


def bank_health(actor: Actor) -> BankHealth:
    """What waits for staff at the bank."""
    require_staff(actor)
    counts = BankItem.objects.aggregate(
        waiting=Count("pk", filter=Q(state=ItemState.OPEN)),
        proposed=Count("pk", filter=Q(state=ItemState.OPEN, tier="proposed")),
        being_matched=Count("pk", filter=Q(state=ItemState.NEW)),
    )
    return BankHealth(
        **counts,
        transfers=Transfer.objects.filter(state=TransferState.ASKED).count(),
        odd_statements=Statement.objects.exclude(difference_minor=0).count(),
        suspense=[amount for currency in CURRENCIES if (amount := -in_suspense(currency))],
    )


def in_suspense(currency: str) -> Money:
    """What the bank reported and nobody has settled, as the ledger has it."""
    account = Account.objects.filter(
        kind=AccountKind.SUSPENSE, detail=FROM_BANK, currency=currency, organization=None
    ).first()
    return ledger.balance(account) if account else Money.zero(currency)


def invoices_for(actor: Actor, words: str) -> list[Invoice]:
    """Invoices that staff look for, to settle a payment: by number, reference, customer or amount."""
    require_staff(actor)
    words = words.strip()
    if not words:
        return []
    compact = "".join(words.split()).upper()
    found = Q(reference=compact) | Q(number__icontains=words) | Q(organization__name__icontains=words)
    if compact.startswith("P-") and compact[2:].isdecimal() and len(compact) < 18:
        found |= Q(pk=int(compact[2:]))
    amount = compact.replace("'", "").replace("’", "").replace(",", ".")
    with suppress(ValueError):
        found |= Q(total_minor=Money.of(amount, "CHF").minor)
    return list(
        Invoice.objects.filter(found, kind="invoice")
        .select_related("organization")
        .order_by("-status", "-dated_on", "-pk")[:20]
    )


def organizations_for(actor: Actor, words: str) -> list[Organization]:
    """Organizations that staff look for, by name or number."""
    require_staff(actor)
    words = words.strip()
    if not words:
        return []
    found = Q(name__icontains=words) | Q(slug__icontains=words)
    if words.isdecimal() and len(words) < 18:
        found |= Q(pk=int(words))
    return list(Organization.objects.filter(found).order_by("name")[:20])


def payable_invoice(actor: Actor, number: int) -> Invoice:
    """The invoice that staff chose, or NotFound."""
    require_staff(actor)
    return get_or_not_found(Invoice.objects.select_related("organization"), pk=number, kind="invoice")


def any_organization(actor: Actor, number: int) -> Organization:
    """The organization that staff chose, or NotFound."""
    require_staff(actor)
    return get_or_not_found(Organization.objects.all(), pk=number)


def transfers(actor: Actor) -> QuerySet[Transfer]:
    """All transfers that go out, newest first."""
    require_staff(actor)
    return Transfer.objects.select_related("organization", "file", "person").order_by("-pk")


def transfer(actor: Actor, number: int) -> Transfer:
    """One transfer, or NotFound."""
    return get_or_not_found(transfers(actor), pk=number)


def transfer_files(actor: Actor) -> QuerySet[TransferFile]:
    """All payment files, newest first."""
    require_staff(actor)
    return TransferFile.objects.select_related("person").defer("content").order_by("-pk")


def transfer_file(actor: Actor, number: int) -> TransferFile:
    """One payment file with its content, or NotFound."""
    require_staff(actor)
    return get_or_not_found(TransferFile.objects.all(), pk=number)


def withdrawals_of(actor: Actor, organization: Organization) -> QuerySet[Transfer]:
    """The organization's withdrawals, newest first, for those who keep the accounts."""
    require(actor, ACCOUNTING, organization)
    return (
        Transfer.objects.filter(organization=organization, purpose="withdrawal")
        .select_related("organization", "person")
        .order_by("-pk")
    )


def withdrawal_of(actor: Actor, organization: Organization, number: int) -> Transfer:
    """One withdrawal, or NotFound."""
    return get_or_not_found(withdrawals_of(actor, organization), pk=number)


def withdrawable(actor: Actor, organization: Organization) -> list[Standing]:
    """The prepaid accounts that hold something which may be withdrawn, in the organization's currency first."""
    require(actor, ACCOUNTING, organization)
    found = [standing(organization, currency) for currency in CURRENCIES]
    found.sort(key=lambda each: each.balance.currency != organization.currency)
    return [each for each in found if each.available.minor > 0]


def problems() -> list[str]:
    """The bank's part of the nightly proof: entries and their payments agree, and so does the suspense account."""
    found = [
        f"bank entry {pk} is over {minor}, its payments over {total}"
        for pk, minor, total in BankEntry.objects.annotate(total=Sum("items__minor"))
        .exclude(total=F("minor"))
        .values_list("pk", "minor", "total")[:100]
    ]
    for currency in CURRENCIES:
        waiting = (
            BankItem.objects.filter(bank_entry__currency=currency)
            .exclude(state=ItemState.SETTLED)
            .aggregate(total=Sum("minor"))["total"]
        )
        if -in_suspense(currency) != Money(waiting or 0, currency):
            found.append(
                f"{Money(waiting or 0, currency)} of the bank wait to be settled, the ledger has "
                f"{-in_suspense(currency)}"
            )
        moving = Transfer.objects.filter(
            currency=currency, state__in=[TransferState.ASKED, TransferState.ORDERED]
        ).aggregate(total=Sum("minor"))["total"]
        account = Account.objects.filter(
            kind=AccountKind.IN_TRANSIT, detail="transfers", currency=currency, organization=None
        ).first()
        booked = -ledger.balance(account) if account else Money.zero(currency)
        early = Transfer.objects.filter(
            currency=currency, state=TransferState.RETURNED, key__in=_seen_back_only()
        )
        if booked.minor != (moving or 0) + (early.aggregate(total=Sum("minor"))["total"] or 0):
            found.append(f"{Money(moving or 0, currency)} are to leave by transfer, the ledger has {booked}")
    return found


def _seen_back_only() -> QuerySet[BankItem, str]:
    """End-to-end ids of transfers that came back before they were seen to leave."""
    left = BankItem.objects.filter(outcome="transfer").values("end_to_end")
    return (
        BankItem.objects.filter(outcome="returned")
        .exclude(end_to_end__in=left)
        .values_list("end_to_end", flat=True)
    )
