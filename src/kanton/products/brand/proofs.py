"""The two proofs that a host name needs before it is live: a TXT record, and a certificate at an address of ours."""

from __future__ import annotations

import hmac
from urllib.parse import quote

import dns.exception
import dns.resolver
from django.utils.translation import gettext as _

from kanton.core.secrets import keyed_digest, new_token
from kanton.organizations.sso.errors import ProviderUnreachable
from kanton.organizations.sso.fetch import get_json
from kanton.products.brand.models import Brand

PATIENCE = 4.0
WELL_KNOWN = "/.well-known/kanton-brand"


def resolver() -> dns.resolver.Resolver:
    """Who is asked what the world sees. A zone that merely lies in our own name server proves nothing."""
    found = dns.resolver.Resolver()
    found.lifetime = PATIENCE
    return found


def has_control(brand: Brand) -> bool:
    """Whether the TXT record of this brand is answered."""
    try:
        answer = resolver().resolve(brand.challenge, "TXT")
    except (dns.exception.DNSException, OSError):
        return False
    wanted = brand.challenge_text.encode()
    return any(hmac.compare_digest(b"".join(row.strings), wanted) for row in answer)


def trouble_of(host: str) -> str:
    """Why the name does not lead here by HTTPS yet; "" when it does, with a certificate that browsers accept."""
    nonce = new_token()
    try:
        answer = get_json(f"https://{host}{WELL_KNOWN}?nonce={quote(nonce)}")
    except ProviderUnreachable as trouble:
        return str(trouble.params["reason"])
    if not hmac.compare_digest(str(answer.get("proof", "")), proof_of(nonce)):
        return _("another server answers")
    return ""


def proof_of(nonce: str) -> str:
    """What only this installation can answer."""
    return keyed_digest("brand", nonce.encode())
