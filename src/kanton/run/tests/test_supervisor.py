"""The supervisor with real processes: ready, restarted, stopped, and nothing left behind whatever happens."""

import os
import signal
import textwrap
from pathlib import Path

import pytest

from kanton.run.tests.programs import Program, is_alive, wait_for

TWO = """
supervisor = Supervisor([Process("one", forever("one")), Process("two", forever("two"))], folder / "log")
supervisor.listen()
supervisor.start()
print(supervisor.wait_until_ready(10))
note("up")
supervisor.run()
print("stopped")
"""


def everybody(program: Program) -> list[int]:
    wait_for(
        lambda: all(program.pids(name) for name in ("up", "one", "two", "one-grandchild", "two-grandchild"))
    )
    return [pid for name in ("one", "two", "one-grandchild", "two-grandchild") for pid in program.pids(name)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_leaves_no_orphan(tmp_path: Path, number: signal.Signals) -> None:
    program = Program(tmp_path, TWO)
    pids = everybody(program)
    assert len(pids) == 4 and all(map(is_alive, pids))
    program.process.send_signal(number)
    assert program.end() == (0, "[]\nstopped\n")
    wait_for(lambda: not any(map(is_alive, pids)))


def test_a_stop_that_reaches_a_fork_at_once_ends_the_fork_and_does_not_make_it_play_supervisor(
    tmp_path: Path,
) -> None:
    program = Program(
        tmp_path,
        """
        os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGTERM))
        fell = []
        def give_up():
            note("gave-up")
            os._exit(3)
        events = Events(fell=lambda name, how, wait: fell.append(how) or supervisor.ask_to_stop())
        supervisor = Supervisor([Process("one", lambda: note("one"))], folder / "log", events)
        supervisor.listen()
        supervisor.give_up = give_up
        supervisor.start()
        supervisor.run()
        print(fell, (folder / "log" / "one.log").read_text())
        """,
    )
    assert program.end() == (0, "['was ended by SIGTERM'] \n")
    assert program.pids("one") == program.pids("gave-up") == []


def test_when_the_supervisor_is_killed_its_children_and_theirs_end_too(tmp_path: Path) -> None:
    program = Program(
        tmp_path,
        TWO.replace('forever("two")', '[sys.executable, "-m", "kanton.run.child", "stubborn", sys.argv[1]]'),
    )
    (tmp_path / "stubborn.py").write_text(
        textwrap.dedent("""
        import os, signal, sys, time
        from pathlib import Path
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        folder = Path(sys.argv[1])
        (folder / "two").write_text(f"{os.getpid()}\\n")
        child_pid = os.fork()
        if child_pid:
            (folder / "two-grandchild").write_text(f"{child_pid}\\n")
        time.sleep(600)
        """)
    )
    pids = everybody(program)
    assert len(pids) == 4 and all(map(is_alive, pids))
    program.process.kill()
    program.end()
    wait_for(lambda: not any(map(is_alive, pids)))


def test_a_crashed_child_is_started_again_with_growing_waits_and_its_own_children_are_swept(
    tmp_path: Path,
) -> None:
    program = Program(
        tmp_path,
        """
        def fall():
            if os.fork() == 0:
                note("left-behind")
                time.sleep(600)
            while not (folder / "left-behind").exists():
                time.sleep(0.01)
            note("fallen")
            raise RuntimeError("no more strength")
        waits = []
        def fell(name, how, wait):
            waits.append(wait)
            print(name, how, wait, flush=True)
            if len(waits) == 3:
                print(last_words(folder / "log" / "weak.log", 1))
                os.kill(os.getpid(), signal.SIGTERM)
        supervisor = Supervisor([Process("weak", fall)], folder / "log", Events(fell=fell))
        supervisor.listen()
        supervisor.start()
        supervisor.run()
        """,
    )
    code, output = program.end()
    assert code == 0
    assert output.splitlines() == [
        "weak ended with code 70 0.5",
        "weak ended with code 70 1.0",
        "weak ended with code 70 2.0",
        "RuntimeError: no more strength",
    ]
    assert len(program.pids("fallen")) == 3 and program.pids("left-behind")
    wait_for(lambda: not any(map(is_alive, program.pids("left-behind"))))


def test_a_child_killed_from_outside_comes_back(tmp_path: Path) -> None:
    program = Program(tmp_path, TWO)
    everybody(program)
    os.kill(program.pids("one")[0], signal.SIGKILL)
    wait_for(lambda: len(program.pids("one")) == 2)
    assert is_alive(program.pids("one")[1]) and len(program.pids("two")) == 1
    wait_for(lambda: not is_alive(program.pids("one-grandchild")[0]))
    program.process.terminate()
    assert program.end()[0] == 0


def test_a_child_that_does_not_stop_is_killed_in_time(tmp_path: Path) -> None:
    program = Program(
        tmp_path,
        """
        def deaf():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            note("deaf")
            while True:
                time.sleep(60)
        supervisor = Supervisor(
            [Process("deaf", deaf, stop_seconds=0.3)], folder / "log", Events(killed=lambda name: print("killed", name))
        )
        supervisor.listen()
        supervisor.start()
        supervisor.run()
        """,
    )
    wait_for(lambda: bool(program.pids("deaf")))
    program.process.terminate()
    assert program.end() == (0, "killed deaf\n")
    assert not is_alive(program.pids("deaf")[0])


def test_waiting_tells_who_is_not_ready(tmp_path: Path) -> None:
    program = Program(
        tmp_path,
        """
        supervisor = Supervisor(
            [Process("slow", forever("slow"), lambda: False), Process("quick", forever("quick"))], folder / "log"
        )
        supervisor.listen()
        supervisor.start()
        print(supervisor.wait_until_ready(0.3))
        supervisor.stop()
        """,
    )
    assert program.end() == (0, "['slow']\n")


def test_who_asks_from_outside_is_told_of_every_change(tmp_path: Path) -> None:
    program = Program(
        tmp_path,
        """
        seen = []
        def tell(states):
            state = states["one"]
            seen.append((state.is_ready, state.falls, state.pid > 0))
            if state.falls and state.is_ready:
                supervisor.ask_to_stop()
        def once():
            if not (folder / "fell").exists():
                (folder / "fell").write_text("")
                os._exit(3)
            forever("one")()
        events = Events(changed=tell)
        ready = (folder / "one").exists
        supervisor = Supervisor([Process("one", once, ready)], folder / "log", events)
        supervisor.listen()
        supervisor.start()
        supervisor.run()
        print(seen[:4])
        """,
    )
    status, said = program.end()
    assert status == 0
    assert said == "[(False, 0, True), (False, 1, False), (False, 1, True), (True, 1, True)]\n"


def test_a_log_that_is_too_long_is_set_aside_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "one.log").write_text("x" * 5000)
    program = Program(
        tmp_path,
        """
        def talk():
            print("new line", flush=True)
            note("one")
            signal.pause()
        supervisor = Supervisor([Process("one", talk)], folder / "log", keep_log_bytes=4096)
        supervisor.listen()
        supervisor.start()
        while not (folder / "one").exists():
            time.sleep(0.01)
        supervisor.stop()
        """,
    )
    assert program.end()[0] == 0
    assert (tmp_path / "log" / "one.log.1").read_text() == "x" * 5000
    assert (tmp_path / "log" / "one.log").read_text() == "new line\n"
