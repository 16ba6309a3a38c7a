"""The ledger: what it refuses, in Python and in the database itself."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kanton.billing import ledger, prepaid
from kanton.billing.models import Account, AccountKind, Entry, Posting
from kanton.core import clock
from kanton.core.bulk import insert_rows
from kanton.core.money import Money
from kanton.organizations.models import Organization

pytestmark = pytest.mark.django_db


def chf(text: str) -> Money:
    return Money.of(text, "CHF")


def bank(currency: str = "CHF") -> Account:
    return ledger.account(AccountKind.BANK, currency)


def revenue(currency: str = "CHF") -> Account:
    return ledger.account(AccountKind.REVENUE, currency, detail="kites")


@pytest.mark.spec("BIL-6")
def test_an_entry_moves_money_and_the_balance_is_the_sum() -> None:
    ledger.book("sale", "a", {bank(): chf("10"), revenue(): chf("-10")})
    ledger.book("sale", "b", {bank(): chf("2.50"), revenue(): chf("-2.50")})
    assert ledger.balance(bank()) == chf("12.50") and ledger.balance(revenue()) == chf("-12.50")
    assert ledger.trial_balance("CHF").difference == chf("0")
    assert ledger.unbalanced_entries() == []


def test_an_entry_that_does_not_add_up_is_refused_and_moves_nothing() -> None:
    with pytest.raises(ledger.Unbalanced):
        ledger.book("sale", "a", {bank(): chf("10"), revenue(): chf("-9.99")})
    with pytest.raises(ledger.Unbalanced):
        ledger.book("sale", "a", {bank(): chf("10"), revenue("EUR"): Money.of("-10", "EUR")})
    assert not Entry.objects.exists() and not Posting.objects.exists()


def test_the_same_event_is_booked_once() -> None:
    ledger.book("sale", "a", {bank(): chf("10"), revenue(): chf("-10")})
    with pytest.raises(ledger.BookedBefore):
        ledger.book("sale", "a", {bank(): chf("10"), revenue(): chf("-10")})
    assert ledger.balance(bank()) == chf("10")


def test_an_entry_over_nothing_is_not_written() -> None:
    assert ledger.book("sale", "a", {bank(): chf("0"), revenue(): chf("0")}) is None
    assert not Entry.objects.exists()


def raw_entry(currency: str, *movements: tuple[Account, int]) -> None:
    """Past our own checks, straight into the tables."""
    pk = uuid.uuid4()
    Posting.objects.bulk_create(
        Posting(entry_id=pk, account=account, minor=minor) for account, minor in movements
    )
    Entry(id=pk, key=str(pk), kind="raw", currency=currency).save(force_insert=True)


@pytest.mark.parametrize(
    "movements",
    [
        [],
        [("bank", 10)],
        [("bank", 10), ("revenue", -9)],
        [("bank", 10), ("euro", -10)],
    ],
)
def test_the_database_itself_refuses_what_is_not_balanced(movements: list[tuple[str, int]]) -> None:
    accounts = {"bank": bank(), "revenue": revenue(), "euro": revenue("EUR")}
    with pytest.raises(IntegrityError, match="balanced"), transaction.atomic():
        raw_entry("CHF", *((accounts[name], minor) for name, minor in movements))
    assert not Entry.objects.exists() and not Posting.objects.exists()


@pytest.mark.spec("BIL-6")
def test_no_posting_names_an_account_that_is_not_there() -> None:
    """The guard of the entry says so, alone: the column has no foreign key, whose check said the same again."""
    nowhere = Account(pk=bank().pk + 1_000, currency="CHF")
    with pytest.raises(IntegrityError, match="balanced"), transaction.atomic():
        raw_entry("CHF", (nowhere, 5), (bank(), -5))
    assert not Entry.objects.exists() and not Posting.objects.exists()


@pytest.mark.spec("BIL-6")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_posting SET minor = minor + 1",
        "DELETE FROM billing_posting",
        "UPDATE billing_entry SET key = 'other'",
        "DELETE FROM billing_entry",
        "UPDATE billing_account SET kind = 'bank'",
        "DELETE FROM billing_account",
    ],
)
def test_nothing_that_was_booked_can_be_changed_or_deleted(statement: str) -> None:
    ledger.book("sale", "a", {bank(): chf("10"), revenue(): chf("-10")})
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert ledger.balance(bank()) == chf("10")


def test_no_posting_joins_an_entry_that_is_closed() -> None:
    entry = ledger.book("sale", "a", {bank(): chf("10"), revenue(): chf("-10")})
    assert entry is not None
    with pytest.raises(IntegrityError, match="closed"), transaction.atomic():
        Posting.objects.create(entry=entry, account=revenue("EUR"), minor=1)


@pytest.mark.spec("BIL-60")
def test_the_database_itself_refuses_an_overdrawn_prepaid_account(acme: Organization) -> None:
    account = prepaid.prepaid_account(acme, "CHF").account
    ledger.book("top_up", "a", {bank(): chf("10"), account: chf("-10")})
    with pytest.raises(IntegrityError, match="overdrawn"), transaction.atomic():
        ledger.book("payment", "b", {account: chf("10.01"), revenue(): chf("-10.01")})
    ledger.book("payment", "c", {account: chf("10"), revenue(): chf("-10")})
    assert prepaid.standing(acme, "CHF").balance == chf("0")


@pytest.mark.spec("BIL-6", "BIL-60")
@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ([("bank", 10), ("revenue", -9)], "balanced"),
        ([("bank", 10), ("euro", -10)], "balanced"),
        ([("bank", 10)], "balanced"),
        ([("prepaid", 31), ("revenue", -31)], "overdrawn"),  # 70 fit, but 40 are spent by the others
    ],
)
def test_one_wrong_entry_among_many_of_a_statement_refuses_them_all(
    acme: Organization, wrong: list[tuple[str, int]], match: str
) -> None:
    own = prepaid.prepaid_account(acme, "CHF").account
    ledger.book("top_up", "fill", {bank(): chf("0.70"), own: chf("-0.70")})
    accounts = {"bank": bank(), "revenue": revenue(), "euro": revenue("EUR"), "prepaid": own}

    def book_all(entries: list[list[tuple[str, int]]]) -> None:
        numbered = [(uuid.uuid4(), moved) for moved in entries]
        postings = [(pk, accounts[name].pk, minor) for pk, moved in numbered for name, minor in moved]
        insert_rows(Posting, ["entry", "account", "minor"], postings)
        same = {
            "kind": "raw",
            "organization": None,
            "currency": "CHF",
            "booked_at": clock.now(),
            "booked_on": clock.today(),
        }
        insert_rows(Entry, ["id", "key"], [(pk, str(pk)) for pk, _moved in numbered], same=same)

    right: list[list[tuple[str, int]]] = [[("prepaid", 1), ("revenue", -1)]] * 40
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        book_all([*right[:20], wrong, *right[20:]])
    assert ledger.balance(own) == chf("-0.70") and Entry.objects.count() == 1
    book_all(right)
    assert ledger.balance(own) == chf("-0.30") and Entry.objects.count() == 41


@pytest.mark.usefixtures("transactional_db")
def test_a_posting_without_its_entry_does_not_survive_the_commit() -> None:
    account = bank()
    with pytest.raises(IntegrityError), transaction.atomic():
        Posting.objects.create(entry_id=uuid.uuid4(), account=account, minor=5)
    assert not Posting.objects.exists()
    from kanton.billing import ledger_guards

    ledger_guards.remove(connection)  # so that the tables can be emptied; the flush brings the guards back


class Books(RuleBasedStateMachine):
    """Random movements between random accounts, right and wrong ones: the books balance after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: dict[int, int] = {}
        self.number = 0
        people = [Organization.objects.create(name=name, slug=name) for name in ("one", "two")]
        self.prepaid = [prepaid.prepaid_account(each, "CHF").account for each in people]
        self.others = [bank(), revenue(), ledger.account(AccountKind.IN_TRANSIT, "CHF", detail="test")]

    def accounts(self) -> list[Account]:
        return self.prepaid + self.others

    @rule(
        giver=st.integers(0, 4),
        taker=st.integers(0, 4),
        minor=st.integers(-50_00, 50_00),
        wrong=st.integers(-1, 1),
    )
    def move(self, giver: int, taker: int, minor: int, wrong: int) -> None:
        if giver == taker:
            return
        one, other = self.accounts()[giver], self.accounts()[taker]
        self.number += 1
        try:
            with transaction.atomic():
                raw_entry("CHF", (one, minor + wrong), (other, -minor))
        except IntegrityError:
            return
        assert not wrong and minor
        for account, amount in ((one, minor), (other, -minor)):
            self.expected[account.pk] = self.expected.get(account.pk, 0) + amount

    @invariant()
    def the_ledger_balances(self) -> None:
        assert ledger.trial_balance("CHF").difference == chf("0")
        assert ledger.unbalanced_entries() == []

    @invariant()
    def every_account_holds_what_was_moved(self) -> None:
        for account in self.accounts():
            assert ledger.balance(account).minor == self.expected.get(account.pk, 0)

    @invariant()
    def no_prepaid_account_is_below_zero(self) -> None:
        assert all(ledger.balance(account).minor <= 0 for account in self.prepaid)


class UndoneBooks(Books):
    """Every run is undone at its end, since a ledger cannot be emptied."""

    def __init__(self) -> None:
        self.point = transaction.savepoint()
        super().__init__()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.point)


@pytest.mark.spec("BIL-6", "BIL-60")
def test_the_books_balance_after_every_step_of_random_lives() -> None:
    run_state_machine_as_test(
        UndoneBooks, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )
