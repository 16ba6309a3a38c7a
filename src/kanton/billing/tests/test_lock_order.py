"""Whoever locks the same rows from different ends waits for the other, and PostgreSQL has no deadlock to end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kanton.testing_at_once import real_database, run_program

__all__ = ["real_database"]

ROUNDS = int(os.environ.get("KANTON_TEST_ROUNDS", "3"))


@pytest.mark.spec("BIL-89", "BIL-97", "BIL-98", "BIL-117")
def test_paths_that_meet_wait_for_each_other(real_database: str, tmp_path: Path) -> None:
    found = run_program("kanton.billing.tests.locks_at_once", real_database, tmp_path, str(ROUNDS))
    one_of_each = {
        # The line may be billed by the other at that moment; then the customer looks at the list anew.
        "choose_or_run": (["Invoice", "int"], ["Conflict", "int"]),
        "change_or_run": (["Service", "int"],),
        "cancel_or_run": (["Cancellation", "int"],),
        "pay_or_take_over": (["Payment", "int"],),
        # Cancelled first, the bill is withdrawn; paid first, the term is paid for and ends with the service.
        "cancel_or_pay": (["Cancellation", "Payment"], ["Cancellation", "NotPayable"]),
        # Released first, the order waits to be paid and is cancelled; cancelled first, the case has ended.
        "accept_or_cancel": (["IdentityCheck", "Order"], ["NotUnderExamination", "Order"]),
    }
    for pair, allowed in one_of_each.items():
        assert len(found[pair]) == ROUNDS and all(each in allowed for each in found[pair]), (
            pair,
            found[pair],
        )
    assert found["difference"] == 0 and found["unbalanced"] == [] and found["problems"] == []
