"""The steps of a start: what they leave behind when they are stopped, at whatever moment, and when nobody reads."""

import os
import pty
import signal
from pathlib import Path

import pytest

from kanton.run.tests.programs import Program, is_alive, wait_for

STEP = """
from kanton.run import child
from kanton.run.terminal import StepFailed, Terminal
for number in child.STOP_SIGNALS:
    signal.signal(number, signal.default_int_handler)
def long(tell):
    note("step")
    forever("helper")()
def work():
    try:
        Terminal().step("Digging", long)
    except KeyboardInterrupt:
        print("stopped", flush=True)
    except StepFailed:
        print("failed", flush=True)
"""
STOPS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def others(program: Program) -> list[int]:
    return [pid for name in ("step", "helper-grandchild") for pid in program.pids(name)]


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_during_a_step_ends_the_step_and_what_it_started(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = Program(tmp_path, STEP + "work()")
    wait_for(lambda: len(others(program)) == 2)
    program.process.send_signal(number)
    assert program.end() == (0, "  .. Digging\nstopped\n")
    wait_for(lambda: not any(map(is_alive, others(program))))


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_at_the_very_moment_of_the_fork_ends_the_step_too(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = Program(
        tmp_path,
        STEP
        + f"""
def struck():
    note("struck")
    os.kill(os.getpid(), {number.value})
os.register_at_fork(after_in_parent=struck)
work()
""",
    )
    assert program.end() == (0, "  .. Digging\nstopped\n")
    assert program.pids("struck") == [program.process.pid]
    wait_for(lambda: not any(map(is_alive, others(program))))


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_that_reaches_only_the_fork_never_runs_its_parents_handler(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = Program(
        tmp_path,
        STEP
        + f"""
for each in child.STOP_SIGNALS:
    signal.signal(each, lambda *_: note("played-supervisor"))
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), {number.value}))
work()
""",
    )
    code, output = program.end()
    assert code == 0 and output.endswith("failed\n")
    assert program.pids("played-supervisor") == program.pids("step") == []


def test_a_step_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = Program(tmp_path, STEP + "work()")
    wait_for(lambda: len(others(program)) == 2)
    program.process.kill()
    program.end()
    wait_for(lambda: not any(map(is_alive, others(program))))


def test_a_supervisor_that_is_stopped_during_a_step_ends_the_step(tmp_path: Path) -> None:
    program = Program(
        tmp_path,
        STEP
        + """
terminal = Terminal()
def give_up():
    print("gave up", flush=True)
    os._exit(3)
supervisor = Supervisor([Process("one", forever("one"))], folder / "log", Events(stopping=terminal.abandon))
supervisor.give_up = give_up
supervisor.listen()
supervisor.start()
terminal.step("Digging", long)
""",
    )
    wait_for(lambda: len(others(program)) == 2 and bool(program.pids("one")))
    program.process.send_signal(signal.SIGHUP)
    assert program.end() == (3, "  .. Digging\ngave up\n")
    wait_for(lambda: not any(map(is_alive, [*others(program), *program.pids("one")])))


def test_a_closed_terminal_stops_everything_calmly(tmp_path: Path) -> None:
    program = Program(
        tmp_path,
        """
from kanton.run.terminal import Terminal
leader, follower = int(sys.argv[2]), int(sys.argv[3])
os.close(leader)
import fcntl, termios
fcntl.ioctl(follower, termios.TIOCSCTTY, 0)
screen = Terminal(os.fdopen(follower, "w"))
def stopping():
    screen.line("Stopping ...")
    note("told")
supervisor = Supervisor([Process("one", forever("one"))], folder / "log", Events(stopping=stopping))
supervisor.listen()
supervisor.start()
supervisor.run()
screen.line("Stopped.")
print("calm")
""",
        terminal=(terminal := pty.openpty()),
    )
    wait_for(lambda: bool(program.pids("one-grandchild")))
    os.close(terminal[1])
    os.close(terminal[0])
    assert program.end() == (0, "calm\n")
    assert program.pids("told") == [program.process.pid]
    pids = [*program.pids("one"), *program.pids("one-grandchild")]
    wait_for(lambda: not any(map(is_alive, pids)))


def test_a_reader_that_went_away_stops_nothing(tmp_path: Path) -> None:
    program = Program(
        tmp_path,
        """
from kanton.run.terminal import Terminal
reading, writing = os.pipe()
os.close(reading)
screen = Terminal(os.fdopen(writing, "w"))
for _ in range(3):
    screen.line("Nobody hears this.")
print("went on")
""",
    )
    assert program.end() == (0, "went on\n")


def test_a_step_that_has_said_why_it_cannot_go_on_shows_no_traceback(tmp_path: Path) -> None:
    program = Program(
        tmp_path,
        STEP
        + """
def long(tell):
    print("No network.", flush=True)
    raise SystemExit(1)
work()
""",
    )
    status, said = program.end()
    assert status == 0
    assert "No network." in said
    assert said.endswith("failed\n")
    assert "Traceback" not in said
