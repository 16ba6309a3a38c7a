"""The doctor: every trouble is found, and every finding that is not "ok" says what to do."""

import fcntl
import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kanton.config import Config, Database, Imap, Operator, Outbox, Smtp, Web, load
from kanton.run import doctor
from kanton.run.doctor import Finding, Level
from kanton.run.running import adopt_ports, running_pid, states_of, tell_states
from kanton.run.supervisor import State


@pytest.fixture
def healthy(tmp_path: Path) -> Config:
    config = load({"KANTON_HOME": str(tmp_path / "home")})
    config.secrets.create_missing()
    with closing(sqlite3.connect(config.database.path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE some (thing TEXT)")
    return config


def only(findings: Iterator[Finding]) -> Finding:
    [finding] = findings
    return finding


@pytest.fixture
def without_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_migrations", lambda: iter(()))


@pytest.mark.usefixtures("without_tables")
def test_a_healthy_home_has_no_trouble(healthy: Config) -> None:
    for examination in (doctor.versions, doctor.home, doctor.keys, doctor.clock, doctor.database):
        assert {finding.level for finding in examination(healthy)} == {Level.OK}


def test_a_home_others_may_look_into_is_told_with_the_command_that_mends_it(healthy: Config) -> None:
    healthy.home.chmod(0o755)
    found = only(doctor.home(healthy))
    assert (found.level, found.remedy) == (Level.WARNING, f"chmod 700 {healthy.home}")


def test_a_lost_key_is_an_error_once_there_is_data_and_a_note_before(healthy: Config) -> None:
    (healthy.home / "secrets" / "activity-hmac-key").unlink()
    found = only(doctor.keys(healthy))
    assert found.level is Level.ERROR and "activity-hmac-key" in found.text and "backup" in found.remedy
    healthy.database.path.unlink()
    assert only(doctor.keys(healthy)).level is Level.NOTE


def test_a_key_others_may_read_and_a_damaged_one_are_errors(healthy: Config) -> None:
    key = healthy.home / "secrets" / "field-encryption-keys"
    key.chmod(0o644)
    assert f"chmod go-rwx {key}" == only(doctor.keys(healthy)).remedy
    key.chmod(0o600)
    key.write_text("nonsense\n")
    assert "restore" in only(doctor.keys(healthy)).remedy.lower()


@pytest.mark.usefixtures("without_tables")
def test_a_damaged_database_is_an_error_with_the_way_back(healthy: Config) -> None:
    with closing(sqlite3.connect(healthy.database.path)) as database:
        database.executemany("INSERT INTO some VALUES (?)", [("x" * 500,)] * 500)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(healthy.database.path.read_bytes())
    content[8192:12288] = os.urandom(4096)
    healthy.database.path.write_bytes(content)
    found = only(doctor.database(healthy))
    assert found.level is Level.ERROR and "kanton restore" in found.remedy


def test_a_database_server_that_does_not_answer_is_told_without_its_password(healthy: Config) -> None:
    elsewhere = replace(healthy, database=Database(url="postgresql://ana:geheim@127.0.0.1:1/kanton"))
    found = only(doctor.database(elsewhere))
    assert found.level is Level.ERROR and "geheim" not in found.text + found.remedy


@pytest.mark.parametrize(
    ("free", "level"), [(100 * 2**20, Level.ERROR), (2**30, Level.WARNING), (50 * 2**30, Level.OK)]
)
def test_little_room_is_told(
    healthy: Config, monkeypatch: pytest.MonkeyPatch, free: int, level: Level
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": free})())
    assert next(doctor.disk(healthy)).level is level


def test_a_clock_that_went_back_is_an_error(healthy: Config) -> None:
    later = healthy.database.path.stat().st_mtime + 10_000
    os.utime(healthy.database.path, (later, later))
    assert only(doctor.clock(healthy)).level is Level.ERROR


def test_ports_that_others_hold_are_told_while_nothing_runs(healthy: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        config = replace(healthy, web=Web(port=other.getsockname()[1]))
        texts = [finding.text for finding in doctor.processes(config)]
    assert texts[0] == "Kanton is not running here"
    assert f"Port {config.web.port} (web.port) is taken by another program" in texts


def deaf(
    healthy: Config,
    monkeypatch: pytest.MonkeyPatch,
    states: dict[str, State] | None,
    *,
    is_locked: bool = True,
) -> list[Finding]:
    """What is found when a Kanton runs, none of whose servers answers."""
    (healthy.home / "run.lock").write_text(str(os.getpid()))
    if states is not None:
        tell_states(healthy.home, states, {})
    monkeypatch.setattr(doctor, "SECONDS", 0.2)
    closed = replace(
        healthy,
        web=Web(port=1),
        dns=replace(healthy.dns, enabled=False),
        smtp=Smtp(port=1, submission_port=1),
        imap=Imap(port=1, tls_port=1),
    )
    with (healthy.home / "run.lock").open() as lock:
        if is_locked:
            fcntl.flock(lock, fcntl.LOCK_EX)
        return list(doctor.processes(closed))


READY = State(is_ready=True, falls=0, pid=1)
STARTING = State(is_ready=False, falls=0, pid=1)
FALLING = State(is_ready=False, falls=3, pid=0)


def test_a_server_that_does_not_answer_is_an_error_with_its_log(
    healthy: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = deaf(healthy, monkeypatch, {"web": READY, "smtp": READY, "imap": READY})
    errors = {finding.text.split()[0]: finding.remedy for finding in found if finding.level is Level.ERROR}
    assert set(errors) == {"web", "smtp", "submission", "imap"}
    assert errors["submission"].endswith("log/smtp.log")


@pytest.mark.parametrize(
    "states", [None, {}, {"web": STARTING, "smtp": STARTING, "imap": replace(STARTING, falls=1)}]
)
def test_a_server_that_is_only_just_being_started_is_no_error(
    healthy: Config, monkeypatch: pytest.MonkeyPatch, states: dict[str, State] | None
) -> None:
    found = deaf(healthy, monkeypatch, states)
    assert [finding.text for finding in found if finding.level is Level.NOTE] == [
        "web is starting",
        "dns is off in the settings",
        "smtp is starting",
        "submission is starting",
        "imap is starting",
    ]
    assert doctor.exit_code(found) == 0


def test_what_another_start_has_told_does_not_count(healthy: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_states(healthy.home, {"web": READY}, {})
    told = json.loads((healthy.home / "processes.json").read_text())
    (healthy.home / "processes.json").write_text(json.dumps(told | {"pid": 1}))
    assert "web is starting" in [finding.text for finding in deaf(healthy, monkeypatch, None)]


def test_before_it_has_its_ports_nobody_is_asked_and_then_who_has_them(
    healthy: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_config: Config) -> str:
        return "another Kanton, on the port of the settings"

    monkeypatch.setattr(doctor, "_ask_web", answer)
    assert "web is starting" in [finding.text for finding in deaf(healthy, monkeypatch, None)]

    monkeypatch.setenv("KANTON_HOME", str(healthy.home))
    monkeypatch.setenv("KANTON_WEB_PORT", "8000")
    (healthy.home / "endpoints.json").write_text('{"ports": {"web.port": 8001}}')
    tell_states(healthy.home, {}, {"web.port": 8002})
    with (healthy.home / "run.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        adopt_ports()
    assert os.environ["KANTON_WEB_PORT"] == "8002"
    assert states_of(healthy.home, os.getpid()) == {}
    tell_states(healthy.home, {}, {"web.port": 8003})
    assert states_of(healthy.home, os.getpid()) is None, "it has chosen since"


def test_a_number_that_another_program_has_by_now_is_no_running_kanton(
    healthy: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = deaf(healthy, monkeypatch, {"web": READY}, is_locked=False)
    assert found[0].text == "Kanton is not running here"
    assert running_pid(healthy.home) is None


def test_a_server_that_falls_again_and_again_is_an_error(
    healthy: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = deaf(healthy, monkeypatch, {"web": FALLING, "smtp": READY, "imap": STARTING})
    [web, smtp, submission] = [finding.text for finding in found if finding.level is Level.ERROR]
    assert web.startswith("web does not answer (it fell 3 times and is started again): ")
    assert smtp.startswith("smtp does not answer: ") and submission.startswith("submission does not answer: ")


def test_demo_logins_must_not_be_reachable_from_outside(healthy: Config) -> None:
    (healthy.home / "demo.json").write_text("{}")
    outside = replace(healthy, web=Web(host="0.0.0.0"))
    assert Level.ERROR in {finding.level for finding in doctor.safety(outside)}
    assert list(doctor.safety(healthy)) == []


def test_mail_that_cannot_leave_is_told(healthy: Config) -> None:
    texts = " ".join(finding.text + finding.remedy for finding in doctor.deliverability(healthy))
    assert "smtp.hostname" in texts and "smtp.outgoing" in texts and "outbox.transport" in texts
    relayed = replace(
        healthy,
        smtp=Smtp(
            outgoing="relay", relay_host="127.0.0.1", relay_port=1, relay_password="geheim", relay_user="u"
        ),
        outbox=Outbox(transport="smtp"),
    )
    [failure] = [finding for finding in doctor.deliverability(relayed) if finding.level is Level.ERROR]
    assert "does not take us" in failure.text and "geheim" not in failure.text


def test_what_the_world_says_about_our_names_is_compared(
    healthy: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dns.resolver

    answers = {("mail.acme.ch.", "A"): ["192.0.2.5"], ("5.2.0.192.in-addr.arpa.", "PTR"): ["host5.isp.ch."]}

    class Record(str):
        def to_text(self) -> str:
            return str(self)

    def resolve(_self: object, name: object, kind: str) -> list[Record]:
        found = answers.get((str(name).rstrip(".") + ".", kind))
        if not found:
            raise dns.resolver.NXDOMAIN
        return [Record(text) for text in found]

    monkeypatch.setattr(dns.resolver.Resolver, "resolve", resolve)
    config = replace(
        healthy, smtp=Smtp(hostname="mail.acme.ch", outgoing="mx"), operator=Operator(email="hello@acme.ch")
    )
    texts = [finding.text for finding in doctor.deliverability(config) if finding.level is Level.WARNING]
    assert texts == [
        "192.0.2.5 is called host5.isp.ch in the reverse DNS, not mail.acme.ch",
        "acme.ch has 0 SPF records",
        "acme.ch has no DMARC record",
    ]
    answers.clear()
    assert [finding.level for finding in doctor.deliverability(config)][-1] is Level.ERROR


def test_a_certificate_that_cannot_be_used_is_an_error(healthy: Config, tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("no certificate")
    config = replace(
        healthy, smtp=Smtp(tls_certificate=str(tmp_path / "c.pem"), tls_key=str(tmp_path / "c.pem"))
    )
    assert only(doctor.certificate(config)).level is Level.ERROR
    assert only(doctor.certificate(healthy)).level is Level.NOTE


def test_a_real_installation_is_asked_for_backups(healthy: Config) -> None:
    real = replace(healthy, demo=False)
    assert only(doctor.backups(real)).level is Level.WARNING
    (healthy.home / "last-backup.json").write_text(
        '{"made_at": "2020-01-01T00:00:00+00:00", "file": "/b.tar"}'
    )
    assert "days old" in only(doctor.backups(real)).text
    assert list(doctor.backups(healthy)) == []


@contextmanager
def in_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[None]:
    monkeypatch.setattr("kanton.config._loaded", None)
    with monkeypatch.context() as patch:
        patch.setenv("KANTON_HOME", str(home))
        yield


def test_wrong_settings_are_the_only_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kanton.toml").write_text("[web]\nprot = 1\n")
    with in_home(monkeypatch, tmp_path):
        [finding] = doctor.examine()
    assert finding.level is Level.ERROR and "Did you mean port?" in finding.text
    assert doctor.exit_code([finding]) == 1


def test_a_home_that_is_not_there_is_only_a_note_and_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_home(monkeypatch, tmp_path / "none"):
        [finding] = doctor.examine()
    assert finding.level is Level.NOTE and not (tmp_path / "none").exists()
    assert doctor.exit_code([finding]) == 0


def test_an_examination_that_breaks_is_a_finding(healthy: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_config: Config) -> Iterator[Finding]:
        raise RuntimeError("unforeseen")
        yield

    monkeypatch.setattr(doctor, "EXAMINATIONS", (("thing", breaks),))
    with in_home(monkeypatch, healthy.home):
        findings = doctor.examine()
    assert [(each.area, each.level) for each in findings] == [("settings", Level.OK), ("thing", Level.ERROR)]


def test_it_tells_people_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [
        Finding("disk", Level.WARNING, "1.0 GB free", "Make room."),
        Finding("home", Level.OK, "yours"),
    ]
    doctor.tell(findings)
    assert capsys.readouterr().out.splitlines() == [
        "  !! disk         1.0 GB free",
        "                  -> Make room.",
        "  ok home         yours",
        "",
        "  0 errors, 1 warnings.",
    ]
    data = doctor.as_data(findings)
    assert data["healthy"] is True
    assert data["findings"][0] == {
        "area": "disk", "level": "warning", "text": "1.0 GB free", "remedy": "Make room.",
    }  # fmt: skip
