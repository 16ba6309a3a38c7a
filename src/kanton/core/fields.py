"""Database fields of our own: encrypted text, and money as two plain columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from kanton.core import secrets

if TYPE_CHECKING:
    Text = models.TextField[str, str]
else:
    Text = models.TextField


class EncryptedTextField(Text):
    """Text kept encrypted (AES-128-CBC + HMAC, Fernet) under the installation's keys; cannot be searched.

    Reading decrypts; a value written under a retired key is still read.
    """

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else secrets.encrypt(str(value))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """The plain text."""
        return None if value is None else secrets.decrypt(value)
