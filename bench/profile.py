"""Where the time of one page or call goes: `python -m bench.profile console` (or api, or a path of your own).

    PYTHONPATH=.:src .venv/bin/python -m bench.profile console --sort tottime
    PYTHONPATH=.:src .venv/bin/python -m bench.profile /o/SLUG/ --count 200

Runs in one process, without a server. The cost is told in units of a fixed piece of work done in between, so that a
busy machine changes it little: 1.0 unit is some 7 ms on the machine the figures in docs/bench.md come from.
"""

import argparse
import cProfile
import io
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench.house import ROOT, environment

PATHS = {"console": "/o/SLUG/domains", "api": "/1/products"}


def main() -> None:
    """Seed a home, call the page many times, tell cost, queries and profile."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile")
    parser.add_argument("what", help="console, api, or a path; SLUG stands for an organization")
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--sort", default="", help="print a profile, sorted by cumtime or tottime")
    parser.add_argument("--only", default="", help="only lines with this text, such as kanton")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kanton-profile-") as folder:
        home, samples = Path(folder, "home"), Path(folder, "samples")
        home.mkdir()
        (home / "static").mkdir()
        env = environment(home, {"KANTON_DEMO": "false", "KANTON_API_REQUESTS_PER_MINUTE": "1000000"})
        subprocess.run(
            [sys.executable, "-m", "bench.seed", "100", "500", str(samples)], env=env, cwd=ROOT, check=True
        )
        os.environ.clear()
        os.environ.update(env)
        _measure(options, PATHS.get(options.what, options.what), samples.read_text().split("\n")[:-1])


def _measure(options: argparse.Namespace, path: str, lines: list[str]) -> None:
    import kanton.wsgi

    application: Callable[..., Iterable[bytes]] = kanton.wsgi.application

    def call(number: int) -> tuple[str, bytes]:
        token, session, slug = lines[number % len(lines)].split()
        status: list[str] = []

        def start_response(said: str, _headers: Any, _error: Any = None) -> None:
            status.append(said)

        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": path.replace("SLUG", slug), "QUERY_STRING": "",
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": True,
            "wsgi.run_once": False, "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
        }  # fmt: skip
        if path[1:2].isdigit():
            environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        else:
            environ["HTTP_COOKIE"] = f"kanton_session={session}"
        answer = application(environ, start_response)
        body = b"".join(answer)
        if close := getattr(answer, "close", None):
            close()
        return status[0], body

    for number in range(20):
        status, body = call(number)
        assert status.startswith("200"), status
    costs, each = [], max(1, options.count // 12)
    for _ in range(12):
        before = _unit()
        started = time.process_time()
        for number in range(each):
            call(number)
        spent = (time.process_time() - started) / each
        costs.append(spent / ((before + _unit()) / 2))
    print(
        f"{path}: {len(body)} bytes, {statistics.median(costs):.3f} units each ({min(costs):.3f} – {max(costs):.3f})"
    )
    _queries(call)
    if options.sort:
        profile = cProfile.Profile()
        profile.enable()
        for number in range(options.count):
            call(number)
        profile.disable()
        pstats.Stats(profile).sort_stats(options.sort).print_stats(
            *([options.only] if options.only else []), 60
        )


def _unit() -> float:
    """A fixed piece of work of the kind that pages are made of."""
    started = time.process_time()
    found: dict[str, str] = {}
    for number in range(20_000):
        found[str(number)] = f"<a href='{number}'>{number}</a>".replace("<", "&lt;")
    return time.process_time() - started


def _queries(call: Callable[[int], tuple[str, bytes]]) -> None:
    from django.db import connection

    connection.force_debug_cursor = True
    connection.queries_log.clear()
    call(3)
    for query in connection.queries:
        print(f"  {query['sql'][:150]}")
    print(f"  {len(connection.queries)} queries")
    connection.force_debug_cursor = False


if __name__ == "__main__":
    main()
