"""Taking in what the bank reports. Every entry ends in the ledger, once; matching follows, one payment at a time."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from kanton.billing import ledger
from kanton.billing.bank import settling
from kanton.billing.bank.activity import Happened
from kanton.billing.bank.camt import BadStatement, Head, Movement, read
from kanton.billing.bank.errors import NotOurAccount, Unreadable
from kanton.billing.bank.keys import natural_key
from kanton.billing.bank.matching import judge
from kanton.billing.bank.models import BankEntry, BankItem, ItemState, Outcome, Statement, Tier
from kanton.billing.bank.words import REFUSED
from kanton.billing.models import Account, AccountKind
from kanton.billing.settling import FROM_BANK
from kanton.config import config
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.money import CURRENCIES
from kanton.core.parity import internal
from kanton.core.rights import STAFF, SYSTEM


@action(right=STAFF, may_be_silent=True)
def import_statement(actor: Actor, target: None, *, file: BinaryIO, file_name: str = "") -> list[Statement]:
    """Take in a camt.053 or camt.054 file, all of it or nothing. The same file, or an entry of it, again counts once.

    Matching follows in the background.
    """
    digest = _digest(file)
    _one_at_a_time()
    if known := list(Statement.objects.filter(digest=digest).order_by("position")):
        return known
    found: list[_Intake] = []
    try:
        for each in read(file, most_bytes=config.bank.max_file_bytes):
            if isinstance(each, Head):
                found.append(_begin(actor, each, digest, len(found) + 1, file_name))
            else:
                found[-1].take(each)
    except BadStatement as error:
        raise Unreadable(reason=str(REFUSED[error.reason]), code=error.reason, detail=error.detail) from None
    for intake in found:
        intake.end()
        record(
            actor, Happened.STATEMENT_IMPORTED, intake.statement,
            new=intake.statement.new_entries, entries=intake.statement.entries,
        )  # fmt: skip
    from kanton.billing.bank.tasks import match_new

    after_commit(match_new, unique_key="bank.match-new")
    return [intake.statement for intake in found]


def _one_at_a_time() -> None:
    """Hold off every other intake until the commit: two files with the same entries would wait for each other."""
    suspense = ledger.account(AccountKind.SUSPENSE, CURRENCIES[0], detail=FROM_BANK)
    Account.objects.select_for_update(no_key=True).get(pk=suspense.pk)  # postings on it go on meanwhile


def _digest(file: BinaryIO) -> str:
    taken = hashlib.sha256()
    while piece := file.read(1024 * 1024):
        taken.update(piece)
    file.seek(0)
    return taken.hexdigest()


def _begin(actor: Actor, head: Head, digest: str, position: int, file_name: str) -> _Intake:
    if head.account not in our_accounts():
        raise NotOurAccount(account=head.account)
    statement = Statement(
        digest=digest,
        position=position,
        kind=head.kind,
        version=head.version,
        message=head.message,
        file_name=file_name[-120:],
        account=head.account,
        opening_minor=head.opening.minor if head.opening is not None else None,
        closing_minor=head.closing.minor if head.closing is not None else None,
        person_id=actor.person_id,
    )
    statement.save()
    return _Intake(statement)


def our_accounts() -> frozenset[str]:
    """The accounts whose statements are taken in."""
    return frozenset({config.operator.iban, config.operator.qr_iban, *config.bank.accounts})


@dataclass
class _Intake:
    """One statement while its entries arrive."""

    statement: Statement
    seen: Counter[str] = field(default_factory=Counter)
    sum_minor: int = 0

    def take(self, movement: Movement) -> None:
        """Keep the entry and book it, unless it is known; add its details when they arrive only now."""
        statement = self.statement
        statement.entries += 1
        self.sum_minor += movement.amount.minor
        if not movement.amount:
            return
        key = natural_key(movement, statement.account, self.seen)
        entry = BankEntry.objects.filter(key=key).first()
        if entry is None:
            entry = self._new(key, movement)
        if movement.details and not entry.has_details:
            _add_details(entry, movement)

    def _new(self, key: str, movement: Movement) -> BankEntry:
        entry = BankEntry.objects.create(
            key=key,
            statement=self.statement,
            account=self.statement.account,
            currency=movement.amount.currency,
            minor=movement.amount.minor,
            booked_on=movement.booked_on,
            valued_on=movement.valued_on,
            bank_reference=movement.bank_reference,
            text=movement.text,
            is_reversal=movement.is_reversal,
            count=max(movement.count, 1),
        )
        bank = ledger.account(AccountKind.BANK, entry.currency, detail=entry.account)
        suspense = ledger.account(AccountKind.SUSPENSE, entry.currency, detail=FROM_BANK)
        ledger.book("bank", f"bank:{key}", {bank: entry.amount, suspense: -entry.amount})
        self.statement.new_entries += 1
        if not movement.details:
            BankItem.objects.create(
                bank_entry=entry, minor=entry.minor, text=movement.text, batch=movement.batch
            )
        return entry

    def end(self) -> None:
        """The statement is complete: see whether its balances agree with its entries."""
        statement = self.statement
        if statement.opening_minor is not None and statement.closing_minor is not None:
            statement.difference_minor = statement.closing_minor - statement.opening_minor - self.sum_minor
        statement.save()


def _add_details(entry: BankEntry, movement: Movement) -> None:
    """Put the payments in place of the sum, unless somebody has settled the sum already."""
    entry = BankEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
    if entry.has_details or entry.items.filter(state=ItemState.SETTLED).exists():
        return
    entry.items.all().delete()
    BankItem.objects.bulk_create(_items(entry, movement))
    entry.has_details = True
    entry.count = max(entry.count, len(movement.details))
    entry.save(update_fields=["has_details", "count"])


def _items(entry: BankEntry, movement: Movement) -> Iterator[BankItem]:
    rest = entry.minor
    position = 0
    for position, detail in enumerate(movement.details, start=1):
        rest -= detail.amount.minor
        yield BankItem(
            bank_entry=entry,
            position=position,
            minor=detail.amount.minor,
            reference=detail.reference,
            text=detail.text,
            name=detail.name,
            iban=detail.iban,
            end_to_end=detail.end_to_end,
            batch=movement.batch,
            reason=detail.reason,
        )
    if rest:
        yield BankItem(
            bank_entry=entry, position=position + 1, minor=rest, text=movement.text,
            state=ItemState.OPEN, tier=Tier.UNKNOWN, why="difference",
        )  # fmt: skip


@internal("Billing does it with every payment of a statement.")
@action(right=SYSTEM, may_be_silent=True)
def match_item(actor: Actor, item: BankItem) -> BankItem:
    """Settle a payment that is certain; put every other one on the work list, with what it seems to be for."""
    item = BankItem.objects.select_for_update(of=("self",)).select_related("bank_entry").get(pk=item.pk)
    if item.state != ItemState.NEW:
        return item
    verdict = judge(item)
    item.tier, item.why = verdict.tier, verdict.why
    item.invoice, item.organization = verdict.invoice, verdict.organization
    if verdict.tier is not Tier.CERTAIN:
        item.state = ItemState.OPEN
        item.save()
    elif verdict.transfer is not None:
        from kanton.billing.bank.actions.transfers import meet

        meet(actor, item, verdict.transfer)
    elif verdict.invoice is not None:
        settling.pay_with(actor, item, verdict.invoice)
    else:
        assert verdict.organization is not None
        settling.credit(actor, item, verdict.organization, "top_up")
    assert item.state == ItemState.OPEN or item.outcome in Outcome.values
    return item
