"""Fills the database of a home with many organizations: `python -m bench.seed COUNT SAMPLES OUT`.

One organization is made by the models; SQLite then copies its rows as often as asked, with other numbers and names,
which takes seconds where saving a million models takes an hour. Whatever the tables look like, the copies are
complete. OUT gets SAMPLES lines "token session slug" of organizations drawn uniformly.
"""

import os
import random
import sys
from datetime import timedelta
from pathlib import Path

SERVICES = 3


def main(count: int, samples: int, out: Path) -> None:
    """Fill the database and write the samples."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kanton.settings")
    import django

    django.setup()
    from django.db import connection, transaction

    from kanton.core import schema
    from kanton.core.secrets import token_hash

    schema.create_all()
    with transaction.atomic():
        _first()
    connection.connection.create_function("digest_of", 1, lambda number: token_hash(secret_of(number)))
    with transaction.atomic(), connection.cursor() as cursor:
        last = count
        person = {
            "id": "i",
            "email": "'p' || i || '@bench.example'",
            "email_key": "'p' || i || '@bench.example'",
        }
        _copy(cursor, "accounts_person", person, last)
        organization = {"id": "i", "name": "'Organization ' || i", "slug": "'org-' || i"}
        _copy(cursor, "organizations_organization", organization, last)
        _copy(cursor, "organizations_membership", {"id": "i", "organization_id": "i", "person_id": "i"}, last)
        _copy(cursor, "accounts_apitoken", {"id": "i", "person_id": "i", "digest": "digest_of(i)"}, last)
        owner = f"((i - 1) / {SERVICES} + 1)"
        service = {
            "id": "i",
            "organization_id": owner,
            "name": "'domain-' || i || '.example'",
            "order_line": "'bench-' || i",
        }
        _copy(cursor, "products_service", service, last * SERVICES)
        domain = {
            "id": "i",
            "organization_id": owner,
            "service_id": "i",
            "name": "'domain-' || i || '.example'",
        }
        _copy(cursor, "domains_domain", domain, last * SERVICES)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute("SELECT count(*) FROM domains_domain")
        assert cursor.fetchone() == (count * SERVICES,)
    _samples(count, samples, out)


def secret_of(number: int) -> str:
    """The token of organization `number`'s owner."""
    return f"kn_bench-{number:012d}"


def _first() -> None:
    """One of each, saved by the models, with number 1."""
    from kanton.accounts.models import ApiToken, Person
    from kanton.core import clock
    from kanton.core.rights import Role
    from kanton.core.secrets import token_hash
    from kanton.organizations.models import Membership, Organization
    from kanton.products.domains.models import Domain, DomainState
    from kanton.products.models import Service

    person = Person(
        pk=1, email="p1@bench.example", first_name="Ana", last_name="Bieri", confirmed_at=clock.now()
    )
    person.set_password("measured and not guessed")
    person.save(force_insert=True)
    organization = Organization(
        pk=1, name="Organization 1", slug="org-1", street="Marktgasse 1", postal_code="3011", city="Bern"
    )
    organization.save(force_insert=True)
    Membership(pk=1, organization=organization, person=person, role=Role.OWNER).save(force_insert=True)
    ApiToken(pk=1, person=person, name="bench", digest=token_hash(secret_of(1)), scopes=["all"]).save(
        force_insert=True
    )
    service = Service(
        pk=1,
        organization=organization,
        product="domains",
        plan="domain-example",
        name="domain-1.example",
        options={"name": "domain-1.example"},
        starts_on=clock.today(),
        ends_on=clock.today() + timedelta(days=365),
        order_line="bench-1",
        wish_state="done",
        proved_at=clock.now(),
    )
    service.save(force_insert=True)
    Domain(
        pk=1,
        organization=organization,
        service=service,
        name="domain-1.example",
        state=DomainState.ACTIVE,
        registered_at=clock.now(),
        expires_on=clock.today() + timedelta(days=365),
        wish_state="done",
        proved_at=clock.now(),
    ).save(force_insert=True)


def _copy(cursor, table: str, changes: dict[str, str], last: int) -> None:  # type: ignore[no-untyped-def]
    """Rows 2 to `last` of a table: its row 1 with these columns changed. In batches, so that memory stays small."""
    cursor.execute(f"PRAGMA table_info({table})")
    columns = [row[1] for row in cursor.fetchall()]
    expressions = ", ".join(changes.get(column, f'one."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    for start in range(2, last + 1, 200_000):
        end = min(start + 199_999, last)
        cursor.execute(
            f"WITH RECURSIVE numbers(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM numbers WHERE i < {end}) "
            f"INSERT INTO {table} ({names}) SELECT {expressions} FROM numbers, {table} AS one WHERE one.id = 1"
        )


def _samples(count: int, samples: int, out: Path) -> None:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils.crypto import get_random_string

    from kanton.accounts.models import Person
    from kanton.core import clock

    # The copies share one password hash, and with it what a session must name.
    auth_hash = Person.objects.get(pk=1).get_session_auth_hash()
    store = SessionStore()
    chance = random.Random(1)
    sessions, lines = [], []
    for _ in range(samples):
        number = chance.randint(1, count)
        data = {
            SESSION_KEY: str(number),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: auth_hash,
        }
        key = get_random_string(32, "abcdefghijklmnopqrstuvwxyz0123456789")
        sessions.append(
            Session(
                session_key=key, session_data=store.encode(data), expire_date=clock.now() + timedelta(days=1)
            )
        )
        lines.append(f"{secret_of(number)} {key} org-{number}")
    Session.objects.bulk_create(sessions, batch_size=1000)
    out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
