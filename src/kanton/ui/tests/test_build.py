"""Building the front end on a stranger's machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kanton.ui import build


def test_npm_keeps_what_it_fetches_where_it_always_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NPM_CONFIG_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "not-made-yet"))
    with build._cache() as options:
        assert options == []


def test_npm_gets_a_passing_folder_when_the_home_folder_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NPM_CONFIG_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "closed"))
    asked: list[Path] = []
    # Root may write everywhere, whatever the mode says.
    monkeypatch.setattr(os, "access", lambda path, mode: asked.append(path))
    with build._cache() as options:
        assert options[0] == "--cache"
        assert Path(options[1]).is_dir()
    assert asked == [tmp_path]
    assert not Path(options[1]).exists()
