"""The counter of everything that has a limit over time: exact, shared by processes, refused calls not counted."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanton.config import overriding
from kanton.core import clock, throttle
from kanton.core.errors import TooMany
from kanton.core.throttle import Rule, Verdict, peek, throttle_all
from kanton.testing_postgres import Cluster

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SOURCES = str(Path(__file__).parents[3])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.engine("postgres"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Counters of our own, in each of the two stores."""
    address = ""
    name = f"throttle_{os.getpid()}_{time.monotonic_ns()}"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        address = cluster.create_database(name)
    with overriding(home=tmp_path, database={"url": address}):
        throttle.close()
        yield address
        throttle.close()
    if address:
        cluster.drop_database(name)


def call(key: str, at: float, limit: int = 3, cost: int = 1) -> Verdict:
    """One call so many seconds after noon, under a limit for a minute."""
    with clock.travel(NOON + timedelta(seconds=at)):
        return throttle.throttle(key, limit, MINUTE, cost=cost)


@pytest.mark.usefixtures("url")
def test_the_window_slides_and_refused_calls_do_not_count() -> None:
    verdicts = [call("t", at) for at in (0, 10, 20, 30, 59, 61, 62, 71)]
    assert [bool(v) for v in verdicts] == [True, True, True, False, False, True, False, True]
    assert [v.remaining for v in verdicts] == [2, 1, 0, 0, 0, 0, 0, 0]
    # After a refusal: how long until the oldest call leaves the window.
    assert [verdicts[n].reset_in for n in (3, 6)] == pytest.approx([30, 8], abs=0.1)


@pytest.mark.usefixtures("url")
def test_the_61st_call_of_a_minute_is_refused() -> None:
    assert sum(bool(call("token", 0.5 * n, limit=60)) for n in range(60)) == 60
    refused = call("token", 30, limit=60)
    assert (refused.allowed, refused.limit, refused.remaining) == (False, 60, 0)
    assert refused.reset_in == pytest.approx(30, abs=0.1)
    with pytest.raises(TooMany) as error:
        refused.or_refuse()
    assert error.value.params == {"seconds": 30}


@pytest.mark.usefixtures("url")
def test_keys_do_not_know_each_other() -> None:
    assert all(call("a", 0) for _ in range(3))
    assert not call("a", 1) and call("b", 1)


@pytest.mark.usefixtures("url")
def test_a_call_counts_under_all_its_rules_or_under_none() -> None:
    tight, wide = Rule("token", 2, MINUTE), Rule("user", 3, MINUTE)
    with clock.travel(NOON):
        assert [bool(throttle_all([tight, wide])) for _ in range(3)] == [True, True, False]
        assert (peek("user", 3, MINUTE).remaining, peek("token", 2, MINUTE).remaining) == (1, 0)
        assert throttle_all([Rule("token 2", 2, MINUTE), wide])
        refused = throttle_all([Rule("token 3", 2, MINUTE), wide])
        assert (refused.allowed, refused.limit) == (False, 3)
        assert peek("token 3", 2, MINUTE).remaining == 2
        # The tightest is told.
        assert throttle_all([Rule("a", 5, MINUTE), Rule("b", 2, MINUTE)]).limit == 2


@pytest.mark.usefixtures("url")
def test_a_call_that_costs_more_is_taken_whole_or_refused_whole() -> None:
    assert call("m", 0, limit=10, cost=7).remaining == 3
    assert not call("m", 1, limit=10, cost=4)
    assert call("m", 2, limit=10, cost=3).remaining == 0
    assert not call("m", 61, limit=10, cost=8)
    assert call("m", 61, limit=10, cost=7).remaining == 0
    assert not call("m", 500, limit=10, cost=11)
    assert call("m", 500, limit=10, cost=10)


@pytest.mark.usefixtures("url")
def test_a_lowered_limit_holds_at_once() -> None:
    assert all(call("a", n, limit=10) for n in range(10))
    assert not call("a", 11, limit=3)
    assert not call("a", 66, limit=3)  # 7, 8 and 9 are still inside
    assert call("a", 68, limit=3)


