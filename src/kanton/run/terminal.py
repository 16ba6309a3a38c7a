"""What a person at the terminal sees: one line per step that says what is being done, and then how long it took."""

import contextlib
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TextIO

from kanton.run import child

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class StepFailed(Exception):
    """A step of the start did not work; what it said has been printed."""


@dataclass
class Terminal:
    """Plain lines in a file or a pipe; colour and a moving sign on a terminal.

    When nobody reads any more (the window was closed, the disk is full) it falls silent: what runs must go on.
    """

    out: TextIO = field(default_factory=lambda: sys.stdout)
    # The fork that does the present step, if there is one.
    _worker: int = 0

    def __post_init__(self) -> None:
        encoding = (getattr(self.out, "encoding", "") or "").lower()
        self.is_fancy = self.out.isatty() and os.environ.get("TERM", "dumb") != "dumb" and "utf" in encoding
        self.has_colour = self.is_fancy and "NO_COLOR" not in os.environ

    def paint(self, text: str, code: str) -> str:
        """The text in a colour, when the terminal has some."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.has_colour else text

    def line(self, text: str = "") -> None:
        """A line of its own."""
        self._write(text + "\n")

    def note(self, text: str) -> None:
        """Something to know that is not an error."""
        self.line(f"  {self.paint('!' if not self.is_fancy else '●', '33')} {text}")

    def error(self, text: str) -> None:
        """Something that went wrong."""
        self.line(f"  {self.paint('x' if not self.is_fancy else '▲', '31')} {text}")

    def done(self, title: str, seconds: float) -> None:
        """A step that is over."""
        mark = self.paint("✓", "32") if self.is_fancy else "ok"
        self._rewrite(f"  {mark} {title} {self.paint(f'{seconds:.1f} s', '2')}\n")

    def _rewrite(self, text: str) -> None:
        self._write(("\r\x1b[K" if self.is_fancy else "") + text)

    def _write(self, text: str) -> None:
        try:
            self.out.write(text)
            self.out.flush()
        except OSError:
            # What could not be written stays in the buffer, and would be tried again at every end of this process.
            with contextlib.suppress(OSError), Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), self.out.fileno())

    def step(self, title: str, work: Callable[[Callable[[str], None]], None]) -> None:
        """Do `work(tell)` in a fork, so that this process stays small, showing what it tells meanwhile.

        Raises StepFailed after printing what the work said when it fails.
        """
        started = time.monotonic()
        if not self.is_fancy:
            self.line(f"  .. {title}")
        telling, told = os.pipe()
        saying, said = os.pipe()
        lifeline, held = os.pipe()
        try:
            # None may reach us before the fork is written down, nor the fork before it has handlers of its own.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, child.STOP_SIGNALS)
            try:
                pid = os.fork()
                if pid == 0:
                    for ours in (telling, saying, held):
                        os.close(ours)
                    _work_in_fork(work, told, said, lifeline, before)
                self._worker = pid
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for theirs in (told, said, lifeline):
                os.close(theirs)
            output = self._follow(title, telling, saying)
            _, status = os.waitpid(pid, 0)
            self._worker = 0
        except KeyboardInterrupt:
            # A second one must not disturb the end.
            for number in child.STOP_SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            self.abandon()
            raise
        finally:
            for ours in (telling, saying, held):
                os.close(ours)
        if status:
            self._rewrite("")
            self.error(f"{title}: this did not work.")
            self.line(output.rstrip())
            raise StepFailed(title)
        self.done(title, time.monotonic() - started)

    def abandon(self) -> None:
        """End the present step, if there is one, with all it started. Transactions it had open are rolled back."""
        pid, self._worker = self._worker, 0
        if not pid:
            return
        with contextlib.suppress(ProcessLookupError):
            # Its own group, else, when it has not made one yet, itself.
            try:
                os.killpg(pid, signal.SIGINT)
            except ProcessLookupError:
                os.kill(pid, signal.SIGINT)
        with contextlib.suppress(ChildProcessError):
            until = time.monotonic() + child.GRACE_SECONDS
            while os.waitpid(pid, os.WNOHANG) == (0, 0):
                if time.monotonic() > until:
                    child.kill_group(pid)
                    os.waitpid(pid, 0)
                    break
                time.sleep(0.02)

    def _follow(self, title: str, telling: int, saying: int) -> str:
        """Show progress until the work closes its pipes; returns everything it printed."""
        open_pipes, frame, detail, output = [telling, saying], 0, "", b""
        while open_pipes:
            if self.is_fancy:
                tail = self.paint(f" {detail}", "2") if detail else ""
                self._rewrite(f"  {self.paint(FRAMES[frame % len(FRAMES)], '36')} {title}{tail}")
                frame += 1
            readable, _, _ = select.select(open_pipes, [], [], 0.1 if self.is_fancy else None)
            for pipe in readable:
                chunk = os.read(pipe, 65536)
                if not chunk:
                    open_pipes.remove(pipe)
                elif pipe == telling:
                    detail = chunk.decode("utf-8", "replace").splitlines()[-1][:60]
                else:
                    output += chunk
        return output.decode("utf-8", "replace")


def _work_in_fork(
    work: Callable[[Callable[[str], None]], None], told: int, said: int, lifeline: int, mask: Iterable[int]
) -> NoReturn:
    """With stop signals still blocked; `mask` is what to block from then on."""
    code = 1
    try:
        child.detach(None)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        child.watch(lifeline)
        work(lambda text: _tell(told, text))
        code = 0
    except KeyboardInterrupt:
        code = 130
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 (a fork must never return into its parent's code)
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _tell(pipe: int, text: str) -> None:
    os.write(pipe, (text.replace("\n", " ") + "\n").encode())
