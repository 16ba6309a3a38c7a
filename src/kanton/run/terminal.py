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
from typing import NoReturn, TextIO

from kanton.run.child import STOP_SIGNALS

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class StepFailed(Exception):
    """A step of the start did not work; what it said has been printed."""


@dataclass
class Terminal:
    """Plain lines in a file or a pipe; colour and a moving sign on a terminal."""

    out: TextIO = field(default_factory=lambda: sys.stdout)

    def __post_init__(self) -> None:
        encoding = (getattr(self.out, "encoding", "") or "").lower()
        self.is_fancy = self.out.isatty() and os.environ.get("TERM", "dumb") != "dumb" and "utf" in encoding
        self.has_colour = self.is_fancy and "NO_COLOR" not in os.environ

    def paint(self, text: str, code: str) -> str:
        """The text in a colour, when the terminal has some."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.has_colour else text

    def line(self, text: str = "") -> None:
        """A line of its own."""
        self.out.write(text + "\n")
        self.out.flush()

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
        self.out.write(("\r\x1b[K" if self.is_fancy else "") + text)
        self.out.flush()

    def step(self, title: str, work: Callable[[Callable[[str], None]], None]) -> None:
        """Do `work(tell)` in a fork, so that this process stays small, showing what it tells meanwhile.

        Raises StepFailed after printing what the work said when it fails.
        """
        started = time.monotonic()
        if not self.is_fancy:
            self.line(f"  .. {title}")
        self.out.flush()
        sys.stderr.flush()
        telling, told = os.pipe()
        saying, said = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                os.close(telling)
                os.close(saying)
                _work_in_fork(work, told, said, before)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(told)
        os.close(said)
        try:
            output = self._follow(title, telling, saying)
            _, status = os.waitpid(pid, 0)
        except KeyboardInterrupt:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            os.waitpid(pid, 0)
            raise
        finally:
            os.close(telling)
            os.close(saying)
        if status:
            self._rewrite("")
            self.error(f"{title}: this did not work.")
            self.line(output.rstrip())
            raise StepFailed(title)
        self.done(title, time.monotonic() - started)

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
    work: Callable[[Callable[[str], None]], None], told: int, said: int, mask: Iterable[int]
) -> NoReturn:
    """With stop signals still blocked; `mask` is what to block from then on."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        work(lambda text: _tell(told, text))
        code = 0
    except KeyboardInterrupt:
        code = 130
    except BaseException:  # noqa: BLE001 (a fork must never return into its parent's code)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _tell(pipe: int, text: str) -> None:
    os.write(pipe, (text.replace("\n", " ") + "\n").encode())
