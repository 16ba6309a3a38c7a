"""Which rights there are does not depend on what was asked for first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import django
django.setup()
from kanton.core.rights import RIGHTS
at_first = set(RIGHTS)
from kanton.rest.loading import load_routes
from kanton.testing_matrix import addresses
load_routes(), addresses()
print(*sorted(set(RIGHTS) - at_first))
"""


def test_a_program_that_has_just_started_knows_every_right(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")}
    environment = inherited | {
        "KANTON_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "kanton.settings",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
