"""One's own data in one file: made by a job, told by mail, fetched with the password, gone after seven days."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.test import Client

from kanton.accounts.actions import create_token
from kanton.accounts.errors import WrongPassword
from kanton.accounts.models import Person
from kanton.accounts.profile.actions import ask_for_export, set_picture
from kanton.accounts.profile.errors import ExportUnderWay
from kanton.accounts.profile.images import Prepared
from kanton.accounts.profile.models import Export, ExportState
from kanton.accounts.profile.tasks import export_failed, folder, make_export, take_exports_away
from kanton.core import clock
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.testing import PASSWORD, acting


@pytest.fixture(autouse=True)
def _empty_folder() -> None:
    """Files are not rolled back with the database: those of the test before are removed."""
    for path in folder().iterdir():
        path.unlink()


def test_the_file_holds_everything_and_no_secret(
    client: Client, ana: Person, zoe: Person, acme: Organization, outbox: Outbox
) -> None:
    ana.first_name = "=Ana <b>"
    ana.save()
    set_picture(acting(ana), ana, picture=Prepared(b"large picture", b"small", 500))
    token = create_token(acting(ana), ana, name="DNS", scopes=["all"], current_password=PASSWORD)
    client.force_login(ana)
    assert client.post("/account/data", {"current_password": "wrong"}).status_code == 422
    assert client.post("/account/data", {"current_password": PASSWORD}).status_code == 303
    page = client.get("/account/data").content.decode()
    assert "<progress" in page or "progress" in page
    with pytest.raises(ExportUnderWay):
        ask_for_export(acting(ana), ana, current_password=PASSWORD)
    written = len(outbox)
    run_jobs()
    export = Export.objects.get()
    assert (export.state, export.done) == (ExportState.READY, export.parts)
    assert [mail.template for mail in outbox[written:]] == ["profile/export_ready"]
    make_export.call(export.pk)  # a second run changes nothing
    assert [path.name for path in folder().iterdir()] == [export.file]
    assert (folder() / export.file).stat().st_mode & 0o077 == 0

    address = f"/account/data/{export.pk}/download"
    assert client.post(address, {"current_password": "wrong"}).status_code == 422
    stranger = Client()
    stranger.force_login(zoe)
    assert stranger.post(address, {"current_password": PASSWORD}).status_code == 404
    answer = client.post(address, {"current_password": PASSWORD})
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert len(content) == export.size_bytes
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.read("picture.webp") == b"large picture"
    data = json.loads(archive.read("data.json"))
    assert data["profile"][0]["login_email"] == ana.email
    assert [row["name"] for row in data["api-tokens"]] == ["DNS"]
    assert [row["name"] for row in data["organizations"]] == ["Acme"]
    assert {row["what"] for row in data["activity"]} >= {"=Ana <b> Keller changed the profile picture"}
    html = archive.read("index.html").decode()
    assert "=Ana &lt;b&gt;" in html and "<b>" not in html
    assert (
        "\n'=Ana" in archive.read("profile.csv").decode() or ",'=Ana" in archive.read("profile.csv").decode()
    )
    everything = b"".join(archive.read(name) for name in archive.namelist())
    for secret in (token.secret, token.token.digest, ana.password):
        assert secret.encode() not in everything

    Export.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert client.post(address, {"current_password": PASSWORD}).status_code == 404
    take_exports_away.call()
    assert list(folder().iterdir()) == [] and not Export.objects.exists()


def test_a_file_that_cannot_be_made_may_be_asked_for_again(ana: Person) -> None:
    with pytest.raises(WrongPassword):
        ask_for_export(acting(ana), ana, current_password="")
    export = ask_for_export(acting(ana), ana, current_password=PASSWORD)
    export_failed(export.pk, error="the disk is full")
    export.refresh_from_db()
    assert export.state == ExportState.FAILED
    ask_for_export(acting(ana), ana, current_password=PASSWORD)
    assert Export.objects.count() == 2
