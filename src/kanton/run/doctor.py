"""`kanton doctor`: looks at everything that must be right, and says for each thing that is not how to mend it.

Each examination is a function that yields findings; one that breaks becomes a finding itself. Nothing is changed.
"""

import contextlib
import datetime as dt
import http.client
import imaplib
import importlib
import json
import os
import platform
import shutil
import smtplib
import sqlite3
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from kanton import __version__
from kanton.config import Config, ConfigError, forget_settings, home_from, load
from kanton.run import endpoints, ports
from kanton.run.running import adopt_ports, running_pid, states_of
from kanton.run.supervisor import State
from kanton.run.terminal import Terminal
from kanton.secrets import Secrets, SecretsUnreadable

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SECONDS = 4.0


class Level(StrEnum):
    """How bad it is. Only an error makes the exit code 1."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """What was found in one place, and how to mend it."""

    area: str
    level: Level
    text: str
    remedy: str = ""


Examination = Callable[[Config], Iterator[Finding]]


def examine() -> list[Finding]:
    """Look at everything. With wrong settings nothing else can be looked at."""
    adopt_ports()
    forget_settings()
    try:
        config = load(create=False)
    except ConfigError as problem:
        return [Finding("settings", Level.ERROR, str(problem), "Correct it and call the doctor again.")]
    if not config.home.exists():
        text = f"Nothing lives in {config.home} yet."
        return [Finding("home", Level.NOTE, text, "Start Kanton once: bin/run (or kanton run).")]
    found = [Finding("settings", Level.OK, f"{config.file} is right")]
    for name, examination in EXAMINATIONS:
        try:
            found += [Finding(name, each.level, each.text, each.remedy) for each in examination(config)]
        except Exception as problem:  # noqa: BLE001 (an examination that breaks is a finding)
            text = f"could not be examined: {type(problem).__name__}: {problem}"
            found.append(Finding(name, Level.ERROR, text, "If the reason is not clear, please report it."))
    return found


def ok(text: str) -> Finding:
    """All is well."""
    return Finding("", Level.OK, text)


def note(text: str, remedy: str = "") -> Finding:
    """Good to know."""
    return Finding("", Level.NOTE, text, remedy)


def warning(text: str, remedy: str) -> Finding:
    """Works now, but will hurt."""
    return Finding("", Level.WARNING, text, remedy)


def error(text: str, remedy: str) -> Finding:
    """Does not work."""
    return Finding("", Level.ERROR, text, remedy)


# The machine.


def versions(config: Config) -> Iterator[Finding]:
    """Programs that Kanton is made of."""
    parts = ", ".join(f"{name} {version_of(name)}" for name in ("Django", "granian", "cryptography"))
    yield ok(f"Kanton {__version__}, Python {platform.python_version()}, {parts}")
    if sqlite3.sqlite_version_info < (3, 35):
        yield error(f"SQLite is {sqlite3.sqlite_version}", "Kanton needs 3.35 or newer: use a newer Python.")
    if config.debug:
        yield warning("debug is on: pages show details of errors", "Set debug = false on a public server.")


def home(config: Config) -> Iterator[Finding]:
    """Whose the home is, and who else may look into it."""
    status = config.home.stat()
    if status.st_uid != os.geteuid():
        yield error(
            f"{config.home} belongs to user {status.st_uid}, and you are {os.geteuid()}",
            f"Call Kanton as its owner, or: chown -R {os.geteuid()} {config.home}",
        )
    elif not os.access(config.home, os.W_OK | os.X_OK):
        yield error(f"{config.home} cannot be written", f"chmod 700 {config.home}")
    elif stat.S_IMODE(status.st_mode) & 0o077:
        yield warning(f"Others on this machine may look into {config.home}", f"chmod 700 {config.home}")
    else:
        yield ok(f"{config.home} is yours alone")


def keys(config: Config) -> Iterator[Finding]:
    """The keys: there, readable, private."""
    folder = config.home / "secrets"
    missing = [
        name for name in (Secrets.DJANGO, Secrets.FIELDS, Secrets.ACTIVITY) if not (folder / name).exists()
    ]
    if missing:
        has_data = config.database.is_sqlite and config.database.path.exists()
        if has_data:
            yield error(
                f"Missing in {folder}: {', '.join(missing)}",
                "Restore them from your backup. Without them, encrypted values and the log's seals cannot be read.",
            )
        else:
            yield note(f"No keys yet in {folder}", "They are made at the first start.")
        return
    for path in [folder, *sorted(folder.iterdir())]:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield error(f"Others on this machine may read {path}", f"chmod go-rwx {path}")
            return
    try:
        secrets = Secrets(folder)
        count = len(secrets.field_keys)
        _ = secrets.django_key, secrets.activity_key
    except SecretsUnreadable as problem:
        yield error(str(problem), "Restore the secrets folder from your backup.")
        return
    yield ok(f"Keys are there and private ({count} for encrypted values)")


def disk(config: Config) -> Iterator[Finding]:
    """Room for what comes."""
    free = shutil.disk_usage(config.home).free
    text = f"{free / 2**30:.1f} GB free where {config.home} is"
    if free < 256 * 2**20:
        yield error(text, "Make room now: the database and mail cannot be written when the disk is full.")
    elif free < 2 * 2**30:
        yield warning(text, "Make room, or move the home to a larger disk with kanton backup and restore.")
    else:
        yield ok(text)
    files = os.statvfs(config.home)
    if files.f_files and files.f_favail / files.f_files < 0.02:
        yield warning(
            "Nearly no inodes are left (each mail is a file)", "Make room, or use a file system with more."
        )


def clock(config: Config) -> Iterator[Finding]:
    """Signatures, second factors and terms need the right time."""
    now = time.time()
    newest = max(
        (path.stat().st_mtime for path in (config.database.path, config.endpoints_file) if path.exists()),
        default=0,
    )
    if newest > now + 3600:
        yield error(
            "The clock stands before the last change of the database",
            "Set the time: timedatectl set-ntp true",
        )
        return
    if now < dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp():
        yield error(
            f"The clock says {dt.datetime.now(dt.UTC):%Y-%m-%d}", "Set the time: timedatectl set-ntp true"
        )
        return
    said = ""
    if shutil.which("timedatectl"):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            asked = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
            said = subprocess.run(
                asked, capture_output=True, text=True, timeout=SECONDS, check=False
            ).stdout.strip()
    here = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    if said == "no":
        yield warning(
            f"The clock says {here}, but is not kept right by the network",
            "timedatectl set-ntp true. Second factors fail when it is more than 30 seconds off.",
        )
    else:
        yield ok(f"The clock says {here}" + (" and is kept right by the network" if said == "yes" else ""))


# What Kanton is made of.


def database(config: Config) -> Iterator[Finding]:
    """Whether it answers, is whole and up to date."""
    if config.database.is_sqlite:
        path = config.database.path
        if not path.exists():
            yield note(f"{path} does not exist yet", "It is made at the next start.")
            return
        with contextlib.closing(
            sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)
        ) as connection:
            size = path.stat().st_size
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if size < 2**30 else "ok"
            mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if answer != "ok":
            yield error(
                f"{path} is damaged: {answer}",
                "Stop Kanton and restore a backup: kanton restore FILE --force",
            )
            return
        if mode != "wal":
            yield warning(f"{path} is in mode {mode}, not wal", "Start Kanton once; it sets the mode.")
        yield ok(f"{config.database.described}, {size / 2**20:.1f} MB, SQLite {sqlite3.sqlite_version}")
    else:
        import psycopg

        where = config.database
        try:
            with psycopg.connect(
                host=where.host or None,
                port=where.port,
                dbname=where.name,
                user=where.user or None,
                password=where.password or None,
                connect_timeout=int(SECONDS),
            ) as connection_:
                number = connection_.info.server_version
        except psycopg.Error as problem:
            yield error(
                f"{where.described} does not answer: {problem}",
                "Is it running, and are database.url, user and password right?",
            )
            return
        if number < 150000:
            yield error(f"PostgreSQL is {number // 10000}", "Kanton needs version 15 or newer.")
        else:
            yield ok(f"{where.described}, version {number // 10000}.{number % 10000}")
    yield from _migrations()


def _migrations() -> Iterator[Finding]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kanton.settings")
    django = importlib.import_module("django")
    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        yield warning(f"{len(plan)} changes of the tables are waiting", "Start Kanton again; it makes them.")
    unknown = set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations)
    known_apps = {app for app, _name in executor.loader.disk_migrations}
    newer = sorted(f"{app}.{name}" for app, name in unknown if app in known_apps)
    if newer:
        yield error(
            f"The database was changed by a newer Kanton: {newer[0]}",
            "Install that version again, or restore a backup.",
        )


def parts(_config: Config) -> Iterator[Finding]:
    """Styles, scripts and texts."""
    from kanton.run import prepare

    if prepare.front_end_is_stale():
        yield warning(
            "The front end is not built, or older than its sources",
            "Start Kanton with bin/run; it builds it.",
        )
    else:
        yield ok("The front end is built")
    if prepare.translations_are_stale():
        yield warning("Translations are not compiled", "kanton translations compile")


def engines(config: Config) -> Iterator[Finding]:
    """Which server does what."""
    from kanton.products.mail.engine import dovecot
    from kanton.products.mail.engine.configured import settings_of

    if not config.imap.enabled:
        yield note("IMAP is off (imap.enabled)")
        return
    settings = settings_of(config)
    binary = dovecot.find_binary(settings)
    usable = dovecot.is_usable(settings)
    if config.imap.engine == "python":
        yield ok("IMAP is the Python server, as set in imap.engine")
    elif usable and binary is not None:
        found = dovecot.version_of(binary)
        yield ok(f"IMAP is Dovecot {'.'.join(map(str, found)) if found else ''} ({binary})")
    elif config.imap.engine == "dovecot":
        yield error(
            "imap.engine is dovecot, and it cannot be used here",
            "apt install dovecot-imapd, or imap.engine auto",
        )
    else:
        yield note(
            "IMAP is the Python server: right for small mailboxes, slow for large ones",
            "apt install dovecot-imapd, then start Kanton again",
        )


# What runs.


def processes(config: Config) -> Iterator[Finding]:
    """Whether every server answers in its own protocol."""
    pid = running_pid(config.home)
    if pid is None:
        yield note("Kanton is not running here", "Start it: bin/run (or kanton run)")
        for wish in _wishes(config):
            with contextlib.suppress(ports.NoPort):
                if wish.port and (reason := ports.why_not(wish, wish.port)):
                    remedy = f"Another port would be taken at the start. To keep {wish.port}, stop the other program."
                    yield note(f"Port {wish.port} ({wish.name}) is {reason}", remedy)
        return
    yield ok(f"Kanton runs here as process {pid}")
    states = states_of(config.home, pid)
    checks: list[tuple[str, bool, Callable[[Config], str]]] = [
        ("web", True, _ask_web),
        ("dns", config.dns.enabled, _ask_dns),
        ("smtp", config.smtp.enabled, lambda config: _ask_smtp(config, config.smtp.port)),
        ("submission", config.smtp.enabled, lambda config: _ask_smtp(config, config.smtp.submission_port)),
        ("imap", config.imap.enabled, _ask_imap),
    ]
    for name, is_on, ask in checks:
        if not is_on:
            yield note(f"{name} is off in the settings")
            continue
        if states is None:
            yield note(f"{name} is starting", "Ask again in a moment.")
            continue
        started = time.monotonic()
        try:
            answer = ask(config)
        except Exception as problem:  # noqa: BLE001 (whatever happens, it does not answer)
            process = "smtp" if name == "submission" else name
            yield _does_not_answer(name, problem, states.get(process), config.home / "log" / f"{process}.log")
        else:
            yield ok(f"{name} answers: {answer} ({(time.monotonic() - started) * 1000:.0f} ms)")


def _does_not_answer(name: str, problem: Exception, state: State | None, log: Path) -> Finding:
    """An error, unless it is only just being started; who falls again and again is not."""
    if state is None or (not state.is_ready and state.falls <= 1):
        return note(f"{name} is starting", f"Ask again in a moment. If it stays so, its log says why: {log}")
    falls = f" (it fell {state.falls} times and is started again)" if not state.is_ready else ""
    return error(f"{name} does not answer{falls}: {problem}", f"Its log says why: {log}")


def _wishes(config: Config) -> list[ports.Wish]:
    from kanton.run.start import wishes

    return wishes(config)


def _ask_web(config: Config) -> str:
    host = endpoints.reachable(config.web.host)
    connection = http.client.HTTPConnection(host, config.web.port, timeout=SECONDS)
    try:
        connection.request("GET", "/login", headers={"Host": config.web.hostname})
        answer = connection.getresponse()
        if answer.status >= 500:
            raise RuntimeError(f"status {answer.status}")
        return f"{config.web.address}, status {answer.status}"
    finally:
        connection.close()


def _ask_dns(config: Config) -> str:
    import dns.message
    import dns.query
    import dns.rcode

    where = endpoints.reachable(config.dns.host)
    where = "127.0.0.1" if where == "localhost" else where
    question = dns.message.make_query("kanton-doctor.invalid.", "SOA")
    answers = [
        ask(question, where, port=config.dns.port, timeout=SECONDS).rcode()
        for ask in (dns.query.udp, dns.query.tcp)
    ]
    return f"{where}:{config.dns.port} by UDP and TCP ({dns.rcode.to_text(answers[0])} for a strange name)"


def _ask_smtp(config: Config, port: int) -> str:
    with smtplib.SMTP(endpoints.reachable(config.smtp.host), port, timeout=SECONDS) as server:
        server.ehlo("doctor.invalid")
        if not server.has_extn("starttls"):
            raise RuntimeError("it offers no STARTTLS")
        return (
            f"port {port}, STARTTLS, at most {int(server.esmtp_features.get('size', '0') or 0) // 2**20} MB"
        )


def _ask_imap(config: Config) -> str:
    host = endpoints.reachable(config.imap.host)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with imaplib.IMAP4(host, config.imap.port, timeout=SECONDS) as plain:
        if "STARTTLS" not in plain.capabilities:
            raise RuntimeError("it offers no STARTTLS")
    with imaplib.IMAP4_SSL(host, config.imap.tls_port, ssl_context=context, timeout=SECONDS):
        return f"ports {config.imap.port} (STARTTLS) and {config.imap.tls_port} (TLS)"


def jobs(config: Config) -> Iterator[Finding]:
    """Whether work gets done."""
    if config.database.is_sqlite and not config.database.path.exists():
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kanton.settings")
    importlib.import_module("django").setup()
    from django.db.utils import DatabaseError

    from kanton.core.jobs.models import Job, JobState

    now = dt.datetime.now(dt.UTC)
    try:
        late = Job.objects.filter(state=JobState.WAITING, run_at__lt=now - dt.timedelta(minutes=10)).count()
        failed = Job.objects.filter(state=JobState.FAILED, finished_at__gt=now - dt.timedelta(days=1)).count()
    except DatabaseError:
        yield note("The table of jobs is not made yet", "Start Kanton once.")
        return
    if late:
        yield warning(
            f"{late} jobs have been waiting for more than ten minutes",
            "Is the worker running? If so, it has too much to do: set jobs.threads higher.",
        )
    if failed:
        yield warning(
            f"{failed} jobs failed for good since yesterday",
            "Staff see them, with reasons, in the back office.",
        )
    if not late and not failed:
        yield ok("Jobs are done in time")


def safety(config: Config) -> Iterator[Finding]:
    """Doors that should not stand open."""
    if config.demo and config.web.host not in LOOPBACK and (config.home / "demo.json").exists():
        yield error(
            f"The demo logins can be used from outside (web.host is {config.web.host})",
            "Use a new home with demo = false for a real installation, or web.host = 127.0.0.1 for the demo.",
        )
    if config.web.host not in LOOPBACK and not config.web.is_https:
        yield warning(
            "The console can be reached from outside without HTTPS",
            "Put a proxy with a certificate in front, and set web.public_url to its https address.",
        )


def certificate(config: Config) -> Iterator[Finding]:
    """What mail programs are shown."""
    if not (config.smtp.enabled or config.imap.enabled):
        return
    if not config.smtp.tls_certificate:
        yield note(
            "SMTP and IMAP show a certificate that Kanton signed itself: mail programs will ask",
            "Set smtp.tls_certificate and smtp.tls_key to one of a known authority.",
        )
        return
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(Path(config.smtp.tls_certificate).read_bytes())
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            config.smtp.tls_certificate, config.smtp.tls_key
        )
    except (OSError, ValueError) as problem:
        yield error(
            f"The certificate cannot be used: {problem}", "Correct smtp.tls_certificate and smtp.tls_key."
        )
        return
    days = (found.not_valid_after_utc - dt.datetime.now(dt.UTC)).days
    text = f"The mail certificate is valid for {days} days"
    if days < 0:
        yield error("The mail certificate has expired", "Renew it and start Kanton again.")
    elif days < 14:
        yield warning(text, "Renew it and start Kanton again.")
    else:
        yield ok(text)


def deliverability(config: Config) -> Iterator[Finding]:
    """Whether other servers will take our mail, and can bring us theirs."""
    if not config.smtp.enabled:
        return
    domain = config.operator.email.rpartition("@")[2]
    if config.smtp.hostname.endswith(".example") or domain.endswith(".example"):
        yield note(
            f"{config.smtp.hostname} and {domain} are names of the demo: no mail can leave or come in from outside",
            "Set smtp.hostname and operator.email to names of your own.",
        )
    if config.smtp.outgoing == "hold":
        yield note(
            "Mail to other servers is kept in the queue (smtp.outgoing is hold)",
            'Set smtp.outgoing to "relay" with smtp.relay_host, or to "mx" on a server with a good reputation.',
        )
    if config.outbox.transport == "folder":
        yield note(
            f"Mails that Kanton itself writes go to {config.home / 'outbox'}, not to people",
            'Set outbox.transport to "smtp".',
        )
    if config.smtp.outgoing == "relay":
        yield _relay(config)
    if not config.smtp.hostname.endswith(".example"):
        yield from _names(config, domain)


def _relay(config: Config) -> Finding:
    try:
        if config.smtp.relay_tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                config.smtp.relay_host, config.smtp.relay_port, timeout=SECONDS
            )
        else:
            server = smtplib.SMTP(config.smtp.relay_host, config.smtp.relay_port, timeout=SECONDS)
        with server:
            if config.smtp.relay_tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if config.smtp.relay_user:
                server.login(config.smtp.relay_user, config.smtp.relay_password)
    except (OSError, smtplib.SMTPException) as problem:
        return error(f"The relay {config.smtp.relay_host} does not take us: {problem}", "Check smtp.relay_*.")
    return ok(f"The relay {config.smtp.relay_host} takes us")


def _names(config: Config, domain: str) -> Iterator[Finding]:
    """What the world's name servers say about us."""
    import dns.exception
    import dns.resolver
    import dns.reversename

    resolver = dns.resolver.Resolver()
    resolver.lifetime = SECONDS

    def ask(name: Any, kind: str) -> list[str]:
        try:
            return [record.to_text() for record in resolver.resolve(name, kind)]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []

    name = config.smtp.hostname
    try:
        addresses = ask(name, "A") + ask(name, "AAAA")
        if not addresses:
            yield error(
                f"{name} has no address in the DNS", "Add an A record (and AAAA) with this server's address."
            )
            return
        for address in addresses:
            names = [text.rstrip(".").lower() for text in ask(dns.reversename.from_address(address), "PTR")]
            if name not in names:
                yield warning(
                    f"{address} is called {names[0] if names else 'nothing'} in the reverse DNS, not {name}",
                    "Ask who runs the address for a PTR record; many servers refuse mail without it.",
                )
        spf = [text for text in ask(domain, "TXT") if text.startswith('"v=spf1')]
        if len(spf) != 1:
            yield warning(
                f"{domain} has {len(spf)} SPF records", f'It needs one: {domain}. TXT "v=spf1 a:{name} -all"'
            )
        if not [text for text in ask(f"_dmarc.{domain}", "TXT") if text.startswith('"v=DMARC1')]:
            yield warning(
                f"{domain} has no DMARC record", f'Add one: _dmarc.{domain}. TXT "v=DMARC1; p=quarantine"'
            )
        yield ok(f"{name} has {len(addresses)} addresses")
    except dns.exception.DNSException as problem:
        yield warning(
            f"The DNS did not answer ({type(problem).__name__}): names could not be checked",
            "Is this machine connected, and /etc/resolv.conf right?",
        )


