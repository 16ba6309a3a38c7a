"""The protocol: what the provider says about itself, the way there and back, and whether what comes back is true."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

import jwt
from django.db import transaction

from kanton.config import config
from kanton.core import clock
from kanton.organizations.sso import fetch
from kanton.organizations.sso.errors import ProviderUnreachable, SignInRefused
from kanton.organizations.sso.models import Connection

WELL_KNOWN: Final = "/.well-known/openid-configuration"
SCOPES: Final = ("openid", "profile", "email")
# Named here, never taken from the token: "none" and shared secrets are not among them.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
KEY_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
LEEWAY: Final = 60
OLDEST: Final = 600
KEYS_LIFE: Final = timedelta(hours=1)
KEYS_AGAIN: Final = timedelta(seconds=30)
METADATA_LIFE: Final = timedelta(days=1)
MFA: Final = frozenset({"mfa", "otp", "hwk", "fido", "phr", "phrh", "swk", "sms"})
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in on its way, kept in the browser's session until it comes back."""

    state: str
    nonce: str
    verifier: str
    organization_id: int
    purpose: str
    target: str
    started_at: float
    wants_fresh: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """What the provider vouches for."""

    issuer: str
    subject: str
    email: str
    first_name: str
    last_name: str
    has_mfa: bool
    sid: str
    auth_time: int | None
    id_token: str
    everything: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


def redirect_uri(connection: Connection) -> str:
    """Where the provider sends people back to. Each organization has its own, so that providers cannot be mixed up."""
    return f"{config.web.address}/login/sso/{connection.organization.slug}/callback"


def discover(address: str) -> tuple[str, dict[str, Any]]:
    """The discovery address in full and what is there, checked. Raises ProviderUnreachable."""
    url = address.strip()
    if not url.endswith(WELL_KNOWN):
        url = url.rstrip("/") + WELL_KNOWN
    fetch.check_address(url, "the discovery address")
    found = fetch.get_json(url)
    issuer = found.get("issuer")
    if not isinstance(issuer, str) or issuer.rstrip("/") + WELL_KNOWN != url:
        # Also how Entra ID answers under "common": any company's people could come through it.
        raise ProviderUnreachable(reason="the issuer is not the address that was entered")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(found.get(name), str):
            raise ProviderUnreachable(reason=f"{name} is missing")
    for name in (
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "end_session_endpoint",
    ):
        if isinstance(found.get(name), str):
            fetch.check_address(found[name], name)
    kept = (
        "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint",
        "token_endpoint_auth_methods_supported", "authorization_response_iss_parameter_supported",
    )  # fmt: skip
    return url, {name: found[name] for name in kept if name in found}


def way_there(connection: Connection, flow: Flow, *, login_hint: str = "") -> str:
    """The address at the provider that begins a sign-in."""
    digest = hashlib.sha256(flow.verifier.encode()).digest()
    values = {
        "response_type": "code",
        "client_id": connection.client_id,
        "redirect_uri": redirect_uri(connection),
        "scope": " ".join(SCOPES),
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if login_hint:
        values["login_hint"] = login_hint
    if flow.wants_fresh:
        values |= {"prompt": "login", "max_age": "0"}
    address = connection.endpoint("authorization_endpoint")
    return f"{address}{'&' if '?' in address else '?'}{urlencode(values)}"


def way_out(connection: Connection, id_token: str) -> str:
    """The address at the provider that ends the session there too; "" when it has none."""
    address = connection.endpoint("end_session_endpoint")
    if not address:
        return ""
    values = {
        "post_logout_redirect_uri": f"{config.web.address}/login",
        "client_id": connection.client_id,
        "id_token_hint": id_token,
    }
    values = {name: value for name, value in values.items() if value}
    return f"{address}{'&' if '?' in address else '?'}{urlencode(values)}"


def come_back(connection: Connection, flow: Flow, answer: Mapping[str, str]) -> Claims:
    """What the provider vouches for, from what the browser brought back. Raises SignInRefused."""
    told = answer.get("iss", "")
    if (told or connection.metadata.get("authorization_response_iss_parameter_supported")) and (
        told != connection.issuer
    ):
        raise SignInRefused(reason="answer_of_another_provider")
    if error := answer.get("error"):
        raise SignInRefused(reason=error[:60] if error.isprintable() else "provider_refused")
    code = answer.get("code", "")
    if not code:
        raise SignInRefused(reason="no_code")
    try:
        tokens = fetch.post_form(
            connection.endpoint("token_endpoint"),
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri(connection),
                "code_verifier": flow.verifier,
                **_secret_in_form(connection),
            },
            _secret_in_header(connection),
        )
    except ProviderUnreachable as trouble:
        raise SignInRefused(reason=f"token_endpoint: {trouble.params['reason']}") from None
    id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
    if not isinstance(id_token, str):
        raise SignInRefused(reason="no_id_token")
    claims = verified(connection, id_token)
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), flow.nonce.encode()):
        raise SignInRefused(reason="nonce_of_another_sign_in")
    if isinstance(claims.get("at_hash"), str) and isinstance(access_token, str):
        _check_hash(id_token, claims["at_hash"], access_token)
    if flow.wants_fresh:
        auth_time = claims.get("auth_time")
        if not isinstance(auth_time, int) or auth_time < flow.started_at - LEEWAY:
            raise SignInRefused(reason="not_authenticated_anew")
    if not claims.get("email") and isinstance(access_token, str) and connection.endpoint("userinfo_endpoint"):
        claims = _with_userinfo(connection, claims, access_token)
    return _claims_of(connection, claims, id_token)


