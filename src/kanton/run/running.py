"""Is a Kanton running in this home, and where does it listen? For commands typed beside it."""

import contextlib
import os
from pathlib import Path

from kanton.config import home_from, variable_of
from kanton.run import endpoints


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
    """The supervisor of this home, if it runs."""
    with contextlib.suppress(OSError):
        pid = (home / "run.lock").read_text().strip()
        if is_running(pid):
            return int(pid)
    return None


def adopt_ports() -> None:
    """Use the ports of the running Kanton, which may not be the wished ones."""
    home = home_from(os.environ)
    if running_pid(home) is None:
        return
    for name, port in endpoints.chosen_ports(endpoints.read(home / "endpoints.json")).items():
        os.environ[variable_of(name)] = str(port)
