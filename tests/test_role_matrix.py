"""Every action and every address × every role. How to add lines: `src/kanton/testing_matrix.py`."""

from __future__ import annotations

from collections import Counter

import pytest

from kanton import testing_matrix as matrix

LINES = matrix.lines()


@pytest.mark.spec("ORG-7")
@pytest.mark.django_db
@pytest.mark.parametrize("line", LINES, ids=str)
def test_role_matrix(line: matrix.Line) -> None:
    assert matrix.row(line) == {who.value: line.expected(who) for who in matrix.Who}


def test_every_action_and_address_has_a_line() -> None:
    gaps = matrix.missing(LINES)
    assert not gaps, "\n\nAdd these lines (see the top of src/kanton/testing_matrix.py):\n" + "\n".join(gaps)


def test_no_line_is_about_what_is_gone() -> None:
    gone = matrix.obsolete(LINES)
    assert not gone, "\n\nThese actions or addresses are gone; remove their lines:\n" + "\n".join(gone)


def test_no_line_stands_twice() -> None:
    twice = [key for key, times in Counter(line.key for line in LINES).items() if times > 1]
    assert not twice
