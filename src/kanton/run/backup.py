"""Backup and restore: everything that lives, in one file, made while Kanton runs, and proved when it is read back.

The database is copied first (by SQLite's own online backup, or pg_dump), files after it: every file that a row names
is then in the archive. Messages of Maildirs are held by hard links first, because mail programs rename them all the
time. The manifest, last in the archive, has the digest of every file and counts; a restore without a right manifest
puts nothing in place.
"""

import contextlib
import datetime as dt
import gzip
import hashlib
import io
import json
import lzma
import os
import shutil
import sqlite3
import stat
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import urlsplit

from kanton import __version__
from kanton.config import Config

MANIFEST = "MANIFEST.json"
POSTGRES_DUMP = "database.pgdump"
LAST = "last-backup.json"
FORMAT = 1
# What is made anew at every start, or only says how a process runs.
# Identity documents are gone after 72 hours, in every copy (SUP-38).
LEFT_OUT = {
    "identity",
    "log",
    "run",
    "run.lock",
    "endpoints.json",
    "processes.json",
    "static",
    "schema.txt",
    LAST,
}
# Dovecot makes these again from the messages; copied while in use they would be torn.
LEFT_OUT_PREFIXES = ("dovecot.index", "dovecot.list.index", ".restoring-", ".before-restore-", ".backup-")
PASSES = 10


class BackupFailed(Exception):
    """Backup or restore stopped; the text says why and what to do. Nothing half-done is left in place."""


@dataclass(frozen=True)
class Entry:
    """A file in the archive."""

    path: str
    size: int
    sha256: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True)
class Folder:
    """A folder in the home; empty ones come back too."""

    path: str
    mode: int
    uid: int
    gid: int


@dataclass
class Manifest:
    """What is in an archive."""

    format: int = FORMAT
    kanton: str = __version__
    made_at: str = ""
    database: str = "sqlite"
    counts: dict[str, int] = field(default_factory=dict)
    folders: list[Folder] = field(default_factory=list)
    files: list[Entry] = field(default_factory=list)

    @property
    def byte_count(self) -> int:
        """All bytes of all files."""
        return sum(entry.size for entry in self.files)

    @property
    def message_count(self) -> int:
        """Messages in Maildirs."""
        return sum(is_message(PurePosixPath(entry.path)) for entry in self.files)


def is_message(path: PurePosixPath) -> bool:
    """Whether this is a message of a Maildir."""
    return path.parent.name in ("cur", "new")


# Backing up.


