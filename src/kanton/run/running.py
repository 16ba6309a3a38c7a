"""Is a Kanton running in this home, and where does it listen? For commands typed beside it."""

import contextlib
import fcntl
import os
from dataclasses import asdict
from pathlib import Path
from typing import IO

from kanton.config import home_from, variable_of
from kanton.run import endpoints
from kanton.run.supervisor import State

STATES = "processes.json"


def is_running(pid: str) -> bool:
    """Whether a process of this number exists and has not ended."""
    if not pid.isdigit():
        return False
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    if Path("/proc/self").exists():
        return False
    with contextlib.suppress(OSError):
        os.kill(int(pid), 0)
        return True
    return False


def running_pid(home: Path) -> int | None:
    """The supervisor of this home, if it runs. Its lock tells, too: the number alone may be another program's by now,
    after a crash of the machine."""
    with contextlib.suppress(OSError), (home / "run.lock").open() as file:
        pid = file.read().strip()
        if is_running(pid) and _is_locked(file):
            return int(pid)
    return None


def _is_locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def tell_states(home: Path, states: dict[str, State], ports: dict[str, int]) -> None:
    """Keep what our processes do now, and on which ports, for commands typed beside us."""
    told = {
        "pid": os.getpid(),
        "ports": ports,
        "processes": {name: asdict(state) for name, state in states.items()},
    }
    # A full disk must not end who would say so.
    with contextlib.suppress(OSError):
        endpoints.write(home / STATES, told)


def states_of(home: Path, pid: int) -> dict[str, State] | None:
    """What the processes of this supervisor do now; one that is not named was not started yet. None before it has its
    ports: what answers on those of last time, or of the settings, is somebody else."""
    told = endpoints.read(home / STATES)
    # A start may have chosen its ports since `adopt_ports` looked.
    is_adopted = all(
        os.environ.get(variable_of(name)) == str(port) for name, port in endpoints.chosen_ports(told).items()
    )
    if told.get("pid") != pid or not is_adopted:
        return None
    return {name: State(**state) for name, state in told["processes"].items()}


def adopt_ports() -> None:
    """Use the ports of the running Kanton, which may not be the wished ones."""
    home = home_from(os.environ)
    pid = running_pid(home)
    if pid is None:
        return
    told = endpoints.read(home / STATES)
    if told.get("pid") != pid:
        told = endpoints.read(home / "endpoints.json")
    for name, port in endpoints.chosen_ports(told).items():
        os.environ[variable_of(name)] = str(port)
