"""What one count of the throttle costs, written to its file: processor time, since every request pays it."""

import time
from datetime import timedelta
from pathlib import Path

from kanton.core.throttle import Rule, SqliteStore


def measure(folder: Path, *, turns: int) -> list[float]:
    """Microseconds of processor time for one count, in each turn of a thousand."""
    store = SqliteStore(folder / "counters.sqlite3")
    rule = Rule("token", 60, timedelta(minutes=1))
    found = []
    try:
        for turn in range(turns):
            began = time.process_time()
            for number in range(1000):
                # Two seconds apart: the window is always half full, as under a busy token.
                store.count([rule], 1, 10**15 + (turn * 1000 + number) * 2_000_000)
            found.append((time.process_time() - began) * 1000)
    finally:
        store.close()
    return found
