"""Exports are made, and taken away again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from django_tasks import task

from kanton.accounts.profile import exporting
from kanton.accounts.profile.actions import finish_export
from kanton.accounts.profile.models import Export, ExportState
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.core.secrets import new_token


def folder() -> Path:
    """Where exports lie; only our user may enter."""
    place = config.home / "exports"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def export_failed(export_id: int, **why: object) -> None:
    """After the last try: the page says so, and another one can be asked for."""
    Export.objects.filter(pk=export_id, state=ExportState.WAITING).update(state=ExportState.FAILED)


@task(priority=-20, when_failed=export_failed)
def make_export(export_id: int) -> None:
    """Write the file beside its place, then move it there; a second run finds it made."""
    export = Export.objects.select_related("person").filter(pk=export_id, state=ExportState.WAITING).first()
    if export is None:
        return
    name = f"{new_token()}.zip"
    partial = folder() / f".{name}.part"
    partial.touch(mode=0o600)

    def tell(done: int) -> None:
        Export.objects.filter(pk=export_id).update(done=done)

    try:
        exporting.write(export.person, partial, tell)
        size = partial.stat().st_size
        partial.replace(folder() / name)
    finally:
        partial.unlink(missing_ok=True)
    finish_export(System("accounts"), export, file=name, size_bytes=size)


@periodic("accounts: take exports away", every=dt.timedelta(hours=1))
@task()
def take_exports_away() -> None:
    """Files older than seven days go, and files whose account is gone, and what a crash left behind."""
    Export.objects.filter(expires_at__lte=clock.now()).delete()
    wanted = set(Export.objects.exclude(file="").values_list("file", flat=True))
    yesterday = clock.now().timestamp() - 24 * 3600
    for path in folder().iterdir():
        is_left_over = path.name.startswith(".") and path.stat().st_mtime < yesterday
        if is_left_over or (not path.name.startswith(".") and path.name not in wanted):
            path.unlink(missing_ok=True)
