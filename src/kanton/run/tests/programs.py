"""Small programs that tests start, signal and kill."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

HEADER = """
import os, signal, sys, time
from pathlib import Path
from kanton.run.supervisor import Events, Process, Supervisor, last_words
folder = Path(sys.argv[1])
# Whoever started these tests by nohup had it ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
def note(name):
    with (folder / name).open("a") as file:
        file.write(f"{os.getpid()}\\n")
def forever(name):
    def run():
        note(name)
        if os.fork() == 0:
            note(name + "-grandchild")
            while True:
                time.sleep(60)
        while True:
            signal.pause()
    return run
"""


class Program:
    """A supervisor in a process of its own, so that it can be signalled and killed."""

    def __init__(self, folder: Path, body: str, terminal: tuple[int, ...] = ()) -> None:
        self.folder = folder
        (folder / "program.py").write_text(HEADER + textwrap.dedent(body))
        self.process = subprocess.Popen(
            [sys.executable, str(folder / "program.py"), str(folder), *map(str, terminal)],
            pass_fds=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(folder), "KANTON_RUN_GRACE": "0.3"},
        )

    def pids(self, name: str) -> list[int]:
        path = self.folder / name
        return [int(line) for line in path.read_text().splitlines()] if path.exists() else []

    def end(self) -> tuple[int, str]:
        output, _ = self.process.communicate(timeout=120)
        return self.process.returncode, output


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