def backups(config: Config) -> Iterator[Finding]:
    """When the last one was made."""
    if config.demo:
        return
    try:
        last = json.loads((config.home / "last-backup.json").read_text())
        made_at, file = dt.datetime.fromisoformat(last["made_at"]), last["file"]
    except (OSError, ValueError, KeyError, TypeError):
        yield warning("No backup was ever made", "kanton backup /another/disk/kanton.tar.gz, every night")
        return
    days = (dt.datetime.now(dt.UTC) - made_at).days
    if days >= 2:
        yield warning(
            f"The last backup is {days} days old ({file})", "Make one every night: kanton backup FILE"
        )
    else:
        yield ok(f"The last backup is from {made_at:%Y-%m-%d %H:%M} UTC ({file})")


EXAMINATIONS: tuple[tuple[str, Examination], ...] = (
    ("versions", versions),
    ("home", home),
    ("keys", keys),
    ("disk", disk),
    ("clock", clock),
    ("database", database),
    ("front end", parts),
    ("engines", engines),
    ("processes", processes),
    ("jobs", jobs),
    ("safety", safety),
    ("certificate", certificate),
    ("mail", deliverability),
    ("backups", backups),
)


# Telling.


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when something does not work."""
    return int(any(finding.level is Level.ERROR for finding in findings))


def as_data(findings: list[Finding]) -> dict[str, Any]:
    """For programs."""
    return {
        "home": str(home_from(os.environ)),
        "healthy": exit_code(findings) == 0,
        "findings": [
            {"area": each.area, "level": each.level.value, "text": each.text, "remedy": each.remedy}
            for each in findings
        ],
    }


def tell(findings: list[Finding]) -> None:
    """For people: what is wrong stands out, and each has its remedy below."""
    terminal = Terminal(sys.stdout)
    looks = {
        Level.OK: ("✓", "ok", "32"),
        Level.NOTE: ("·", "--", "34"),
        Level.WARNING: ("●", "!!", "33"),
        Level.ERROR: ("▲", "XX", "31"),
    }
    for finding in findings:
        fancy, plain, colour = looks[finding.level]
        mark = terminal.paint(fancy if terminal.is_fancy else plain, colour)
        first, *rest = finding.text.splitlines()
        terminal.line(f"  {mark} {finding.area:<12} {first}")
        for line in rest:
            terminal.line(f"{'':18}{line}")
        if finding.remedy:
            terminal.line(
                f"{'':18}{terminal.paint(('→ ' if terminal.is_fancy else '-> ') + finding.remedy, '2')}"
            )
    errors = sum(finding.level is Level.ERROR for finding in findings)
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    terminal.line()
    terminal.line(f"  {errors} errors, {warnings} warnings." if errors or warnings else "  All is well.")
