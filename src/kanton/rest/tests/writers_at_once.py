"""A process of its own in which eight programs write at once, on the database of its environment.

Run by test_writes.py as `python -m kanton.rest.tests.writers_at_once`; prints what happened as JSON.
"""

from __future__ import annotations

import json
import sys
from functools import partial

from kanton.testing_at_once import together

PROGRAMS = 8


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
    bodies = together(
        [lambda: client.post("/9/organizations", {"name": "Once"}, IDEMPOTENCY_KEY="k").body.decode()]
        * PROGRAMS
    )
    path = f"/9/organizations/{acme.pk}"
    seen = client.get(path).headers["ETag"]

    def rename(index: int) -> int:
        return client.put(path, {"name": f"Name {index}"}, IF_MATCH=seen).status

    statuses = together([partial(rename, index) for index in range(PROGRAMS)])
    told = {
        "bodies": len(bodies),
        "different": len(set(bodies)),
        "made": Organization.objects.filter(name="Once").count(),
        "statuses": sorted(map(str, statuses)),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
