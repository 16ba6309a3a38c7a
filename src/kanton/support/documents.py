"""Where identity documents lie: encrypted files in a folder that no backup takes along (SUP-36, SUP-38)."""

from __future__ import annotations

import contextlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from kanton.config import config
from kanton.core import clock, secrets
from kanton.support.models import DOCUMENT_LIFE, IdentityCheck

FOLDER = "identity"
KINDS = ("front", "back", "selfie")


def keep(case: IdentityCheck, kind: str, photo: bytes) -> None:
    """Write one photograph, encrypted under the installation's keys."""
    path = _folder(case, make=True) / kind
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.encrypt_bytes(photo))


def kept(case: IdentityCheck) -> list[str]:
    """Which photographs there are."""
    folder = _folder(case)
    return [kind for kind in KINDS if (folder / kind).is_file()]


def read(case: IdentityCheck, kind: str) -> bytes | None:
    """One photograph, or None."""
    if kind not in KINDS:
        return None
    try:
        return secrets.decrypt_bytes((_folder(case) / kind).read_bytes())
    except FileNotFoundError:
        return None


def forget(case: IdentityCheck) -> None:
    """Delete all photographs of a case."""
    shutil.rmtree(_folder(case), ignore_errors=True)


def forget_old() -> int:
    """Delete whatever is older than 72 hours, also where nobody knows the case any more; returns how many folders."""
    gone = 0
    root = config.home / FOLDER
    for folder in root.iterdir() if root.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):
            written = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
            if written + DOCUMENT_LIFE <= clock.now():
                shutil.rmtree(folder, ignore_errors=True)
                gone += 1
    return gone


def _folder(case: IdentityCheck, *, make: bool = False) -> Path:
    name = str(case.pk)
    return config.folder(FOLDER, name) if make else config.home / FOLDER / name
