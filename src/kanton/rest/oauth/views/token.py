"""`/token` and what is around it: tokens out, tokens ended, who somebody is, and what this server can do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.models import Person
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.rest.oauth import keys
from kanton.rest.oauth.actions import (
    Tokens,
    ask_on_device,
    exchange_code,
    machine_token,
    poll_device,
    refresh,
    revoke,
)
from kanton.rest.oauth.errors import Refused
from kanton.rest.oauth.models import ACCESS_LIFE, DEVICE_LIFE
from kanton.rest.oauth.queries import bearer_of
from kanton.rest.oauth.scopes import OPENID, choices
from kanton.rest.oauth.views.protocol import answered, asked_scopes, client_of, refused, single

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@csrf_exempt
@sensitive_post_parameters(
    "code", "code_verifier", "client_secret", "refresh_token", "device_code", "password"
)
@require_http_methods(["POST", "DELETE"])
def token(request: HttpRequest) -> HttpResponse:
    """Tokens for a code, a refresh token, a device or a machine; DELETE ends the bearer's (api-compat, section 2)."""
    if request.method == "DELETE":
        return _sign_out(request)
    try:
        found = _granted(request)
        if isinstance(found, Refused):
            return refused(found)
    except Refused as error:
        return refused(error)
    return answered(_token_answer(found))


def _granted(request: HttpRequest) -> Tokens | Refused:
    grant = single(request.POST, "grant_type")
    if grant == "password":
        raise Refused("unsupported_grant_type", "password_grant_not_offered")
    application = client_of(request)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    posted = request.POST
    match grant:
        case "authorization_code":
            return exchange_code(
                actor,
                application=application,
                code=single(posted, "code"),
                redirect_uri=single(posted, "redirect_uri"),
                verifier=single(posted, "code_verifier"),
            )
        case "refresh_token":
            scopes = single(posted, "scope").split()
            return refresh(
                actor, application=application, secret=single(posted, "refresh_token"), scopes=scopes
            )
        case "client_credentials":
            if not application.is_confidential:
                raise Refused("unauthorized_client", "machine_not_allowed")
            scopes = asked_scopes(single(posted, "scope"), application)
            return machine_token(actor, application=application, scopes=scopes)
        case _ if grant == DEVICE_GRANT:
            return poll_device(actor, application=application, secret=single(posted, "device_code"))
        case "":
            raise Refused("invalid_request", "grant_type_missing")
    raise Refused("unsupported_grant_type", "grant_type_unknown")


def _token_answer(found: Tokens) -> dict[str, Any]:
    """The fields in the order in which existing clients know them."""
    values: dict[str, Any] = {
        "access_token": found.access,
        "token_type": "Bearer",
        "expires_in": int(ACCESS_LIFE.total_seconds()),
    }
    if found.refresh:
        values["refresh_token"] = found.refresh
    values |= {"user_id": found.consent.person_id, "scope": " ".join(found.scopes)}
    if OPENID in found.scopes:
        values["id_token"] = _id_token(found)
    return values


def _id_token(found: Tokens) -> str:
    now = int(clock.now().timestamp())
    claims: dict[str, Any] = {
        "iss": config.web.address,
        "aud": found.consent.application.client_id,
        "iat": now,
        "exp": now + 3600,
        "at_hash": keys.half_hash(found.access),
        **_claims(found.consent.person, found.scopes),
    }
    if found.auth_time is not None:
        claims["auth_time"] = int(found.auth_time.timestamp())
    if found.nonce:
        claims["nonce"] = found.nonce
    return keys.sign(claims)


def _claims(person: Person, scopes: list[str]) -> dict[str, Any]:
    """Who somebody is, as far as the scopes let it be told."""
    claims: dict[str, Any] = {"sub": str(person.pk)}
    if "profile" in scopes:
        claims |= {
            "name": person.display_name,
            "given_name": person.first_name,
            "family_name": person.last_name,
            "locale": person.language,
            "zoneinfo": person.time_zone,
        }
    if "email" in scopes:
        claims |= {"email": person.email, "email_verified": person.is_confirmed}
    if "phone" in scopes and person.phone:
        claims |= {"phone_number": person.phone, "phone_number_verified": False}
    return claims


