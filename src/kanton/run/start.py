"""`kanton run`: from a home that may be empty to a whole running product, telling each step."""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NoReturn

from kanton import __version__
from kanton.config import Config, config, forget_settings, load_or_exit, variable_of
from kanton.products.mail.engine.configured import settings_of
from kanton.products.mail.engine.imap_process import takes_sockets
from kanton.run import endpoints, ports, serve
from kanton.run.child import STOP_SIGNALS
from kanton.run.running import is_running, tell_states
from kanton.run.supervisor import (
    Events,
    Process,
    State,
    Supervisor,
    answers_dns,
    answers_http,
    greets,
    last_words,
)
from kanton.run.terminal import StepFailed, Terminal

EXIT_UNAVAILABLE = 69
EXIT_INTERRUPTED = 130
STOPPED_EARLY = "Stopped before it was up."
READY_SECONDS = 60.0
# After a `kill -9` of a supervisor its children need a moment to end.
FORMER_SECONDS = 20.0


def run() -> int:
    """Prepare, start, supervise, stop. Returns the exit code."""
    started = time.monotonic()
    terminal = Terminal()
    load_or_exit()
    # Until the supervisor listens, every request to stop is a Ctrl-C.
    for number in STOP_SIGNALS:
        if number == signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    terminal.line()
    terminal.line(f"  {terminal.paint('Kanton', '1;36')} {__version__}   home {config.home}")
    try:
        with only_one_here(terminal):
            sockets = take_ports(terminal)
            prepare_files(terminal)
            return supervise(terminal, started, sockets)
    except ports.NoPort as problem:
        terminal.error(str(problem))
    except StepFailed:
        terminal.line("  Kanton did not start. `kanton doctor` looks for the reason.")
    except KeyboardInterrupt:
        terminal.line(f"\n  {STOPPED_EARLY}")
        return EXIT_INTERRUPTED
    return EXIT_UNAVAILABLE


@contextlib.contextmanager
def only_one_here(terminal: Terminal) -> Iterator[None]:
    """Hold the home's lock. Our children hold it too, so that a new start waits for the last of them."""
    path = config.home / "run.lock"
    with path.open("a+") as file:
        until = time.monotonic() + FORMER_SECONDS
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                file.seek(0)
                pid = file.read().strip()
                if is_running(pid) or time.monotonic() > until:
                    address = endpoints.read(config.endpoints_file).get("web", "")
                    terminal.error(f"Kanton already runs in this home (process {pid or '?'}): {address}")
                    terminal.line(
                        "  Stop that one first, or give this one a home of its own: KANTON_HOME=/elsewhere"
                    )
                    raise SystemExit(EXIT_UNAVAILABLE) from None
                if not told:
                    terminal.note("Waiting for the processes of a Kanton that was killed to end.")
                    told = True
                time.sleep(0.1)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        os.set_inheritable(file.fileno(), True)
        yield


def wishes(config: Config) -> list[ports.Wish]:
    """The ports that the settings ask for."""
    found = [ports.Wish("web.port", config.web.host, config.web.port, shared=True)]
    if config.dns.enabled:
        found.append(ports.Wish("dns.port", config.dns.host, config.dns.port, udp=True))
    if config.smtp.enabled:
        found += [
            ports.Wish("smtp.port", config.smtp.host, config.smtp.port),
            ports.Wish("smtp.submission_port", config.smtp.host, config.smtp.submission_port),
            ports.Wish("smtp.submissions_port", config.smtp.host, config.smtp.submissions_port),
        ]
    if config.imap.enabled:
        found += [
            ports.Wish("imap.port", config.imap.host, config.imap.port),
            ports.Wish("imap.tls_port", config.imap.host, config.imap.tls_port),
        ]
    return found


Sockets = Mapping[str, Sequence[socket.socket]]


