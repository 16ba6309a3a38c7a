"""A few organizations for some months, seeded: whatever they do and whenever the power fails, everything is proved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ORGANIZATIONS = os.environ.get("KANTON_TEST_LIVES", "4")
YEARS = os.environ.get("KANTON_TEST_YEARS", "0.3")
SEED = os.environ.get("KANTON_TEST_SEED", "5")
SOURCE = Path(__file__).resolve().parents[3]


@pytest.mark.spec("BIL-5", "BIL-6", "BIL-60", "BIL-70", "BIL-80", "BIL-97", "BIL-105")
def test_lives_of_customers_with_power_cuts_end_with_every_proof_green(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")} | {
        "KANTON_HOME": str(tmp_path / "home"),
        "KANTON_DEMO": "true",
        "DJANGO_SETTINGS_MODULE": "kanton.settings",
        "PYTHONPATH": str(SOURCE),
    }
    done = subprocess.run(
        [sys.executable, "-m", "kanton.billing.tests.ten_years", ORGANIZATIONS, YEARS, SEED, "2"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["problems"] == []
    counted = found["counted"]
    happened = (
        "orders",
        "messages",
        "statements",
        "renewals by hand",
        "credit notes",
        "power cuts",
        "years closed",
    )
    assert [what for what in happened if not counted.get(what)] == []
    assert found["documents"]["invoice paid"] > 10
