"""`$KANTON_HOME/endpoints.json`: how programs and people reach the running installation. See docs/running.md."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from kanton.config import Config

VERSION = 1


def read(path: Path) -> dict[str, Any]:
    """What the file says; empty when there is none or it is damaged (it is made anew at every start)."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def chosen_ports(endpoints: dict[str, Any]) -> dict[str, int]:
    """The ports of last time by setting, so that a replacement for a taken port stays the same."""
    ports = endpoints.get("ports")
    if not isinstance(ports, dict):
        return {}
    return {name: port for name, port in ports.items() if isinstance(port, int) and 0 < port < 65536}


def reachable(host: str) -> str:
    """The host to connect to when a server listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def describe(config: Config, *, pid: int | None, logins: list[dict[str, str]]) -> dict[str, Any]:
    """The contents of the file."""
    ports = {
        "web.port": config.web.port,
        "dns.port": config.dns.port,
        "smtp.port": config.smtp.port,
        "smtp.submission_port": config.smtp.submission_port,
        "smtp.submissions_port": config.smtp.submissions_port,
        "imap.port": config.imap.port,
        "imap.tls_port": config.imap.tls_port,
    }
    smtp, imap = reachable(config.smtp.host), reachable(config.imap.host)
    found: dict[str, Any] = {
        "version": VERSION,
        "home": str(config.home),
        "pid": pid,
        "web": config.web.address,
        "api": config.web.address,
    }
    if config.dns.enabled:
        found["dns"] = {
            "host": reachable(config.dns.host),
            "port": config.dns.port,
            "protocols": ["udp", "tcp"],
        }
    if config.smtp.enabled:
        found["smtp"] = {"host": smtp, "port": config.smtp.port, "tls": "starttls"}
        found["submission"] = {"host": smtp, "port": config.smtp.submission_port, "tls": "starttls"}
        found["submissions"] = {"host": smtp, "port": config.smtp.submissions_port, "tls": "tls"}
    if config.imap.enabled:
        found["imap"] = {"host": imap, "port": config.imap.port, "tls": "starttls"}
        found["imaps"] = {"host": imap, "port": config.imap.tls_port, "tls": "tls"}
    return found | {"logins": logins, "ports": ports}


def write(path: Path, contents: dict[str, Any]) -> None:
    """Replace the file in one step; it may name demo passwords, so only the owner reads it."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(contents, file, indent=2, ensure_ascii=False)
        file.write("\n")
    Path(temporary).replace(path)