@pytest.mark.usefixtures("url")
def test_peeking_does_not_count_and_forgetting_starts_afresh() -> None:
    with clock.travel(NOON):
        assert (peek("a", 2, MINUTE).remaining, peek("a", 2, MINUTE).remaining) == (2, 2)
        assert throttle.throttle("a", 2, MINUTE) and throttle.throttle("a", 2, MINUTE)
        assert not peek("a", 2, MINUTE)
        throttle.forget("a")
        assert peek("a", 2, MINUTE).remaining == 2


@pytest.mark.usefixtures("url")
def test_counters_of_past_windows_are_removed() -> None:
    call("old", 0)
    call("new", 100)
    with clock.travel(NOON + timedelta(seconds=101)):
        assert throttle.forget_old() == 1
        assert peek("new", 3, MINUTE).remaining == 2


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 3)), max_size=30),
)
def test_it_agrees_with_a_list_of_all_admitted_calls(limit: int, calls: list[tuple[int, int]]) -> None:
    store = throttle.SqliteStore(":memory:")
    admitted: list[int] = []
    now = 10**15
    for pause, cost in calls:
        now += pause * 1_000_000
        window = [instant for instant in admitted if instant > now - 20_000_000]
        expected = len(window) + cost <= limit
        (verdict,) = store.count([Rule("k", limit, timedelta(seconds=20))], cost, now)
        assert verdict.allowed is expected
        if expected:
            admitted += [now] * cost
            assert verdict.remaining == limit - len(window) - cost
        elif cost <= limit:
            # At the time it says, and not a moment earlier, the same call is admitted.
            wait = round(verdict.reset_in * 1_000_000)
            later = [instant for instant in admitted if instant > now + wait - 20_000_000]
            before = [instant for instant in admitted if instant > now + wait - 1 - 20_000_000]
            assert len(later) + cost <= limit < len(before) + cost
    store.close()


COUNT = """
import sys
from datetime import timedelta
from kanton.core.throttle import throttle
sys.stdin.readline()
print(sum(bool(throttle("shared", 500, timedelta(hours=1))) for _ in range(400)))
"""


def test_four_processes_at_once_are_counted_exactly(url: str, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")}
    environment = kept | {
        "KANTON_HOME": str(tmp_path),
        "PYTHONPATH": SOURCES,
        "DJANGO_SETTINGS_MODULE": "kanton.settings",
    }
    if url:
        environment["KANTON_DATABASE_URL"] = url
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COUNT], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]  # fmt: skip
    time.sleep(0.1)
    admitted = [int(process.communicate("go\n", timeout=240)[0]) for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert sum(admitted) == 500


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / throttle.FILE_NAME).write_bytes(b"not a database, " * 1000)
    with overriding(home=tmp_path, database={"url": ""}):
        throttle.close()
        assert throttle.throttle("a", 1, MINUTE)
        assert not throttle.throttle("a", 1, MINUTE)
        throttle.close()


def test_an_unreachable_store_is_replaced_by_counting_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / throttle.FILE_NAME).mkdir()
    monkeypatch.setattr(throttle, "_memory", None)
    monkeypatch.setattr(throttle, "_memory_until", 0.0)
    with overriding(home=tmp_path, database={"url": ""}):
        throttle.close()
        assert [bool(throttle.throttle("a", 2, MINUTE)) for _ in range(3)] == [True, True, False]
        throttle.close()


def test_the_file_is_apart_from_the_main_database(tmp_path: Path) -> None:
    with overriding(home=tmp_path, database={"url": ""}):
        throttle.close()
        call("a", 0)
        throttle.close()
    with sqlite3.connect(tmp_path / "throttle.sqlite3") as database:
        assert database.execute("SELECT key, length(hits) FROM counter").fetchall() == [("a", 8)]
