"""Two blocks at the same moment: whoever is second is told that nobody else can act as owner."""

from __future__ import annotations

from pathlib import Path

import pytest

from kanton.testing_at_once import real_database, run_program

__all__ = ["real_database"]


@pytest.mark.spec("ORG-91")
def test_of_two_owners_blocked_at_once_the_second_is_the_last(real_database: str, tmp_path: Path) -> None:
    found = run_program("kanton.support.blocks.tests.blocks_at_once", real_database, tmp_path)
    assert len(found) == 3
    for pair, (came, blocks) in found.items():
        assert (came, blocks) == (["NobodyElse", "SecurityBlock"], 1), pair
