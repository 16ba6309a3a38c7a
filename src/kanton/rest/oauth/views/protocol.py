"""What the endpoints share: parameters that may not repeat, clients that prove who they are, answers in JSON."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.throttle import Rule, throttle_all
from kanton.core.web import client_address
from kanton.rest.oauth.actions import secret_fits
from kanton.rest.oauth.errors import Refused
from kanton.rest.oauth.models import Application
from kanton.rest.oauth.queries import application_called
from kanton.rest.oauth.scopes import known, within

MINUTE = timedelta(minutes=1)
LONGEST = 2000


def single(values: QueryDict, name: str, *, longest: int = LONGEST) -> str:
    """The parameter, or "". Twice the same one would let two readers see two things (RFC 6749, 3.1)."""
    found = values.getlist(name)
    if len(found) > 1:
        raise Refused("invalid_request", f"{name}_repeated")
    value = found[0] if found else ""
    if len(value) > longest or "\0" in value:
        raise Refused("invalid_request", f"{name}_invalid")
    return value


def asked_scopes(text: str, application: Application) -> list[str]:
    """The scopes that are asked for; without any, all that the application is registered for."""
    asked = list(dict.fromkeys(text.split()))
    if not asked:
        return list(application.scopes)
    if not all(known(scope) for scope in asked):
        raise Refused("invalid_scope", "scope_unknown")
    if not within(asked, application.scopes):
        raise Refused("invalid_scope", "scope_not_registered")
    return asked


def client_of(request: HttpRequest) -> Application:
    """The application that calls, proven by its secret when it has one (RFC 6749, 2.3)."""
    address = client_address(request)
    if not throttle_all([Rule(f"oauth:{address}", 300, MINUTE)]):
        raise Refused("temporarily_unavailable", "too_many_requests", status=429)
    posted_id, posted_secret = single(request.POST, "client_id"), single(request.POST, "client_secret")
    header = request.headers.get("Authorization", "")
    client_id, secret = posted_id, posted_secret
    if header[:6].lower() == "basic ":
        client_id, secret = _basic(header[6:])
        if posted_secret or (posted_id and posted_id != client_id):
            raise Refused("invalid_request", "client_authenticated_twice")
    application = application_called(client_id)
    if application is None:
        raise Refused("invalid_client", "client_unknown", status=401)
    if application.is_confidential or secret:
        rule = Rule(f"oauth-secret:{application.pk}:{address}", 20, MINUTE)
        if not secret_fits(application, secret):
            if not throttle_all([rule]):
                raise Refused("temporarily_unavailable", "too_many_requests", status=429)
            raise Refused("invalid_client", "client_secret_wrong", status=401)
    return application


def _basic(encoded: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refused("invalid_client", "authorization_unreadable", status=401) from None
    client_id, _colon, secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def answered(values: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """JSON that no cache may keep."""
    response = JsonResponse(values, status=status, json_dumps_params={"separators": (",", ":")})
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    return response


def refused(error: Refused) -> HttpResponse:
    """`{"error", "reason"}`, as clients read it (api-compat, section 2)."""
    response = answered({"error": error.error, "reason": error.reason}, status=error.status)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Basic realm="Kanton"'
    return response


def authenticated_at(request: HttpRequest, person: Person) -> datetime:
    """When the person last proved in this session who they are."""
    moments = [
        float(record["at"]) for record in get_authentication_records(request, person) if "at" in record
    ]
    if moments:
        return datetime.fromtimestamp(max(moments), UTC)
    return person.last_login or clock.now()
