"""What Django remembers for the request at hand, in plain thread-locals.

Django keeps language, time zone and connections in asgiref's `Local`, which also follows asynchronous code and takes
a lock at every look. The web server runs each request in one thread from beginning to end, and a page looks a
hundred times: this is a tenth of its cost.
"""

from __future__ import annotations

import threading

from django.db import connections
from django.urls import base
from django.utils import timezone
from django.utils.translation import trans_real


def use_plain_locals() -> None:
    """For a process that serves requests in threads; called once, before the first of them."""
    for module, name in (
        (trans_real, "_active"),
        (timezone, "_active"),
        (base, "_prefixes"),
        (base, "_urlconfs"),
    ):
        setattr(module, name, threading.local())
    connections._connections = threading.local()  # type: ignore[attr-defined]
