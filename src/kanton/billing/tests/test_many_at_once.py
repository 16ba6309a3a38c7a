"""Fifty payers at once on real databases: threads on a SQLite file and on PostgreSQL, exactly one effect."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kanton.testing_at_once import real_database, run_program

__all__ = ["real_database"]

ROUNDS = int(os.environ.get("KANTON_TEST_ROUNDS", "2"))


@pytest.mark.spec("BIL-60", "BIL-62", "BIL-70", "BIL-80", "BIL-97")
def test_fifty_at_once_have_one_effect(real_database: str, tmp_path: Path) -> None:
    found = run_program("kanton.billing.tests.many_at_once", real_database, tmp_path, str(ROUNDS))
    assert found["one_invoice"] == [{"Payment": 1, "AlreadyPaid": 49}] * ROUNDS
    assert found["one_charge"] == [{"Payment": 50}] * ROUNDS
    assert found["one_purse"] == [{"Payment": 8, "NotEnoughMoney": 4}] * ROUNDS
    one_of_two = {"Transfer": 1, "NotEnoughMoney": 1}
    assert found["two_withdrawals"] == [one_of_two] * ROUNDS
    paid_or_withdrawn = ({"Payment": 1, "NotEnoughMoney": 1}, one_of_two)
    assert all(each in paid_or_withdrawn for each in found["withdrawal_or_payment"])
    assert found["two_refunds"] == [{"Refund": 1, "NothingToRefund": 1}] * ROUNDS
    refunded_or_withdrawn = ({"Refund": 1, "NotEnoughMoney": 1}, {"Transfer": 1, "NothingToRefund": 1})
    assert all(each in refunded_or_withdrawn for each in found["refund_or_withdrawal"])
    # Six entries in both files together: each is known once, and pays its invoice once.
    assert found["statements"] == [{"list": 4}] * ROUNDS and found["by_bank"] == [[6, 6]] * ROUNDS
    assert found["entries"] == 6 * ROUNDS and found["problems"] == []
    assert found["settled"] == [ROUNDS, ROUNDS]
    paid = sum("Payment" in each for each in found["withdrawal_or_payment"])
    assert found["numbers"] == list(range(1, (10 + 6) * ROUNDS + paid + 1))
    assert found["difference"] == 0 and found["unbalanced"] == []
