"""The certificate of the mail servers, which start at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from kanton.products.mail.engine import tls
from kanton.products.mail.engine.settings import EngineSettings


def test_servers_that_start_together_make_one_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, make, together = [], tls._make, Barrier(8)

    def counted(certificate: Path, key: Path, hostname: str) -> None:
        made.append(hostname)
        make(certificate, key, hostname)

    monkeypatch.setattr(tls, "_make", counted)

    def start(_number: int) -> bytes:
        together.wait(240)
        tls.server_context(EngineSettings(tmp_path, hostname="mail.acme.example"))
        return (tmp_path / "mail" / "tls" / "certificate.pem").read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1
    assert made == ["mail.acme.example"]
