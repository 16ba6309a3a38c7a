"""What the clock does for applications."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.rest.oauth.actions import rotate_key
from kanton.rest.oauth.models import (
    KEY_LIFE,
    AccessToken,
    AuthorizationCode,
    DeviceRequest,
    RefreshToken,
    SigningKey,
)


@periodic("oauth: forget what has expired", every=timedelta(hours=1))
@task()
def forget_expired() -> None:
    """Codes and tokens that open nothing any more go; a day later, so that a reused one is still recognized."""
    before = clock.now() - timedelta(days=1)
    for model in (AuthorizationCode, AccessToken, RefreshToken, DeviceRequest):
        model.objects.filter(expires_at__lt=before).delete()


@periodic("oauth: new signing key", every=timedelta(days=1))
@task()
def rotate_signing_key() -> None:
    """A new key for ID tokens every ninety days, once the first has been made by its first use."""
    newest = SigningKey.objects.order_by("-signs_from").first()
    if newest is not None and clock.now() - newest.signs_from >= KEY_LIFE:
        rotate_key(System("oauth"))