def take_ports(terminal: Terminal) -> Sockets:
    """Take all ports and tell every process their numbers through the environment. Returns what holds them."""
    before = endpoints.chosen_ports(endpoints.read(config.endpoints_file))
    sockets = {}
    for choice in ports.choose(wishes(load_or_exit()), before, exact=config.ports == "exact"):
        if choice.told:
            terminal.note(choice.told)
        os.environ[variable_of(choice.wish.name)] = str(choice.port)
        sockets[choice.wish.name] = choice.sockets
    os.environ["KANTON_HOME"] = str(config.home)
    forget_settings()
    return sockets


def prepare_files(terminal: Terminal) -> None:
    """Keys, front end, translations: what can be made before the program is loaded."""
    from kanton.run import prepare as steps

    config.secrets.create_missing()
    config.folder("static")
    if steps.front_end_is_stale():
        # Pages stay usable without it, and a name server must not wait for a style sheet.
        with contextlib.suppress(StepFailed):
            terminal.step("Building the front end", steps.build_front_end)
    if steps.translations_are_stale():
        terminal.step("Compiling five languages", steps.compile_translations)


def prepare_data(terminal: Terminal) -> None:
    """The program in memory, tables, the demo."""
    from kanton.run import prepare as steps

    before = time.monotonic()
    serve.preload()
    terminal.done("Loading the program", time.monotonic() - before)
    if not steps.is_migrated():
        new = config.database.is_sqlite and not config.database.path.exists()
        terminal.step("Making the database" if new else "Bringing the database up to date", steps.migrate)
    if config.demo and not steps.demo_logins():
        terminal.step("Loading the demo provider", steps.load_demo)


def processes(sockets: Sockets) -> list[Process]:
    """What runs, in the order in which it starts."""

    def module(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "kanton.run.child", *arguments]

    def mail(kind: str, held: Sockets) -> list[str]:
        return module("kanton.run.serve_mail", kind, *(f"{name}={held[name][0].fileno()}" for name in held))

    def greet(host: str, greeting: bytes, *numbers: int) -> Callable[[], bool]:
        return lambda: all(greets(host, number, greeting) for number in numbers)

    found = [
        Process("web", serve.web, lambda: answers_http(config.web.host, config.web.port)),
        Process("worker", serve.worker),
    ]
    if config.dns.enabled:
        store = config.folder("dns") / "zones.sqlite3"
        tcp, udp = sockets["dns.port"]
        start = module(
            "kanton.products.domains.dns",
            "--store",
            str(store),
            "--inherited",
            f"{udp.fileno()},{tcp.fileno()}",
        )
        answer = partial(answers_dns, config.dns.host, config.dns.port)
        found.append(Process("dns", start, answer, sockets=(udp, tcp)))
    if config.smtp.enabled:
        held = {
            "smtp": sockets["smtp.port"],
            "submission": sockets["smtp.submission_port"],
            "submissions": sockets["smtp.submissions_port"],
        }
        greeting = greet(config.smtp.host, b"220 ", config.smtp.port, config.smtp.submission_port)
        found.append(Process("smtp", mail("smtp", held), greeting, sockets=_flat(held)))
    if config.imap.enabled:
        held = {"imap": sockets["imap.port"], "imaps": sockets["imap.tls_port"]}
        if not takes_sockets(settings_of(load_or_exit())):
            for each in _flat(held):
                each.close()
            held = {}
        greeting = greet(config.imap.host, b"* OK ", config.imap.port)
        found.append(Process("imap", mail("imap", held), greeting, sockets=_flat(held)))
    return found


def _flat(sockets: Sockets) -> list[socket.socket]:
    return [each for several in sockets.values() for each in several]