def _bearer(request: HttpRequest) -> str:
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _sign_out(request: HttpRequest) -> HttpResponse:
    secret = _bearer(request)
    if secret and revoke(request.actor, secret=secret):  # type: ignore[attr-defined]
        return answered({"result": "success", "data": True})
    problem = {"code": "not_authorized", "description": "The token is unknown, revoked or has expired."}
    response = answered({"result": "error", "error": problem}, status=401)
    response["WWW-Authenticate"] = 'Bearer realm="Kanton"'
    return response


@csrf_exempt
@require_POST
def revocation(request: HttpRequest) -> HttpResponse:
    """End a token of the calling application; unknown ones are answered alike (RFC 7009)."""
    try:
        application = client_of(request)
        secret = single(request.POST, "token")
        if not secret:
            raise Refused("invalid_request", "token_missing")
    except Refused as error:
        return refused(error)
    revoke(request.actor, secret=secret, application=application)  # type: ignore[attr-defined]
    return answered({})


@csrf_exempt
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """Who the bearer is, as far as the token's scopes let it be told."""
    row = bearer_of(_bearer(request)) if _bearer(request) else None
    if row is None or OPENID not in row.scopes:
        error = "invalid_token" if row is None else "insufficient_scope"
        reason = "token_unknown_or_expired" if row is None else "openid_not_granted"
        response = answered({"error": error, "reason": reason}, status=401 if row is None else 403)
        response["WWW-Authenticate"] = f'Bearer realm="Kanton", error="{error}"'
        return response
    return answered(_claims(row.consent.person, row.scopes))


@csrf_exempt
@require_POST
def device_authorization(request: HttpRequest) -> HttpResponse:
    """A device without a browser asks (RFC 8628)."""
    try:
        application = client_of(request)
        if not application.is_device:
            raise Refused("unauthorized_client", "device_flow_not_allowed")
        scopes = asked_scopes(single(request.POST, "scope"), application)
    except Refused as error:
        return refused(error)
    found, secret = ask_on_device(request.actor, application=application, scopes=scopes)  # type: ignore[attr-defined]
    page = f"{config.web.address}/device"
    return answered(
        {
            "device_code": secret,
            "user_code": found.shown_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?code={found.shown_code}",
            "expires_in": int(DEVICE_LIFE.total_seconds()),
            "interval": found.interval,
        }
    )


@require_GET
def configuration(request: HttpRequest) -> HttpResponse:
    """What this server can do (OpenID Connect Discovery, RFC 8414)."""
    here = config.web.address
    return _public(
        {
            "issuer": here,
            "authorization_endpoint": f"{here}/authorize",
            "token_endpoint": f"{here}/token",
            "userinfo_endpoint": f"{here}/oauth2/userinfo",
            "jwks_uri": f"{here}/oauth2/keys",
            "revocation_endpoint": f"{here}/oauth2/revoke",
            "device_authorization_endpoint": f"{here}/oauth2/device",
            "scopes_supported": [code for code, _label in choices()],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                "client_credentials",
                DEVICE_GRANT,
            ],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [keys.ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": [
                "client_secret_basic",
                "client_secret_post",
                "none",
            ],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "claims_supported": [
                "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "name", "given_name",
                "family_name", "locale", "zoneinfo", "email", "email_verified", "phone_number",
                "phone_number_verified",
            ],
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "ui_locales_supported": ["en", "de", "fr", "it", "es"],
            "service_documentation": f"{here}/api/docs",
        }
    )  # fmt: skip


@require_GET
def jwks(request: HttpRequest) -> HttpResponse:
    """The public keys of ID tokens."""
    return _public({"keys": keys.published()})


def _public(values: dict[str, Any]) -> HttpResponse:
    response = JsonResponse(values)
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "public, max-age=3600"
    return response
