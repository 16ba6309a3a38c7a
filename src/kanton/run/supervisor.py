"""One parent for all processes: starts them, tells when they are ready, starts a crashed one again, stops all.

It is single-threaded and sleeps until a signal, a child or a deadline wakes it. Children are forked from it, so
that what it has imported is shared by all of them and a start costs milliseconds; or they begin with a program
of their own, in a fresh interpreter.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from kanton.run import child

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
# A child that ran this long before it fell is not in a crash loop: the waits begin anew.
STABLE_SECONDS = 60.0
KEEP_LOG_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Process:
    """What to run: a function in a fork of the supervisor, or a command."""

    name: str
    start: Callable[[], None] | Sequence[str]
    is_ready: Callable[[], bool] = lambda: True
    stop_seconds: float = 12.0
    # Open sockets that the command is handed: it finds them by their numbers.
    sockets: Sequence[socket.socket] = ()


@dataclass
class Running:
    """A process and its fate so far."""

    process: Process
    pid: int = 0
    started_at: float = 0.0
    is_ready: bool = False
    falls: int = 0
    restart_at: float = 0.0
    ended_with: int | None = None


@dataclass(frozen=True)
class State:
    """What a process does now, for who asks from outside."""

    is_ready: bool
    falls: int
    pid: int


@dataclass
class Events:
    """What the supervisor tells; the terminal prints it, tests collect it."""

    ready: Callable[[str], None] = lambda name: None
    fell: Callable[[str, str, float], None] = lambda name, how, wait: None
    stopping: Callable[[], None] = lambda: None
    killed: Callable[[str], None] = lambda name: None
    # After every change, and often: what each process does now.
    changed: Callable[[dict[str, State]], None] = lambda states: None


@dataclass
class Supervisor:
    """Runs a list of processes until it is asked to stop."""

    processes: Sequence[Process]
    logs: Path
    events: Events = field(default_factory=Events)
    keep_log_bytes: int = KEEP_LOG_BYTES
    running: dict[str, Running] = field(default_factory=dict)
    # While the caller still prepares: how it ends when a stop is asked for, after all children were stopped. It must
    # not return. An exception from the signal handler would not do: imports swallow those that hit their callbacks.
    give_up: Callable[[], NoReturn] | None = None
    _stop_asked: int = 0
    _told: dict[str, State] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lifeline_read, self._lifeline_write = os.pipe()
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        self._look_at_logs_at = 0.0

    # Starting.

    def listen(self) -> None:
        """From now on signals are ours, and logs are kept."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in child.STOP_SIGNALS:
            # nohup: a signal that somebody told us to ignore stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGTERM:
                signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._trim_logs()

    def start(self, processes: Sequence[Process] | None = None) -> None:
        """Start these processes, or all that do not run yet."""
        for process in self.processes if processes is None else processes:
            if process.name not in self.running:
                self.running[process.name] = Running(process)
                self._spawn(self.running[process.name])
        self._tell_changes()

    def _tell_changes(self) -> None:
        states = {
            name: State(each.is_ready and each.pid > 0, each.falls, each.pid)
            for name, each in self.running.items()
        }
        if states != self._told:
            self._told = states
            self.events.changed(states)

    def _spawn(self, running: Running) -> None:
        log = self.logs / f"{running.process.name}.log"
        sys.stdout.flush()
        sys.stderr.flush()
        # A fork inherits our handlers. No stop may reach it before it has its own, else it plays the supervisor; and
        # none may reach us before the child is written down, else it is forgotten.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, child.STOP_SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                self._in_child(running.process, log, before)
            running.pid, running.started_at = pid, time.monotonic()
            running.is_ready, running.ended_with = False, None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _in_child(self, process: Process, log: Path, mask: Iterable[int]) -> NoReturn:
        """With stop signals still blocked; `mask` is what to block from then on."""
        code = 70
        try:
            for descriptor in (self._lifeline_write, self._wake_read, self._wake_write):
                os.close(descriptor)
            child.detach(log)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.environ[child.LIFELINE] = str(self._lifeline_read)
            if callable(process.start):
                child.watch_parent()
                process.start()
                code = 0
            else:
                for descriptor in (self._lifeline_read, *(each.fileno() for each in process.sockets)):
                    os.set_inheritable(descriptor, True)
                os.execvp(process.start[0], list(process.start))  # noqa: S606
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:  # noqa: BLE001 (a fork must never return into its parent's code)
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    # Running.

    def wait_until_ready(self, seconds: float) -> list[str]:
        """Wait for all to be ready. Returns the names of those that are not when time is up or a stop asked."""
        until = time.monotonic() + seconds
        while not self._stop_asked:
            self._turn(0.03)
            waiting = [running.process.name for running in self.running.values() if not running.is_ready]
            if not waiting or time.monotonic() >= until:
                return waiting
        return [running.process.name for running in self.running.values() if not running.is_ready]

    def run(self) -> None:
        """Keep everything running until a stop is asked for, then stop it all."""
        try:
            while not self._stop_asked:
                self._turn(self._sleep_seconds())
        finally:
            self.stop()

    def ask_to_stop(self) -> None:
        """What a signal does."""
        self._stop_asked += 1

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked us to stop."""
        return self._stop_asked > 0

    def _on_stop_signal(self, _number: int, _frame: object) -> None:
        self._stop_asked += 1
        if (give_up := self.give_up) is not None:
            self.stop()
            give_up()

    def _sleep_seconds(self) -> float:
        now = time.monotonic()
        if any(running.pid and not running.is_ready for running in self.running.values()):
            return 0.2
        waits = [running.restart_at - now for running in self.running.values() if not running.pid]
        return max(0.0, min([*waits, self._look_at_logs_at - now]))

    def _turn(self, seconds: float) -> None:
        with contextlib.suppress(InterruptedError):
            select.select([self._wake_read], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        self._reap()
        now = time.monotonic()
        for running in self.running.values():
            if running.pid and not running.is_ready and running.process.is_ready():
                running.is_ready = True
                self.events.ready(running.process.name)
            elif not running.pid and not self._stop_asked and now >= running.restart_at:
                self._spawn(running)
        self._tell_changes()
        if now >= self._look_at_logs_at:
            self._trim_logs()

    def _reap(self) -> None:
        """Take note of every child that ended, and sweep away what it left behind."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for running in self.running.values():
                if running.pid == pid:
                    self._fallen(running, status)

    def _fallen(self, running: Running, status: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(running.pid, signal.SIGKILL)
        running.pid, running.ended_with = 0, os.waitstatus_to_exitcode(status)
        if self._stop_asked:
            return
        now = time.monotonic()
        running.falls = 1 if now - running.started_at > STABLE_SECONDS else running.falls + 1
        wait = min(FIRST_WAIT * 2 ** (running.falls - 1), LONGEST_WAIT)
        running.restart_at = now + wait
        self.events.fell(running.process.name, how_it_ended(running.ended_with), wait)

    # Stopping.

    def stop(self) -> None:
        """Ask every child to end, wait, and kill what does not. A second signal kills at once."""
        self._stop_asked = max(self._stop_asked, 1)
        self.give_up = None
        self.events.stopping()
        asked_at, asked = time.monotonic(), self._stop_asked
        for running in self.running.values():
            if running.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(running.pid, signal.SIGTERM)
        while any(running.pid for running in self.running.values()):
            for running in self.running.values():
                late = time.monotonic() - asked_at > running.process.stop_seconds
                if running.pid and (late or self._stop_asked > asked):
                    self.events.killed(running.process.name)
                    child.kill_group(running.pid)
            with contextlib.suppress(InterruptedError):
                select.select([self._wake_read], [], [], 0.1)
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_read, 4096)
            self._reap()
        signal.set_wakeup_fd(-1)
        for descriptor in (self._lifeline_read, self._lifeline_write, self._wake_read, self._wake_write):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    # Logs.

    def _trim_logs(self) -> None:
        """A log that is too long becomes `.1`. It is cut in place, because its writer goes on appending."""
        self._look_at_logs_at = time.monotonic() + 60.0
        for log in self.logs.glob("*.log"):
            with contextlib.suppress(OSError):
                if log.stat().st_size > self.keep_log_bytes:
                    log.with_suffix(".log.1").write_bytes(log.read_bytes())
                    os.truncate(log, 0)


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
        return f"was ended by signal {-code}"
    return f"ended with code {code}" if code else "ended by itself"


def last_words(log: Path, lines: int = 8) -> str:
    """The end of a log, for the terminal."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def greets(host: str, port: int, greeting: bytes) -> bool:
    """Whether a server there begins the conversation with these words. Its port may be open before it is."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    try:
        with socket.create_connection((host, port), timeout=0.5) as connection:
            return connection.recv(len(greeting)) == greeting
    except OSError:
        return False


def answers_dns(host: str, port: int) -> bool:
    """Whether a name server answers there, be it that it refuses."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}.get(host, host)  # noqa: S104
    question = b"kn" + bytes([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]) + bytes([0, 0, 6, 0, 1])
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.5)
            asking.connect((host, port))
            asking.send(question)
            return asking.recv(512)[:2] == question[:2]
    except OSError:
        return False


def answers_http(host: str, port: int) -> bool:
    """Whether a web server answers there, and does not only listen."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(host, port, timeout=2.0)
    try:
        connection.request("HEAD", "/login")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
