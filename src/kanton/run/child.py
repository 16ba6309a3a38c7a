"""A process of Kanton seen from inside: its own group, its own log, and an end when the supervisor ends.

The supervisor holds the writing end of a pipe and never writes. When it is gone, even by `kill -9`, reading the
other end returns at once: that is how a child learns it, without asking again and again.
"""

import contextlib
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

LIFELINE = "KANTON_RUN_LIFELINE"
GRACE_SECONDS = float(os.environ.get("KANTON_RUN_GRACE", "8"))


# What asks a process to stop. Before a fork they are blocked: a fork inherits its parent's handlers, and none of these
# may reach it before it has its own.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def detach(log: Path | None) -> None:
    """Just after a fork: a group of our own, fresh signals, output into the log, no terminal."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (*STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if log is not None:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)
        # These may still be the terminal's or a test's.
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)


def watch_parent() -> None:
    """End this process, and after a while its whole group, when the supervisor is gone.

    Threads do not survive a fork: what is forked from here calls it again.
    """
    lifeline = os.environ.get(LIFELINE)
    if lifeline is not None:
        watch(int(lifeline))


def watch(lifeline: int) -> None:
    """The same with the reading end of a pipe that the parent holds open."""
    threading.Thread(target=_watch, args=(lifeline,), name="parent-watch", daemon=True).start()


def _watch(lifeline: int) -> None:
    try:
        while os.read(lifeline, 1):
            pass
    except OSError:
        return
    leader = os.getpid()
    if os.getpgrp() == leader and os.fork() == 0:
        _sweep(leader)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _sweep(leader: int) -> None:
    """In a process of its own: when the leader of a group has ended, or its grace is over, kill what is left of it."""
    os.setsid()
    until = time.monotonic() + GRACE_SECONDS
    while os.getppid() == leader and time.monotonic() < until:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
    os._exit(0)


def kill_group(pid: int) -> None:
    """Kill a child and everything it started; it may not have made its group yet."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def main() -> None:
    """`python -m kanton.run.child MODULE ARGUMENTS…`: run a module as a program that ends with the supervisor."""
    watch_parent()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
