"""What each process does, in a few lines: from the settings to the server of its room."""

import gc
import importlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from django.urls import get_resolver

from kanton.config import config
from kanton.run import child


def stop_event() -> threading.Event:
    """An event that is set when somebody asks this process to end."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop


def preload() -> None:
    """Load the whole program once, before forking: children share it, and start in milliseconds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kanton.settings")
    gc.disable()  # nothing that is imported becomes garbage
    # Django is set up by the first of them; the order matters.
    for module in ("kanton.wsgi", "kanton.urls", "kanton.core.jobs.worker", "granian.server"):
        importlib.import_module(module)
    _ = get_resolver().url_patterns
    gc.enable()
    gc.collect()
    gc.freeze()


def web() -> None:
    """Console and API: granian with processes of its own, in which a few threads call Django."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    import kanton.wsgi

    def application(_target: str) -> Callable[..., object]:
        child.watch_parent()
        return kanton.wsgi.application

    server = Granian(
        "kanton.wsgi:application",
        address="127.0.0.1" if config.web.host == "localhost" else config.web.host,
        port=config.web.port,
        interface=Interfaces.WSGI,
        workers=config.web.workers,
        blocking_threads=config.web.threads,
        workers_kill_timeout=8,
        respawn_failed_workers=True,
        log_level=LogLevels(config.log.level),
    )
    server.serve(target_loader=application)


def worker() -> None:
    """Jobs: threads that do them, and the clock that starts periodic ones."""
    from kanton.core.jobs.worker import run

    # A job of thousands of rows makes as many objects and no garbage: looking for it costs a tenth of its time.
    gc.set_threshold(50_000, 20, 50)
    run(stop_event(), grace=10.0)
