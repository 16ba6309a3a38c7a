"""Files that survive a power cut: whole or not at all, and on the disk when we say so."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any


def make_private(folder: Path) -> Path:
    """The folder, made with its parents if missing; only our user may enter what we make."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def sync_folder(folder: Path) -> None:
    """Make new and removed names of this folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put the content there in one step: readers see the old file or the new one, also after a crash.

    Dovecot notices a change by the second and the size, so the new file's time is always a later second.
    """
    make_private(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            previous = path.stat().st_mtime if path.exists() else 0.0
            written = os.fstat(file.fileno()).st_mtime
            if int(written) <= int(previous):
                os.utime(file.fileno(), (int(previous) + 1, int(previous) + 1))
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """`write_atomically` for JSON."""
    write_atomically(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode())


def read_json(path: Path) -> Any:
    """The JSON of a file, or None when there is no such file."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None


def stamp_of(path: Path) -> tuple[int, int, int] | None:
    """What changes when the file is replaced; None when it is not there."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def secret_of(folder: Path, name: str, length: int = 32) -> bytes:
    """The random secret kept under this name, made on first use. Two processes starting at once get the same one."""
    path = make_private(folder) / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        temporary = folder / f".{name}.{secrets.token_hex(4)}"
        temporary.touch(mode=0o600)
        temporary.write_bytes(secrets.token_bytes(length))
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
        return path.read_bytes()
