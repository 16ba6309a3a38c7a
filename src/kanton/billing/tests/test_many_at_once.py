"""Fifty payers at once on real databases: threads on a SQLite file and on PostgreSQL, exactly one effect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanton.testing_postgres import Cluster

ROUNDS = int(os.environ.get("KANTON_TEST_ROUNDS", "2"))
SOURCE = Path(__file__).resolve().parents[3]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.engine("postgres"))])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database; nothing for a SQLite file in the process's own home."""
    if request.param == "sqlite":
        yield ""
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = f"billing_{uuid.uuid4().hex[:12]}"
    yield cluster.create_database(name)
    cluster.drop_database(name)


@pytest.mark.spec("BIL-60", "BIL-62", "BIL-70", "BIL-80", "BIL-97")
def test_fifty_at_once_have_one_effect(database: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")} | {
        "KANTON_HOME": str(tmp_path / "home"),
        "KANTON_DEMO": "true",
        "DJANGO_SETTINGS_MODULE": "kanton.settings",
        "PYTHONPATH": str(SOURCE),
    }
    if database:
        environment["KANTON_DATABASE_URL"] = database
    done = subprocess.run(
        [sys.executable, "-m", "kanton.billing.tests.many_at_once", str(ROUNDS)],
        env=environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
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
