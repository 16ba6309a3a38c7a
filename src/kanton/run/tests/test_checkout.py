"""The commands of a fresh clone, wherever a stranger puts it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[4]
SOURCED = ". bin/_environment.sh; "


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder as people name theirs, with everything installed."""
    place = tmp_path / "Zürich, Bücher & mehr" / "Kanton für alle"
    place.mkdir(parents=True)
    for name in ("bin", "requirements"):
        shutil.copytree(CHECKOUT / name, place / name)
    (place / "src").symlink_to(CHECKOUT / "src")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / ".venv"], check=True)
    shell(
        place,
        "link_checkout; for name in run dev; do cksum <requirements/$name.txt >.venv/.kanton-$name; done",
    )
    return place


def shell(place: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as the commands in bin/ are run, in a bare environment and another language than Python expects."""
    packages = sysconfig.get_path("purelib")
    return subprocess.run(
        ["sh", "-c", SOURCED + script, "bin/x"],
        cwd=place,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": packages, "LC_ALL": "C", "HOME": "/nonexistent"}
        | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_command_works_in_a_folder_with_spaces_and_umlauts(checkout: Path) -> None:
    said = shell(checkout, '.venv/bin/kanton --version; cd /; "$venv/bin/kanton" --version')
    assert said.stdout.splitlines() == ["kanton, version 0.1.0"] * 2, said.stderr


def test_the_command_works_through_a_link(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "kanton").symlink_to(checkout / ".venv" / "bin" / "kanton")
    said = shell(checkout, f"{tmp_path}/kanton --version")
    assert said.stdout == "kanton, version 0.1.0\n", said.stderr


def test_bin_run_finds_everything_from_another_folder(checkout: Path, tmp_path: Path) -> None:
    said = shell(checkout, f'here=$(pwd); cd {tmp_path}; "$here/bin/run" --help')
    assert said.returncode == 0, said.stderr
    assert "Start everything" in said.stdout


def test_a_moved_checkout_knows_that_its_programs_name_the_former_place(checkout: Path) -> None:
    asking = "if was_moved; then echo moved; else echo here; fi"
    assert shell(checkout, asking).stdout == "here\n"
    moved = checkout.rename(checkout.with_name("elsewhere"))
    assert shell(moved, asking).stdout == "moved\n"
    (moved / ".venv" / ".kanton-place").unlink()
    assert shell(moved, asking).stdout == "here\n", "nobody knows where it was: it is left alone"


def test_a_relative_home_is_that_of_the_folder_where_it_was_typed(checkout: Path, tmp_path: Path) -> None:
    said = shell(
        checkout,
        f'here=$(pwd); cd {tmp_path}; . "$here/bin/_environment.sh"; echo $KANTON_HOME',
        KANTON_HOME="my home",
    )
    assert said.stdout.splitlines()[-1].endswith("/my home"), said
