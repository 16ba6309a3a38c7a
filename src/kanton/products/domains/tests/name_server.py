"""A real name server process for tests, on a free port of the loopback."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kanton.products.domains.engine import EmbeddedEngine

SOURCES = Path(__file__).resolve().parents[4]


@dataclass(frozen=True, slots=True)
class Running:
    """The process, where it listens, and an engine that speaks to it."""

    process: subprocess.Popen[bytes]
    port: int
    store: Path
    engine: EmbeddedEngine

    def dig(self, *arguments: str) -> str:
        """What dig says."""
        command = ["dig", "@127.0.0.1", "-p", str(self.port), "+norec", "+tries=1", "+time=60", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def resident_kilobytes(self) -> int:
        """The memory of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found is not None
        return int(found[1])


@contextmanager
def running_name_server(
    store: Path,
    *hosts: str,
    port: int = 0,
    shared: bool = False,
    inherited: Sequence[int] = (),
    poll_seconds: float = 1.0,
) -> Iterator[Running]:
    """Start the name server as the supervisor does; stop it at the end. `inherited`: a UDP and a TCP socket."""
    listen = [
        f"--listen=[{host}]:{port}" if ":" in host else f"--listen={host}:{port}"
        for host in hosts or ("127.0.0.1",)
    ]
    if inherited:
        listen = [f"--inherited={','.join(map(str, inherited))}"]
    command = [sys.executable, "-m", "kanton.products.domains.dns", "--store", str(store), *listen]
    command += ["--poll-seconds", str(poll_seconds)]
    process = subprocess.Popen(
        [*command, *(["--shared"] if shared else [])],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        stdout=subprocess.PIPE,
        pass_fds=inherited,
    )
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], 120)[0], "the name server said nothing"
        found = re.search(rb":(\d+), UDP and TCP", process.stdout.readline())
        assert found is not None, "the name server did not start"
        chosen = int(found[1])
        yield Running(process, chosen, store, EmbeddedEngine(store, "127.0.0.1", chosen, patience=60))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
