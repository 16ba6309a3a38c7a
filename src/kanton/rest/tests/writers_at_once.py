"""A process of its own in which eight programs write at once, on the database of its environment.

Run by test_writes.py as `python -m kanton.rest.tests.writers_at_once`; prints what happened as JSON.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable

PROGRAMS = 8


def at_once(do: Callable[[int], object]) -> list[object]:
    """What `do(0)` … `do(7)` return when they start together."""
    from django.db import connection

    gate = threading.Barrier(PROGRAMS)
    found: list[object] = []

    def run(index: int) -> None:
        try:
            gate.wait()
            found.append(do(index))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(PROGRAMS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return found


def main() -> None:
    """Repeat one POST with one key, and change one organization that all have read."""
    import django

    django.setup()
    from kanton.core import schema
    from kanton.organizations.models import Organization
    from kanton.rest.testing import ApiClient
    from kanton.rest.tests import echo_api
    from kanton.testing import make_organization, make_person

    schema.create_all()

    ana = make_person("ana@acme.example", "Ana", "Keller")
    acme = make_organization("Acme", "acme", ana)
    client = ApiClient(ana)
    echo_api.register()
    bodies = at_once(
        lambda _index: client.post("/9/organizations", {"name": "Once"}, IDEMPOTENCY_KEY="k").body.decode()
    )
    path = f"/9/organizations/{acme.pk}"
    seen = client.get(path).headers["ETag"]
    statuses = at_once(lambda index: client.put(path, {"name": f"Name {index}"}, IF_MATCH=seen).status)
    told = {
        "bodies": len(bodies),
        "different": len(set(bodies)),
        "made": Organization.objects.filter(name="Once").count(),
        "statuses": sorted(map(str, statuses)),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
