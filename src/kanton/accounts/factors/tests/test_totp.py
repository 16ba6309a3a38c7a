"""The arithmetic of one-time passwords."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from kanton.accounts.factors import totp

# The key and the values of RFC 6238, appendix B, shortened to six digits.
SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_codes_of_the_standard(seconds: int, code: str) -> None:
    assert totp.code_at(SECRET, seconds // 30) == code


@pytest.mark.spec("ACC-80")
def test_one_step_of_drift_and_no_more() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 15, tzinfo=UTC)
    now = totp.step_at(moment)
    for step in (now - 1, now, now + 1):
        assert totp.matching_step(SECRET, totp.code_at(SECRET, step), moment) == step
    for step in (now - 2, now + 2):
        assert totp.matching_step(SECRET, totp.code_at(SECRET, step), moment) is None
    assert totp.matching_step(SECRET, "", moment) is None
    spaced = totp.code_at(SECRET, now)
    assert totp.matching_step(SECRET, f"{spaced[:3]} {spaced[3:]}", moment) == now
