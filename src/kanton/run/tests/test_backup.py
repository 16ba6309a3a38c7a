"""Backup and restore: made while others write, byte-equal elsewhere, and never half a home."""

import contextlib
import gzip
import hashlib
import io
import json
import random
import sqlite3
import stat
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kanton.config import Config, Database, load
from kanton.run.backup import BackupFailed, back_up, hold_messages, restore, restore_postgres
from kanton.testing_postgres import Cluster

pytest_plugins = ["kanton.testing_postgres"]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def make_maildir(folder: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True)
    return folder


@pytest.fixture
def lived_in(tmp_path: Path) -> Config:
    """A home with everything that a home has."""
    config = load({"KANTON_HOME": str(tmp_path / "home")})
    config.secrets.create_missing()
    with contextlib.closing(sqlite3.connect(config.database.path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE organizations_organization (name TEXT)")
        database.execute("CREATE TABLE accounts_person (name TEXT)")
        database.executemany("INSERT INTO organizations_organization VALUES (?)", [("Acme",), ("Globex",)])
        database.execute("CREATE TABLE ledger (amount INTEGER)")
        database.commit()
    box = make_maildir(config.folder("mail", "store", "acme.ch", "info~1"))
    archive = make_maildir(box / ".Archive")
    for number in range(300):
        place = (box / "new", box / "cur", archive / "cur")[number % 3]
        suffix = "" if place.name == "new" else ":2,S"
        (place / f"{number}.M1P1.host,S=9{suffix}").write_bytes(f"mail {number}\r\n".encode() * 50)
    (box / "tmp" / "half").write_text("half a message")
    (box / "dovecot-uidlist").write_text("3 V1 N301\n")
    (box / "dovecot.index.cache").write_text("made again")
    (config.folder("files", "empty")).chmod(0o750)
    (config.folder("files") / "Offerte Zürich 2026.pdf").write_bytes(bytes(range(256)) * 5000)
    (config.folder("log") / "web.log").write_text("not needed")
    (config.home / "run.lock").write_text("")
    (config.home / "endpoints.json").write_text("{}")
    (config.home / "processes.json").write_text("{}")
    return config


def test_a_backup_restored_elsewhere_is_byte_equal_for_everything_that_lives(
    lived_in: Config, tmp_path: Path
) -> None:
    manifest = back_up(lived_in, tmp_path / "b.tar.gz")
    assert manifest.counts == {
        "organizations": 2,
        "people": 0,
        "files": len(manifest.files),
        "bytes": manifest.byte_count,
        "messages": 300,
    }
    elsewhere = tmp_path / "elsewhere"
    assert restore(tmp_path / "b.tar.gz", elsewhere) == manifest
    before, after = digests(lived_in.home), digests(elsewhere)
    gone = {name for name in before if name not in after}
    assert gone == {
        "log/web.log",
        "run.lock",
        "endpoints.json",
        "processes.json",
        "last-backup.json",
        "mail/store/acme.ch/info~1/tmp/half",
        "mail/store/acme.ch/info~1/dovecot.index.cache",
    } | {name for name in before if name.startswith("kanton.sqlite3-")}
    same = set(before) & set(after) - {"kanton.sqlite3"}
    assert len(same) > 300 and set(after) == same | {"kanton.sqlite3"}
    assert {name for name in same if before[name] != after[name]} == set()
    assert rows(elsewhere / "kanton.sqlite3", "organizations_organization") == [("Acme",), ("Globex",)]
    assert stat.S_IMODE((elsewhere / "files" / "empty").stat().st_mode) == 0o750
    assert stat.S_IMODE((elsewhere / "secrets" / "field-encryption-keys").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "b.tar.gz").stat().st_mode) == 0o600
    assert sorted(path.name for path in (elsewhere / "mail/store/acme.ch/info~1").iterdir()) == [
        ".Archive", "cur", "dovecot-uidlist", "new", "tmp",
    ]  # fmt: skip


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return database.execute(f"SELECT * FROM {table}").fetchall()


@contextlib.contextmanager
def busy(config: Config) -> Iterator[dict[str, int]]:
    """Programs that write all the time: balanced bookings, new mail, flags, moves between folders."""
    stop = threading.Event()
    done = {"bookings": 0, "mails": 0, "renames": 0, "moves": 0}
    box = config.home / "mail/store/acme.ch/info~1"
    chance = random.Random(7)

    def book() -> None:
        with contextlib.closing(sqlite3.connect(config.database.path, timeout=240)) as database:
            while not stop.is_set():
                with database:
                    database.executemany("INSERT INTO ledger VALUES (?)", [(5,), (-5,)])
                done["bookings"] += 1
                time.sleep(0.001)

    def deliver() -> None:
        while not stop.is_set():
            name = f"{done['mails']}.M2P2.host,S=3"
            (box / "tmp" / name).write_text("new")
            (box / "tmp" / name).rename(box / "new" / name)
            done["mails"] += 1
            time.sleep(0.004)

    def read() -> None:
        while not stop.is_set():
            for place in (box / "new", box / "cur", box / ".Archive" / "cur"):
                paths = sorted(place.iterdir())
                for path in chance.sample(paths, min(20, len(paths))):
                    base = path.name.partition(":2,")[0]
                    flags = chance.choice(["", "S", "RS", "FS"])
                    with contextlib.suppress(FileNotFoundError):
                        if chance.random() < 0.2:
                            target = chance.choice([box / "cur", box / ".Archive" / "cur"])
                            path.rename(target / f"{base}:2,{flags}")
                            done["moves"] += 1
                        else:
                            path.rename(
                                (box if place.parent == box else box / ".Archive")
                                / "cur"
                                / f"{base}:2,{flags}"
                            )
                            done["renames"] += 1
            time.sleep(0.001)

    threads = [threading.Thread(target=work, daemon=True) for work in (book, deliver, read)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def message_names(folder: Path) -> set[str]:
    return {path.name.partition(":2,")[0] for path in folder.rglob("*") if path.parent.name in ("cur", "new")}


def test_a_backup_made_while_everybody_writes_has_all_that_was_there_and_balances(
    lived_in: Config, tmp_path: Path
) -> None:
    box = lived_in.home / "mail/store"
    with busy(lived_in) as done:
        while min(done.values()) <= 10:
            time.sleep(0.01)
        for round_number in range(2):
            before = message_names(box)
            booked = done["bookings"]
            manifest = back_up(lived_in, tmp_path / f"{round_number}.tar")
            restore(tmp_path / f"{round_number}.tar", tmp_path / f"home{round_number}")
            restored = tmp_path / f"home{round_number}"
            assert len(before) >= 300 and before - message_names(restored / "mail/store") == set()
            amounts = [amount for (amount,) in rows(restored / "kanton.sqlite3", "ledger")]
            assert sum(map(int, map(str, amounts))) == 0 and len(amounts) >= 2 * booked > 0
            assert manifest.message_count >= len(before)


def test_a_message_that_moves_while_we_look_is_never_missed(tmp_path: Path) -> None:
    box = make_maildir(tmp_path / "box")
    make_maildir(box / ".Archive")
    (box / ".Archive" / "cur" / "1.host:2,").write_text("one")
    (tmp_path / "held").mkdir()
    stop = threading.Event()

    def wander() -> None:
        path = box / ".Archive" / "cur" / "1.host:2,"
        while not stop.is_set():
            for target in (
                box / "new" / "1.host",
                box / "cur" / "1.host:2,S",
                box / ".Archive" / "cur" / "1.host:2,S",
            ):
                path = path.rename(target)
                time.sleep(0.002)

    thread = threading.Thread(target=wander, daemon=True)
    thread.start()
    try:
        for number in range(100):
            held = tmp_path / "held" / str(number)
            held.mkdir()
            found = hold_messages(box, held)
            assert {message.held.read_text() for message in found} == {"one"}
    finally:
        stop.set()
        thread.join()


def test_a_home_that_is_not_empty_is_refused_and_with_force_set_aside(
    lived_in: Config, tmp_path: Path
) -> None:
    back_up(lived_in, tmp_path / "b.tar")
    other = tmp_path / "other"
    other.mkdir()
    (other / "kanton.toml").write_text("# mine")
    with pytest.raises(BackupFailed, match="not empty"):
        restore(tmp_path / "b.tar", other)
    assert [path.name for path in other.iterdir()] == ["kanton.toml"]
    restore(tmp_path / "b.tar", other, force=True)
    [aside] = other.glob(".before-restore-*")
    assert (aside / "kanton.toml").read_text() == "# mine"
    assert (other / "kanton.toml").read_text() == (lived_in.home / "kanton.toml").read_text()


def repacked(source: Path, target: Path, change: str) -> Path:
    """The archive with one thing wrong."""
    with tarfile.open(source) as reader, tarfile.open(target, "w") as writer:
        for member in reader:
            content = reader.extractfile(member)
            assert content is not None
            data = content.read()
            if change == "no manifest" and member.name == "MANIFEST.json":
                continue
            if change == "a byte" and member.name.endswith(".pdf"):
                data = b"\xff" + data[1:]
            if change == "a missing file" and member.name.endswith(".pdf"):
                continue
            if change == "another format" and member.name == "MANIFEST.json":
                data = json.dumps(json.loads(data) | {"format": 99}).encode()
            if change == "a strange manifest" and member.name == "MANIFEST.json":
                data = b'{"format": 1, "files": [{"path": 3}]}'
            if change == "a way out" and member.name.endswith(".pdf"):
                member.name, member.pax_headers = "../../outside", {}
            member.size = len(data)
            writer.addfile(member, io.BytesIO(data))
        if change == "a link":
            link = tarfile.TarInfo("files/link")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            writer.addfile(link)
    return target


@pytest.mark.parametrize(
    "change",
    [
        "no manifest",
        "a byte",
        "a missing file",
        "another format",
        "a strange manifest",
        "a way out",
        "a link",
    ],
)
def test_an_archive_with_one_thing_wrong_puts_nothing_in_place(
    lived_in: Config, tmp_path: Path, change: str
) -> None:
    back_up(lived_in, tmp_path / "b.tar")
    wrong = repacked(tmp_path / "b.tar", tmp_path / "wrong.tar", change)
    with pytest.raises(BackupFailed):
        restore(wrong, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "outside").exists()


def test_an_archive_cut_off_anywhere_puts_nothing_in_place(lived_in: Config, tmp_path: Path) -> None:
    back_up(lived_in, tmp_path / "b.tar.gz")
    whole = (tmp_path / "b.tar.gz").read_bytes()
    assert gzip.decompress(whole)
    for part in (0, 1, 100, len(whole) // 2, len(whole) * 9 // 10):
        (tmp_path / "cut.tar.gz").write_bytes(whole[:part])
        with pytest.raises(BackupFailed):
            restore(tmp_path / "cut.tar.gz", tmp_path / "elsewhere")
        assert not (tmp_path / "elsewhere").exists()


def test_a_backup_never_lies_inside_the_home_and_leaves_nothing_half_done(
    lived_in: Config, tmp_path: Path
) -> None:
    with pytest.raises(BackupFailed, match="elsewhere"):
        back_up(lived_in, lived_in.home / "b.tar")
    with pytest.raises(BackupFailed, match="cannot be written"):
        back_up(lived_in, tmp_path / "no" / "folder" / "b.tar")
    lived_in.database.path.write_bytes(b"SQLite format 3\0" + b"\1" * 5000)
    with pytest.raises(BackupFailed, match="doctor"):
        back_up(lived_in, tmp_path / "b.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert list(lived_in.home.glob(".backup-*")) == []


def test_a_missing_home_or_archive_is_told(tmp_path: Path) -> None:
    nowhere = Config(home=tmp_path / "nowhere")
    with pytest.raises(BackupFailed, match="KANTON_HOME"):
        back_up(nowhere, tmp_path / "b.tar")
    with pytest.raises(BackupFailed, match="There is no backup"):
        restore(tmp_path / "b.tar", tmp_path / "nowhere")


@pytest.mark.engine("postgres")
def test_postgres_is_dumped_with_the_files_and_loaded_again(
    lived_in: Config, tmp_path: Path, postgres: Cluster
) -> None:
    import psycopg

    first, second = postgres.create_database("backup_first"), postgres.create_database("backup_second")
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE organizations_organization (name TEXT)")
        connection.execute("CREATE TABLE accounts_person (name TEXT)")
        connection.execute("INSERT INTO organizations_organization VALUES ('Acme'), ('Zürich')")
    config = replace(lived_in, database=Database(url=first))
    lived_in.database.path.unlink()
    manifest = back_up(config, tmp_path / "b.tar.gz")
    assert (manifest.database, manifest.counts["organizations"]) == ("postgresql", 2)
    restore(tmp_path / "b.tar.gz", tmp_path / "elsewhere")
    target = replace(config, home=tmp_path / "elsewhere", database=Database(url=second))
    for _again in range(2):
        dump = target.home / "database.pgdump"
        kept = dump.read_bytes()
        restore_postgres(target)
        assert not dump.exists()
        dump.write_bytes(kept)
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT name FROM organizations_organization").fetchall() == [
            ("Acme",),
            ("Zürich",),
        ]
    postgres.drop_database("backup_first")
    postgres.drop_database("backup_second")