def verified(connection: Connection, token: str, *, kind: str = "id") -> dict[str, Any]:
    """The claims of a token that this provider signed for us, just now. Raises SignInRefused."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise SignInRefused(reason="token_unreadable") from None
    algorithm, typ = header.get("alg"), str(header.get("typ", "")).lower()
    if algorithm not in ALGORITHMS:
        raise SignInRefused(reason="algorithm_not_allowed")
    if kind == "id" and typ not in ("", "jwt", "id_token+jwt"):
        raise SignInRefused(reason="token_of_another_kind")
    key = _key(connection, str(header.get("kid", "")), algorithm)
    required = ["iss", "aud", "iat", "sub", "exp"] if kind == "id" else ["iss", "aud", "iat", "exp"]
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=connection.client_id,
            issuer=connection.issuer,
            leeway=LEEWAY,
            options={"require": required},
        )
    except jwt.PyJWTError as trouble:
        raise SignInRefused(reason=f"token: {type(trouble).__name__}") from None
    audience = claims["aud"]
    if "azp" in claims and claims["azp"] != connection.client_id:
        raise SignInRefused(reason="token_for_another_client")
    if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
        raise SignInRefused(reason="token_for_several_clients")
    if not isinstance(claims["iat"], int | float) or clock.now().timestamp() - claims["iat"] > OLDEST:
        raise SignInRefused(reason="token_too_old")
    if kind == "id" and (not isinstance(claims["sub"], str) or not claims["sub"] or len(claims["sub"]) > 255):
        raise SignInRefused(reason="subject_unusable")
    return claims


def logged_out(connection: Connection, token: str) -> tuple[str, str, str]:
    """Subject, session and id of a logout token (OpenID Connect Back-Channel Logout, 2.6). Raises SignInRefused."""
    claims = verified(connection, token, kind="logout")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in claims:
        raise SignInRefused(reason="no_logout_token")
    subject, sid, jti = (claims.get(name) for name in ("sub", "sid", "jti"))
    if not (isinstance(subject, str) or isinstance(sid, str)) or not isinstance(jti, str):
        raise SignInRefused(reason="logout_of_nobody")
    return subject if isinstance(subject, str) else "", sid if isinstance(sid, str) else "", jti


def refresh_metadata(connection: Connection) -> None:
    """Read again what the provider says about itself, once a day; when it does not answer, the old stays."""
    if clock.now() - connection.metadata_at < METADATA_LIFE:
        return
    try:
        _url, found = discover(connection.discovery_url)
    except ProviderUnreachable:
        return
    if found["issuer"] == connection.issuer:
        connection.metadata, connection.metadata_at = found, clock.now()
        connection.save(update_fields=["metadata", "metadata_at"])


def _key(connection: Connection, kid: str, algorithm: str) -> Any:
    """The provider's key with this name. An unknown name means that it has rotated: its keys are read again."""
    age = None if connection.jwks_at is None else clock.now() - connection.jwks_at
    if age is None or age > KEYS_LIFE:
        _read_keys(connection)
        age = timedelta(0)
    found = _among(connection.jwks, kid, algorithm)
    if found is None and age > KEYS_AGAIN:
        _read_keys(connection)
        found = _among(connection.jwks, kid, algorithm)
    if found is None:
        raise SignInRefused(reason="key_unknown")
    return found


