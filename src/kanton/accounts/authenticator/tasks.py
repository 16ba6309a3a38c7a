"""Telling phones that something waits for them."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

from django_tasks import task

from kanton.accounts.authenticator import webpush
from kanton.accounts.authenticator.delivery import NotPublic, service
from kanton.accounts.authenticator.models import Device, LinkCode, SignInRequest
from kanton.core import clock
from kanton.core.jobs import give_up, periodic, retry_in

log = logging.getLogger("kanton.authenticator")

AGAIN = {"request": 5.0, "removed": 1800.0}  # seconds until the next try


@task(priority=50, max_failures=4)
def knock(device_id: int, kind: str, until: float) -> str:
    """Have the phone ask us what there is. The message says which account and which kind, and nothing else.

    A browser that no longer takes messages is forgotten; a service that is only busy is tried again `until` it is late.
    """
    device = Device.objects.filter(pk=device_id).first()
    subscription = webpush.Subscription.of(device.push) if device is not None else None
    if device is None or subscription is None:
        return "no subscription"
    left = until - clock.now().timestamp()
    if left <= 0:
        return "too late"
    message = json.dumps({"v": 1, "device": device.public_id, "kind": kind}).encode()
    headers = webpush.headers(
        subscription,
        now=clock.now(),
        lives=timedelta(seconds=int(left)),
        topic=device.public_id,
        is_urgent=kind == "request",
    )
    try:
        status = service().deliver(subscription.endpoint, headers, webpush.encrypted(message, subscription))
    except OSError as error:
        retry_in(AGAIN[kind], f"the push service cannot be reached: {error}")
    except NotPublic as error:
        _forget(device)
        give_up(str(error))
    if status in (404, 410):
        _forget(device)
        return "the browser no longer takes messages"
    if status == 429 or status >= 500:
        retry_in(AGAIN[kind], f"the push service answered {status}")
    if status >= 300:
        give_up(f"the push service refused with {status}")
    if not device.is_linked:
        _forget(device)
    return "delivered"


@periodic("authenticator-cleanup", at="03:40")
@task(priority=-50)
def forget_what_is_over() -> int:
    """Remove codes of yesterday, sign-ins of last month, and phones removed a year ago. The log keeps what happened."""
    now = clock.now()
    over = (
        LinkCode.objects.filter(created_at__lt=now - timedelta(days=1)),
        SignInRequest.objects.filter(created_at__lt=now - timedelta(days=30)),
        Device.objects.filter(removed_at__lt=now - timedelta(days=365)),
    )
    return sum(rows.delete()[0] for rows in over)


def _forget(device: Device) -> None:
    Device.objects.filter(pk=device.pk).update(push="")
