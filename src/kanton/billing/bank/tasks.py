"""What happens by itself: match what was taken in, and look into the watched folder."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django_tasks import task

from kanton.billing.bank.actions import import_statement, match_item
from kanton.billing.bank.models import BankItem, ItemState
from kanton.config import config
from kanton.core.actor import System
from kanton.core.errors import DomainError
from kanton.core.jobs import periodic

log = logging.getLogger("kanton.bank")


def match_all() -> int:
    """Match every payment that is new, oldest first, each in its own transaction. Ends well wherever it is stopped."""
    actor, matched = System("bank"), 0
    new = BankItem.objects.filter(state=ItemState.NEW).order_by("pk").values_list("pk", flat=True)
    for pk in list(new):
        match_item(actor, BankItem(pk=pk))
        matched += 1
    return matched


@task(unique=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def match_new() -> None:
    """Match what was taken in."""
    match_all()


@periodic("bank.folder", every=timedelta(minutes=5))
@task(unique=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def look_into_folder() -> None:
    """Take in the files of the watched folder, and match."""
    book_statements()


def book_statements() -> None:
    """Take in what lies in the folder and match everything: the first step of every daily run (BIL-72)."""
    for path in _waiting_files():
        _take_in(path)
    match_all()


def folder() -> Path:
    """The watched folder."""
    return Path(config.bank.folder) if config.bank.folder else config.home / "bank"


def _waiting_files() -> list[Path]:
    place = folder()
    if not place.is_dir():
        return []
    found = [path for path in place.iterdir() if path.suffix.lower() == ".xml" and path.is_file()]
    return sorted(path for path in found if not path.is_symlink())


def _take_in(path: Path) -> None:
    """One file: to `done/`, or to `refused/` beside a note that says why."""
    try:
        with path.open("rb") as file:
            import_statement(System("bank"), None, file=file, file_name=path.name)
    except DomainError as error:
        log.warning("%s was refused: %s", path.name, error.code)
        kept = _put(path, "refused")
        kept.with_suffix(".txt").write_text(f"{error.sentence}\n", encoding="utf-8")
    except FileNotFoundError:  # another worker took it
        return
    else:
        _put(path, "done")


def _put(path: Path, name: str) -> Path:
    target = path.parent / name
    target.mkdir(mode=0o700, exist_ok=True)
    place, number = target / path.name, 1
    while place.exists():
        number += 1
        place = target / f"{path.stem}-{number}{path.suffix}"
    with suppress(FileNotFoundError):
        path.replace(place)
    return place