def _read_keys(connection: Connection) -> None:
    try:
        found = fetch.get_json(connection.endpoint("jwks_uri"))
    except ProviderUnreachable as trouble:
        raise SignInRefused(reason=f"keys: {trouble.params['reason']}") from None
    connection.jwks, connection.jwks_at = {"keys": found.get("keys", [])}, clock.now()
    with transaction.atomic():
        connection.save(update_fields=["jwks", "jwks_at"])


def _among(jwks: Mapping[str, Any], kid: str, algorithm: str) -> Any:
    keys = jwks.get("keys")
    fitting = [
        key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, dict)
        and key.get("kty") == KEY_TYPES[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (not kid or key.get("kid", "") == kid)
    ]
    if len(fitting) != 1:  # without a name in the token, only a single key is unambiguous
        return None
    try:
        found = jwt.PyJWK(fitting[0], algorithm=algorithm).key
    except jwt.PyJWTError:
        return None
    is_small = fitting[0]["kty"] == "RSA" and found.key_size < 2048
    return None if is_small else found


def _check_hash(id_token: str, expected: str, access_token: str) -> None:
    algorithm = jwt.get_unverified_header(id_token)["alg"]
    name = "sha512" if algorithm == "EdDSA" else f"sha{algorithm[2:]}"
    digest = hashlib.new(name, access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not hmac.compare_digest(half.encode(), expected.encode()):
        raise SignInRefused(reason="access_token_of_another_sign_in")


def _with_userinfo(connection: Connection, claims: dict[str, Any], access_token: str) -> dict[str, Any]:
    try:
        more = fetch.get_json(connection.endpoint("userinfo_endpoint"), bearer=access_token)
    except ProviderUnreachable:
        return claims
    return {**more, **claims} if more.get("sub") == claims["sub"] else claims


def _claims_of(connection: Connection, claims: Mapping[str, Any], id_token: str) -> Claims:
    def text(name: str, longest: int) -> str:
        value = claims.get(name)
        return " ".join(value.split())[:longest] if isinstance(value, str) else ""

    email = text("email", 254)
    if email and claims.get("email_verified") in (False, "false"):
        raise SignInRefused(reason="address_not_verified")
    if not email and "@" in text("preferred_username", 254):
        email = text("preferred_username", 254)  # Entra ID, unless the optional claim is added
    first, last = text("given_name", 80), text("family_name", 80)
    if not first and not last:
        first, _space, last = text("name", 160).partition(" ")
    amr = claims.get("amr")
    methods = {str(method).lower() for method in amr} if isinstance(amr, list) else set()
    auth_time = claims.get("auth_time")
    return Claims(
        issuer=connection.issuer,
        subject=claims["sub"],
        email=email,
        first_name=first[:80],
        last_name=last[:80],
        has_mfa=_proves_mfa(methods, text("acr", 200)),
        sid=text("sid", 255),
        auth_time=auth_time if isinstance(auth_time, int) else None,
        id_token=id_token if len(json.dumps(id_token)) < 16_000 else "",
        everything=claims,
    )


def _proves_mfa(methods: set[str], acr: str) -> bool:
    """Does the token say that more than a password was asked (RFC 8176; NIST and REFEDS levels) (ACC-120)?"""
    if "mfa" in methods or (len(methods & {"pwd", "pin"}) and methods & (MFA - {"mfa"})):
        return True
    return acr.lower() in {"https://refeds.org/profile/mfa", "aal2", "aal3", "phr", "phrh", "urn:kanton:mfa"}


def _uses_basic(connection: Connection) -> bool:
    methods = connection.metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_post" not in methods


def _secret_in_form(connection: Connection) -> dict[str, str]:
    if _uses_basic(connection):
        return {}
    return {"client_id": connection.client_id, "client_secret": connection.client_secret}


def _secret_in_header(connection: Connection) -> dict[str, str]:
    if not _uses_basic(connection):
        return {}
    pair = f"{quote(connection.client_id, safe='')}:{quote(connection.client_secret, safe='')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
