"""Wakes idle workers of this machine at once, and tells which of them are alive.

Each worker keeps a named pipe open in $KANTON_HOME/run. Writing a byte into it wakes the worker; a pipe that
nobody reads belongs to a worker that was killed. A pipe that is missing says nothing, so a worker on another machine
with another home is never taken for dead. Where pipes do not work, workers find jobs by looking now and then.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
from pathlib import Path
from types import TracebackType

from kanton.config import config

PREFIX, SUFFIX = "jobs-", ".bell"


def _folder() -> Path:
    return config.home / "run"


def ring() -> None:
    """Wake the workers of this machine. Costs some 20 µs and never fails."""
    try:
        with os.scandir(_folder()) as entries:
            paths = [entry.path for entry in entries if entry.name.startswith(PREFIX)]
    except OSError:
        return
    for path in paths:
        # Nobody reads it (a dead worker: see `silenced`), or it is full (a worker that will wake anyway).
        with contextlib.suppress(OSError):
            pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(pipe, b"!")
            finally:
                os.close(pipe)


def silenced() -> list[str]:
    """Names of workers that had a bell on this machine and live no more."""
    dead = []
    for path in _folder().glob(f"{PREFIX}*{SUFFIX}"):
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno == errno.ENXIO:
                dead.append(path.name.removeprefix(PREFIX).removesuffix(SUFFIX))
    return dead


def bury(name: str) -> None:
    """Remove the bell of a dead worker, once its jobs are free again."""
    (_folder() / f"{PREFIX}{name}{SUFFIX}").unlink(missing_ok=True)


class Bell:
    """The bell of one worker; `wait` sleeps until it rings."""

    def __init__(self, name: str) -> None:
        self.path = _folder() / f"{PREFIX}{name}{SUFFIX}"
        self._pipe: int | None = None

    def __enter__(self) -> Bell:
        # Made and opened under a name that nobody looks at, so that no neighbour can take it for a dead one's.
        newborn = self.path.with_suffix(".new")
        try:
            config.folder("run")
            os.mkfifo(newborn, 0o600)
            # Read and write: it then never reports an end when the last ringer hangs up.
            self._pipe = os.open(newborn, os.O_RDWR | os.O_NONBLOCK)
            newborn.rename(self.path)
        except OSError:
            self._pipe = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.path.unlink(missing_ok=True)
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    @property
    def works(self) -> bool:
        """Whether this machine can ring it."""
        return self._pipe is not None

    def fileno(self) -> int:
        """The pipe, for `select`."""
        assert self._pipe is not None
        return self._pipe

    def wait(self, seconds: float) -> None:
        """Sleep until somebody rings, at most so long."""
        if self._pipe is None:  # pragma: no cover - only where pipes do not work
            select.select([], [], [], min(seconds, 0.5))
            return
        ready, _, _ = select.select([self], [], [], seconds)
        if ready:
            with contextlib.suppress(BlockingIOError):
                while len(os.read(self._pipe, 4096)) == 4096:
                    pass
