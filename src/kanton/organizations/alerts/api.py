"""Security alerts by program."""

from __future__ import annotations

from kanton.core.api import ApiRequest, Router
from kanton.core.errors import TooMany
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.organizations.alerts.actions import send_security_alert
from kanton.organizations.queries import members_of, organization_by_id

router = Router("Users")


@router.post("/2/accounts/{account}/users/{user}/security-alert", scopes=("users",), errors=(TooMany,))
@exposes(send_security_alert)
def alert_user(request: ApiRequest, account: int, user: int) -> bool:
    """Have a user told by mail how their account is protected."""
    organization = organization_by_id(request.actor, account)
    send_security_alert(
        request.actor, get_or_not_found(members_of(request.actor, organization), person_id=user)
    )
    return True
