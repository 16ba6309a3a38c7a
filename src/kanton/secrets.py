"""The keys of one installation: made on the first start, kept in $KANTON_HOME/secrets for the owner only.

Losing them loses what they protect (second factors, identity documents, provider keys), so `kanton backup`
takes them along. They never appear in settings files, logs or the database.
"""

import base64
import contextlib
import os
import secrets
import tempfile
from functools import cached_property
from pathlib import Path

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class SecretsUnreadable(Exception):
    """A key file is there but cannot be used; the message says which and what to do."""


class Secrets:
    """The keys in one folder, each made when it is first asked for."""

    DJANGO = "django-secret-key"
    FIELDS = "field-encryption-keys"
    ACTIVITY = "activity-hmac-key"
    PUSH = "web-push-key"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"Secrets({str(self.folder)!r})"

    @cached_property
    def django_key(self) -> str:
        """Signs sessions and links; the first line of its file."""
        return self._lines(self.DJANGO)[0]

    @cached_property
    def django_fallback_keys(self) -> tuple[str, ...]:
        """Earlier signing keys, still accepted until they are removed from the file."""
        return self._lines(self.DJANGO)[1:]

    @cached_property
    def field_keys(self) -> tuple[str, ...]:
        """Fernet keys for encrypted columns: the first encrypts, all decrypt."""
        keys = self._lines(self.FIELDS)
        for key in keys:
            try:
                usable = len(base64.urlsafe_b64decode(key)) == 32
            except ValueError:
                usable = False
            if not usable:
                raise SecretsUnreadable(
                    f"{self.folder / self.FIELDS} has a line that is no key (32 bytes in URL-safe base64). "
                    "Restore the file from your backup; without the right key, encrypted data cannot be read."
                )
        return keys

    @cached_property
    def activity_key(self) -> bytes:
        """Keys the hash chains of the activity log. It has no rotation: the chain would break."""
        return self._lines(self.ACTIVITY)[0].encode()

    @cached_property
    def push_key(self) -> int:
        """The private number on P-256 by which push services know us (VAPID). A new one parts us from every phone."""
        try:
            number = int(self._lines(self.PUSH)[0], 16)
        except ValueError:
            number = 0
        if not 0 < number < P256_ORDER:
            raise SecretsUnreadable(f"{self.folder / self.PUSH} holds no key. Restore it from your backup.")
        return number

    def create_missing(self) -> list[str]:
        """Make every key that does not exist yet; returns the names of the new ones."""
        return [name for name in (self.DJANGO, self.FIELDS, self.ACTIVITY, self.PUSH) if self._create(name)]

    def rotate(self, name: str) -> None:
        """Put a new key in front of the old ones of this file. Old values stay readable."""
        if name not in (self.DJANGO, self.FIELDS):
            raise ValueError(f"{name} cannot be rotated")
        lines = (self._new(name), *self._lines(name))
        self._write(name, lines, replace=True)
        for attribute in ("django_key", "django_fallback_keys", "field_keys"):
            self.__dict__.pop(attribute, None)

    def _lines(self, name: str) -> tuple[str, ...]:
        path = self.folder / name
        if not path.exists():
            self._create(name)
        try:
            lines = tuple(line.strip() for line in path.read_text("ascii").splitlines() if line.strip())
        except (OSError, UnicodeDecodeError) as problem:
            raise SecretsUnreadable(
                f"{path} cannot be read ({problem}). Start Kanton as its owner, or restore it from a backup."
            ) from problem
        if not lines:
            raise SecretsUnreadable(f"{path} is empty. Restore it from your backup.")
        return lines

    def _create(self, name: str) -> bool:
        if (self.folder / name).exists():
            return False
        return self._write(name, (self._new(name),), replace=False)

    def _new(self, name: str) -> str:
        if name == self.FIELDS:
            return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        if name == self.PUSH:
            return f"{secrets.randbelow(P256_ORDER - 1) + 1:064x}"
        return secrets.token_urlsafe(48)

    def _write(self, name: str, lines: tuple[str, ...], *, replace: bool) -> bool:
        """Write a whole file or nothing; when two processes start at once, the first one's key counts."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{name}-")
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write("\n".join(lines) + "\n")
                file.flush()
                os.fsync(file.fileno())
            if replace:
                Path(temporary).replace(self.folder / name)
                return True
            try:
                os.link(temporary, self.folder / name)
            except FileExistsError:
                return False
            return True
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