def supervise(terminal: Terminal, started: float, sockets: Sockets) -> int:
    """Run all processes until a stop is asked for."""
    from kanton.run import prepare as steps

    logs = config.folder("log")
    is_up = False

    def fell(name: str, how: str, wait: float) -> None:
        terminal.error(f"{name} {how}; it is started again in {wait:g} s. The end of {logs / name}.log:")
        for line in last_words(logs / f"{name}.log").splitlines():
            terminal.line(f"      {line}")

    def stopping() -> None:
        terminal.line()
        terminal.line("  Stopping ...")
        terminal.abandon()

    def killed(name: str) -> None:
        terminal.error(f"{name} did not stop in time and was killed.")

    def ready(name: str) -> None:
        if is_up:
            terminal.note(f"{name} is up again.")

    def tell_the_end() -> None:
        with contextlib.suppress(OSError):
            endpoints.write(
                config.endpoints_file, endpoints.describe(load_or_exit(), pid=None, logins=logins)
            )

    def give_up() -> NoReturn:
        tell_the_end()
        terminal.line(f"  {STOPPED_EARLY}")
        sys.stdout.flush()
        os._exit(EXIT_INTERRUPTED)

    ports_taken: dict[str, int] = endpoints.describe(load_or_exit(), pid=None, logins=[])["ports"]

    def changed(states: dict[str, State]) -> None:
        tell_states(config.home, states, ports_taken)

    changed({})
    everything = processes(sockets)
    supervisor = Supervisor(
        everything,
        logs,
        Events(ready, fell, stopping, killed, changed),
        keep_log_bytes=config.log.keep_bytes,
    )
    logins: list[dict[str, str]] = steps.demo_logins()
    try:
        supervisor.give_up = give_up
        supervisor.listen()
        # The servers that need neither Django nor its tables come up while we load both.
        supervisor.start([process for process in everything if not callable(process.start)])
        prepare_data(terminal)
        logins = steps.demo_logins()
        before = time.monotonic()
        supervisor.start()
        supervisor.give_up = None
        waiting = supervisor.wait_until_ready(READY_SECONDS)
        if not supervisor.is_stopping:
            for name in waiting:
                terminal.error(f"{name} does not answer yet. Its log: {logs / name}.log")
            names = ", ".join(process.name for process in everything)
            terminal.done(f"Waiting until all answer: {names}", time.monotonic() - before)
            endpoints.write(
                config.endpoints_file, endpoints.describe(load_or_exit(), pid=os.getpid(), logins=logins)
            )
            banner(terminal, logins, time.monotonic() - started)
            is_up = True
        supervisor.run()
    except BaseException:
        supervisor.stop()
        raise
    finally:
        tell_the_end()
    terminal.line("  Stopped.")
    return 0


def banner(terminal: Terminal, logins: list[dict[str, str]], seconds: float) -> None:
    """Addresses, ports and logins."""

    def row(title: str, text: str, more: str = "") -> None:
        terminal.line(
            f"  {title:<12}{terminal.paint(text, '1')}{terminal.paint('  ' + more, '2') if more else ''}"
        )

    settings: Config = config
    dns, smtp, imap = (
        endpoints.reachable(each.host) for each in (settings.dns, settings.smtp, settings.imap)
    )
    terminal.line()
    terminal.line(f"  Kanton runs, {seconds:.1f} s after you called it.")
    terminal.line()
    row("Console", settings.web.address)
    row("API", f"{settings.web.address}/1/", f"described in {settings.web.address}/api/docs")
    if settings.dns.enabled:
        row("DNS", f"{dns}:{settings.dns.port}", f"dig @{dns} -p {settings.dns.port} NAME")
    if settings.smtp.enabled:
        row("SMTP", f"{smtp}:{settings.smtp.port}", "from other servers")
        row(
            "Submission",
            f"{smtp}:{settings.smtp.submission_port}",
            f"STARTTLS; with TLS from the start: {settings.smtp.submissions_port}",
        )
    if settings.imap.enabled:
        row(
            "IMAP",
            f"{imap}:{settings.imap.port}",
            f"STARTTLS; with TLS from the start: {settings.imap.tls_port}",
        )
    if settings.outbox.transport == "folder":
        row("Outbox", str(settings.home / "outbox"), "mails that Kanton writes are kept there")
    if logins:
        terminal.line()
        for index, login in enumerate(logins):
            row(
                "Sign in as" if index == 0 else "",
                login["login"],
                f"{login['password']}   {login.get('about', '')}",
            )
    terminal.line()
    terminal.line("  Stop with Ctrl-C. Everything that lives is in " + str(settings.home))
    terminal.line()
