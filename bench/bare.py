"""What a careful person writes by hand on the same Django, database and server: the yardstick.

One view as JSON, one as HTML. Each takes the token's hash and needs one SQL round trip for the owner's domains;
no middleware, no sessions, no templates, no rights beyond the join.
"""

import json
import os
from html import escape
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

if not settings.configured:
    settings.configure(
        SECRET_KEY="bench",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="bench.bare",
        MIDDLEWARE=[],
        INSTALLED_APPS=[],
        USE_TZ=True,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.environ["BENCH_DATABASE"],
                "CONN_MAX_AGE": None,
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
                    "PRAGMA cache_size=-16000; PRAGMA foreign_keys=ON;",
                },
            }
        },
    )

QUERY = """
SELECT s.id, s.organization_id, s.name, s.product, s.created_at, s.ends_on, s.wanted, o.name, o.slug,
    d.state, d.expires_on
FROM accounts_apitoken t
JOIN accounts_person p ON p.id = t.person_id
JOIN organizations_membership m ON m.person_id = p.id
JOIN organizations_organization o ON o.id = m.organization_id
JOIN products_service s ON s.organization_id = o.id
JOIN domains_domain d ON d.service_id = s.id
WHERE t.digest = %s AND t.revoked_at IS NULL AND p.is_active AND s.wanted <> 'ended'
ORDER BY s.id
"""


def rows(secret: str) -> list[tuple[Any, ...]]:
    """The owner's services in one round trip."""
    from kanton.core.secrets import token_hash

    with connection.cursor() as cursor:
        cursor.execute(QUERY, [token_hash(secret)])
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def as_json(request: HttpRequest) -> HttpResponse:
    """A list for programs, with as many keys as ours."""
    data = [
        {
            "id": row[0],
            "account_id": row[1],
            "service_id": 14,
            "service_name": row[3],
            "customer_name": row[2],
            "internal_name": None,
            "created_at": str(row[4]),
            "expired_at": str(row[5]),
            "version": 1,
            "has_maintenance": False,
            "is_locked": False,
            "has_operation_in_progress": False,
            "tags": [],
            "unique_id": row[0],
            "description": row[2],
            "is_free": False,
            "is_zero_price": False,
            "is_trial": False,
            "rights": {"technical": True, "statistic": True, "sensitive": True},
        }
        for row in rows(request.META.get("HTTP_AUTHORIZATION", "")[7:])
    ]
    body = json.dumps(
        {"result": "success", "data": data, "total": len(data), "page": 1, "items_per_page": 15}
    )
    return HttpResponse(body, content_type="application/json")


def as_html(request: HttpRequest) -> HttpResponse:
    """A page for people: head, navigation and a table, written as text."""
    found = rows(request.COOKIES.get("bench", ""))
    name, slug = (escape(found[0][7]), escape(found[0][8])) if found else ("", "")
    lines = "".join(
        f'<tr id="domain-{row[0]}"><td><a href="/o/{slug}/domains/{escape(row[2])}">{escape(row[2])}</a></td>'
        f"<td>{escape(row[9])}</td><td>{escape(str(row[10]))}</td></tr>"
        for row in found
    )
    return HttpResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Domains · {name}</title>'
        '<link rel="stylesheet" href="/static/kanton.css"></head><body>'
        f'<nav><a href="/o/{slug}/">Home</a><a href="/o/{slug}/domains">Domains</a>'
        f'<a href="/o/{slug}/mail">Mail</a></nav>'
        f"<main><h1>Domains</h1><table><thead><tr><th>Domain</th><th>State</th><th>Expires</th></tr></thead>"
        f"<tbody>{lines}</tbody></table></main></body></html>"
    )


urlpatterns = [path("list", as_json), path("page", as_html)]
application = get_wsgi_application()
