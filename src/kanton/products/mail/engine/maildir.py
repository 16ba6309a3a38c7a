"""Maildir++ as Dovecot lays it out: delivery by hard link, so that a message is there whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import time
from itertools import count
from pathlib import Path

from kanton.products.mail.engine.files import make_private, sync_folder

_STORE = re.compile(r"[a-z0-9.-]{1,253}/[a-z0-9_][a-z0-9._-]{0,63}~[0-9]{1,18}")
_HOST = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()) or "localhost"
_numbers = count()

STANDARD_FOLDERS = ("Drafts", "Sent", "Archive", "Spam", "Trash")
"""Made with every mailbox, with the special uses that programs look for."""


class Maildirs:
    """All mailboxes of this machine under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.discarded = root.parent / "discarded"

    def path(self, store: str) -> Path:
        """The folder of a store; ValueError for what is no store."""
        if not _STORE.fullmatch(store) or ".." in store:
            raise ValueError(f"not a store: {store!r}")
        return self.root / store

    def ensure(self, store: str) -> Path:
        """The mailbox's folder with its standard folders, made if missing."""
        inbox = self.path(store)
        if not (inbox / "new").is_dir():
            for part in ("tmp", "cur", "new"):
                make_private(inbox / part)
        if not (inbox / "subscriptions").exists():
            for name in STANDARD_FOLDERS:
                folder = make_private(inbox / f".{name}")
                for part in ("tmp", "cur", "new"):
                    make_private(folder / part)
                (folder / "maildirfolder").touch(mode=0o600)
            (inbox / "subscriptions").write_text("".join(f"{name}\n" for name in STANDARD_FOLDERS))
        return inbox

    @staticmethod
    def unique_name() -> str:
        """A name that no other message has had, in Dovecot's form."""
        seconds, fraction = divmod(time.time_ns(), 1_000_000_000)
        return (
            f"{seconds}.M{fraction // 1000:06d}P{os.getpid()}Q{next(_numbers)}R{secrets.token_hex(4)}.{_HOST}"
        )

    def deliver(self, store: str, message: Path, *, folder: str = "", seen: bool = False) -> Path:
        """Put a message that is already on the disk into a mailbox. The message file itself stays where it is."""
        inbox = self.ensure(store)
        target = inbox / f".{folder}" if folder else inbox
        size = message.stat().st_size
        # Lines end with CR LF here, so the size on the wire is the size on the disk.
        name = f"{self.unique_name()},S={size},W={size}"
        place = target / "cur" / f"{name}:2,S" if seen else target / "new" / name
        os.link(message, place)
        sync_folder(place.parent)
        return place

    def discard(self, store: str) -> None:
        """Move a mailbox's folder out of every server's sight."""
        path = self.path(store)
        if path.exists():
            target = self.discarded / store
            make_private(target.parent)
            if target.exists():
                shutil.rmtree(target)
            path.rename(target)
            sync_folder(target.parent)

    def restore(self, store: str) -> bool:
        """Bring a discarded folder back; False when there is none. A folder that is in use is never replaced."""
        source, path = self.discarded / store, self.path(store)
        if not source.exists() or path.exists():
            return path.exists()
        make_private(path.parent)
        source.rename(path)
        sync_folder(path.parent)
        return True

    def purge(self, store: str) -> None:
        """Delete a discarded folder for good."""
        self.path(store)
        shutil.rmtree(self.discarded / store, ignore_errors=True)

    def storage_bytes(self, store: str) -> int:
        """Bytes of all messages, from their names where these tell and from the files otherwise."""
        total = 0
        for current, _folders, files in os.walk(self.path(store)):
            if os.path.basename(current) not in ("cur", "new"):  # noqa: PTH119 - a walk of many thousand names
                continue
            for name in files:
                size = re.search(r",S=([0-9]+)", name)
                total += int(size.group(1)) if size else (Path(current) / name).stat().st_size
        return total