def back_up(config: Config, target: Path) -> Manifest:
    """Write everything that lives to `target` (.tar, .tar.gz or .tar.xz). Kanton may be running."""
    home = config.home
    if not home.is_dir():
        raise BackupFailed(f"There is no Kanton in {home}. Set KANTON_HOME to the home you want to back up.")
    target = target.absolute()
    if home in target.parents:
        raise BackupFailed("A backup inside the home would be lost with it. Name a file elsewhere.")
    for left in home.glob(".backup-*"):
        shutil.rmtree(left, ignore_errors=True)
    manifest = Manifest(made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))
    partial = target.with_name(target.name + ".part")
    with (
        tempfile.TemporaryDirectory(dir=home, prefix=".backup-") as scratch,
        _written(partial) as raw,
        tarfile.open(fileobj=raw, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        writer = _Writer(archive, manifest)
        if config.database.is_sqlite:
            _add_sqlite(writer, config.database.path, "kanton.sqlite3", Path(scratch))
            with contextlib.closing(sqlite3.connect(Path(scratch) / "copy")) as copy:
                manifest.counts = _counts(copy)
        else:
            manifest.database = "postgresql"
            manifest.counts = _add_postgres(writer, config, Path(scratch))
        _add_home(writer, config, Path(scratch))
        manifest.counts |= {
            "files": len(manifest.files),
            "bytes": manifest.byte_count,
            "messages": manifest.message_count,
        }
        writer.add_bytes(MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
    partial.replace(target)
    with contextlib.suppress(OSError):
        (home / LAST).write_text(json.dumps({"made_at": manifest.made_at, "file": str(target)}))
    return manifest


@contextlib.contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """A new file, compressed as its name says, on the disk when the block ends and gone when it fails."""
    name = path.name.removesuffix(".part")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as problem:
        raise BackupFailed(f"{path} cannot be written: {problem.strerror}. Name another file.") from problem
    try:
        with os.fdopen(descriptor, "wb") as file:
            packed: IO[bytes]
            if name.endswith((".gz", ".tgz")):
                packed = gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=4, mtime=0)  # type: ignore[assignment]
            elif name.endswith(".xz"):
                packed = lzma.LZMAFile(file, "wb", preset=3)  # noqa: SIM115 (closed below)
            else:
                packed = file
            yield packed
            if packed is not file:
                packed.close()
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        path.unlink(missing_ok=True)
        raise BackupFailed(f"The backup was not finished: {problem}. Nothing was kept of it.") from problem
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class _Writer:
    """Adds files to the archive and to the manifest."""

    def __init__(self, archive: tarfile.TarFile, manifest: Manifest) -> None:
        self.archive = archive
        self.manifest = manifest

    def add(self, source: Path, name: str) -> None:
        """A file as it is at the moment it is opened, though somebody may append to it meanwhile."""
        with source.open("rb") as file:
            status = os.fstat(file.fileno())
            self._add(name, _Digesting(file, status.st_size), status)

    def add_bytes(self, name: str, content: bytes) -> None:
        """A small file made here."""
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
        self.archive.addfile(info, io.BytesIO(content))

    def add_folder(self, folder: Path, name: str) -> None:
        """A folder with its mode and owner."""
        status = folder.stat()
        self.manifest.folders.append(Folder(name, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid))

    def _add(self, name: str, file: "_Digesting", status: os.stat_result) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = file.size, stat.S_IMODE(status.st_mode), int(status.st_mtime)
        self.archive.addfile(info, file)
        self.manifest.files.append(
            Entry(name, file.size, file.digest.hexdigest(), info.mode, status.st_uid, status.st_gid)
        )


class _Digesting:
    """Reads exactly so many bytes and digests them on the way."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file, self.size, self.left = file, size, size
        self.digest = hashlib.sha256()

    def read(self, length: int = -1) -> bytes:
        """The next bytes; a file that was cut short meanwhile is filled up with zeros."""
        length = self.left if length < 0 else min(length, self.left)
        chunk = self.file.read(length)
        chunk += bytes(length - len(chunk))
        self.left -= length
        self.digest.update(chunk)
        return chunk


def _add_sqlite(writer: _Writer, source: Path, name: str, scratch: Path) -> None:
    """A copy that SQLite itself makes while others write."""
    copy = scratch / "copy"
    copy.unlink(missing_ok=True)
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=60)) as old,
            contextlib.closing(sqlite3.connect(copy)) as new,
        ):
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
            found = new.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as problem:
        raise BackupFailed(
            f"The database {source} cannot be copied: {problem}. `kanton doctor` looks into it."
        ) from problem
    if found != "ok":
        raise BackupFailed(f"The database {source} is damaged: {found}. Restore it from an earlier backup.")
    shutil.copymode(source, copy)
    with contextlib.suppress(PermissionError):
        owner = source.stat()
        os.chown(copy, owner.st_uid, owner.st_gid)
    writer.add(copy, name)


def _counts(database: Any) -> dict[str, int]:
    """Rows that people would miss, from any database that has them."""
    found = {}
    for word, table in {"organizations": "organizations_organization", "people": "accounts_person"}.items():
        with contextlib.suppress(sqlite3.OperationalError):
            found[word] = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 (our names)
    return found


def postgres_program(name: str) -> str:
    """pg_dump or pg_restore, the newest there is."""

    def version(path: Path) -> float:
        try:
            return float(path.parent.parent.name)
        except ValueError:
            return 0.0

    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=version)
    program = str(found[-1]) if found else shutil.which(name)
    if program is None:
        raise BackupFailed(f"{name} is not installed. Debian: apt install postgresql-client")
    return program


def _postgres_environment(config: Config) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"PGDATABASE": config.database.name, "PGUSER": config.database.user}
    if config.database.host:
        environment["PGHOST"] = config.database.host
    if config.database.port:
        environment["PGPORT"] = str(config.database.port)
    if config.database.password:
        environment["PGPASSWORD"] = config.database.password
    for part in urlsplit(config.database.url).query.split("&"):
        key, _, value = part.partition("=")
        if key == "sslmode":
            environment["PGSSLMODE"] = value
    return environment


def _add_postgres(writer: _Writer, config: Config, scratch: Path) -> dict[str, int]:
    import psycopg

    dump = scratch / "dump"
    done = subprocess.run(
        [postgres_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}"],
        env=_postgres_environment(config),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupFailed(f"pg_dump could not copy the database: {done.stderr.strip()}")
    dump.chmod(0o600)
    writer.add(dump, POSTGRES_DUMP)
    where = config.database
    try:
        with psycopg.connect(
            host=where.host or None,
            port=where.port,
            dbname=where.name,
            user=where.user,
            password=where.password or None,
        ) as connection:
            return _counts(connection)
    except psycopg.Error as problem:
        raise BackupFailed(f"PostgreSQL gave its dump, but not its counts: {problem}") from problem


def _add_home(writer: _Writer, config: Config, scratch: Path) -> None:
    home = config.home
    database = config.database.path if config.database.is_sqlite else None
    mailbox: Path | None = None
    for folder, names, files in os.walk(home):
        here = Path(folder)
        relative = here.relative_to(home)
        if is_maildir(here):
            if mailbox is None or mailbox not in here.parents:
                mailbox = here
                _add_mailbox(writer, here, relative, scratch)
            for part in ("cur", "new", "tmp"):
                writer.add_folder(here / part, (relative / part).as_posix())
                names.remove(part)
        at_top = here == home
        names[:] = sorted(
            name for name in names if not _is_left_out(name, at_top) and not (here / name).is_symlink()
        )
        if not at_top:
            writer.add_folder(here, relative.as_posix())
        for name in sorted(files):
            path = here / name
            if _is_left_out(name, at_top) or path == database:
                continue
            if name.endswith(("-wal", "-shm", "-journal")) and (here / name.rpartition("-")[0]).exists():
                continue
            with contextlib.suppress(FileNotFoundError):
                if not stat.S_ISREG(path.lstat().st_mode):
                    continue
                if _is_sqlite(path):
                    _add_sqlite(writer, path, (relative / name).as_posix(), scratch)
                else:
                    writer.add(path, (relative / name).as_posix())


def is_maildir(folder: Path) -> bool:
    """Whether messages are kept in this folder."""
    return all((folder / part).is_dir() for part in ("cur", "new", "tmp"))


def _is_left_out(name: str, at_top: bool) -> bool:
    return name.startswith(LEFT_OUT_PREFIXES) or (at_top and name in LEFT_OUT)


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _add_mailbox(writer: _Writer, mailbox: Path, relative: Path, scratch: Path) -> None:
    """All messages of a mailbox and its folders, though programs rename and move them meanwhile."""
    held = scratch / "held"
    shutil.rmtree(held, ignore_errors=True)
    held.mkdir()
    for message in hold_messages(mailbox, held):
        place = relative / message.folder / message.place / message.name
        writer.add(message.held, place.as_posix())


@dataclass(frozen=True)
class Held:
    """A message that cannot get lost any more, and where it belongs."""

    folder: str
    place: str
    name: str
    held: Path


def hold_messages(mailbox: Path, held: Path) -> list[Held]:
    """Hard links in `held` to all messages of a mailbox and the folders inside it.

    A message may be renamed or moved between our looking and our linking. So we look again until nothing is new:
    then every message was seen where it was or where it went; at worst one that moved is kept in both places.
    """
    found: dict[tuple[str, str], Held] = {}
    quiet = 0
    for _ in range(PASSES):
        changed = False
        for folder in sorted(_maildirs(mailbox)):
            # From new to cur is the only way between the two: in this order none passes us unseen.
            for place in ("new", "cur"):
                for name in _names(mailbox / folder / place):
                    key = (folder, name.partition(":2,")[0])
                    if key in found:
                        continue
                    changed = True
                    link = held / str(len(found))
                    with contextlib.suppress(FileNotFoundError):
                        _hold(mailbox / folder / place / name, link)
                        found[key] = Held(folder, place, name, link)
        quiet = 0 if changed else quiet + 1
        if quiet == 2:
            break
    return sorted(found.values(), key=lambda message: (message.folder, message.place, message.name))


def _maildirs(mailbox: Path) -> Iterator[str]:
    for folder, names, _files in os.walk(mailbox):
        here = Path(folder)
        if is_maildir(here):
            yield "" if here == mailbox else here.relative_to(mailbox).as_posix()
            names[:] = [name for name in names if name not in ("cur", "new", "tmp")]


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []


def _hold(message: Path, place: Path) -> None:
    try:
        os.link(message, place)
    except FileNotFoundError:
        raise
    except OSError:
        # Another file system, or one without hard links.
        shutil.copy2(message, place)


# Restoring.


def restore(archive: Path, home: Path, *, force: bool = False) -> Manifest:
    """Put a backup in place: read it all, compare every digest, and only then move it into the home.

    What was in a home that is not empty is set aside in it (never deleted), and only with `force`.
    """
    if not archive.is_file():
        raise BackupFailed(f"There is no backup {archive}.")
    before = [path for path in home.iterdir() if not path.name.startswith(".")] if home.is_dir() else []
    if before and not force:
        raise BackupFailed(
            f"{home} is not empty. Restore into a new home (KANTON_HOME=/another/place kanton restore ...), or use "
            "--force: what is there is then set aside, not deleted."
        )
    is_new = not home.exists()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _put_in_place(archive, home, before)
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                home.rmdir()
        raise


def _put_in_place(archive: Path, home: Path, before: Sequence[Path]) -> Manifest:
    with _unused(home), tempfile.TemporaryDirectory(dir=home, prefix=".restoring-") as scratch:
        staged = Path(scratch) / "home"
        staged.mkdir(mode=0o700)
        manifest = _unpack(archive, staged)
        if before:
            aside = home / f".before-restore-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}"
            aside.mkdir(mode=0o700)
            for path in before:
                path.rename(aside / path.name)
        for path in staged.iterdir():
            path.rename(home / path.name)
    return manifest


@contextlib.contextmanager
def _unused(home: Path) -> Iterator[None]:
    """Hold the home's lock, so that nothing runs there meanwhile."""
    import fcntl

    path = home / "run.lock"
    existed = path.exists()
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed("Kanton runs in this home. Stop it first.") from None
        try:
            yield
        finally:
            if not existed:
                path.unlink(missing_ok=True)


def _unpack(archive: Path, staged: Path) -> Manifest:
    digests: dict[str, tuple[int, str]] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(archive, mode="r|*") as reader:
            for member in reader:
                content = reader.extractfile(member)
                if content is None or not member.isreg():
                    raise BackupFailed(
                        f"{archive} holds something that is no file: {member.name}. It is not ours."
                    )
                if member.name == MANIFEST:
                    manifest = _read_manifest(content.read())
                    continue
                digests[member.name] = _write_member(staged, member.name, content)
    except (tarfile.TarError, EOFError, lzma.LZMAError, gzip.BadGzipFile, OSError, ValueError) as problem:
        raise BackupFailed(
            f"{archive} cannot be read to its end: {problem}. Use another copy of it."
        ) from problem
    if manifest is None:
        raise BackupFailed(f"{archive} has no manifest: it was cut off, or is no backup of Kanton.")
    promised = {entry.path: (entry.size, entry.sha256) for entry in manifest.files}
    if promised != digests:
        wrong = sorted(name for name in {*promised, *digests} if promised.get(name) != digests.get(name))
        raise BackupFailed(
            f"{archive} is damaged: {len(wrong)} files differ from its manifest, first {wrong[0]}."
        )
    for folder in manifest.folders:
        _inside(staged, folder.path).mkdir(parents=True, exist_ok=True, mode=0o700)
    placed: list[Entry | Folder] = [*manifest.files, *manifest.folders]
    for entry in placed:
        path = _inside(staged, entry.path)
        path.chmod(entry.mode & 0o777)
        if os.geteuid() == 0:
            os.chown(path, entry.uid, entry.gid)
    return manifest


def _read_manifest(content: bytes) -> Manifest:
    values: dict[str, Any] = json.loads(content)
    if values.get("format") != FORMAT:
        raise ValueError(f"format {values.get('format')} needs another version of Kanton")
    try:
        return Manifest(
            **values
            | {
                "files": [Entry(**entry) for entry in values["files"]],
                "folders": [Folder(**folder) for folder in values["folders"]],
            }
        )
    except (TypeError, KeyError) as problem:
        raise ValueError(f"the manifest is not ours ({problem})") from problem


def _inside(root: Path, name: str) -> Path:
    """The place of a member below `root`; nothing may point elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"the name {name!r} points outside")
    return root.joinpath(*path.parts)


def _write_member(staged: Path, name: str, content: IO[bytes]) -> tuple[int, str]:
    path = _inside(staged, name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def restore_postgres(config: Config) -> None:
    """Load the dump of a restored home into the configured database, in one transaction."""
    dump = config.home / POSTGRES_DUMP
    done = subprocess.run(
        [
            postgres_program("pg_restore"),
            "--clean",
            "--if-exists",
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            f"--dbname={config.database.name}",
            str(dump),
        ],
        env=_postgres_environment(config),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupFailed(
            f"The files are in place, but PostgreSQL did not take the database: {done.stderr.strip()}\n"
            f"The dump is kept in {dump}. Mend the cause and run `kanton restore` again."
        )
    dump.unlink()
