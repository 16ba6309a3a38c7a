"""The keys of an installation: made once, private, and changed without losing what the old ones protect."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from kanton.secrets import Secrets, SecretsUnreadable


def test_keys_are_made_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path / "secrets")
    assert secrets.create_missing() == [Secrets.DJANGO, Secrets.FIELDS, Secrets.ACTIVITY, Secrets.PUSH]
    assert secrets.create_missing() == []
    assert stat.S_IMODE(secrets.folder.stat().st_mode) == 0o700
    files = sorted(secrets.folder.iterdir())
    assert [file.name for file in files] == sorted(
        [Secrets.DJANGO, Secrets.FIELDS, Secrets.ACTIVITY, Secrets.PUSH]
    )
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    again = Secrets(tmp_path / "secrets")
    assert again.django_key == secrets.django_key and len(again.django_key) >= 50
    assert again.activity_key == secrets.activity_key
    assert secrets.django_key not in repr(secrets)


def test_processes_that_start_together_agree_on_the_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: Secrets(tmp_path).field_keys, range(32)))
    assert len(keys) == 32 and len(set(keys)) == 1


def test_after_a_rotation_new_values_use_the_new_key_and_old_ones_stay_readable(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    old = Fernet(secrets.field_keys[0]).encrypt(b"seed")
    django = secrets.django_key
    secrets.rotate(Secrets.FIELDS)
    secrets.rotate(Secrets.DJANGO)
    assert len(secrets.field_keys) == 2
    assert MultiFernet([Fernet(key) for key in secrets.field_keys]).decrypt(old) == b"seed"
    assert secrets.django_fallback_keys == (django,) and secrets.django_key != django
    with pytest.raises(ValueError, match="cannot be rotated"):
        secrets.rotate(Secrets.ACTIVITY)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xff", b"too-short\n"])
def test_a_damaged_key_is_never_replaced_but_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / Secrets.FIELDS).write_bytes(content)
    with pytest.raises(SecretsUnreadable, match=Secrets.FIELDS):
        _ = Secrets(tmp_path).field_keys
    assert (tmp_path / Secrets.FIELDS).read_bytes() == content
