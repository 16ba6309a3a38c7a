"""Short messages and the gateways that carry them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from importlib.metadata import entry_points
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from kanton.config import config
from kanton.core import clock, jobs
from kanton.core.action import is_dry_run, note_mail
from kanton.core.errors import DomainError, Invalid, TooMany
from kanton.core.jobs.context import present_cause
from kanton.core.outbox.models import Sms
from kanton.core.outbox.sending import render_plainly, tamed

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
ENTRY_POINTS = "kanton.sms_gateways"


class NoSmsGateway(DomainError):
    """This installation cannot send short messages."""

    code, status = "sms_unavailable", 409
    message = _("This provider does not send text messages. Please choose another way.")


class NotAPhoneNumber(Invalid):
    """A number that no gateway could reach."""

    message = _("Write the number with its country code, such as +41 79 123 45 67.")


class Gateway(Protocol):
    """Carries short messages. Raise transports.Refused or Busy, as for mails."""

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        """Send it, once for each key; returns the gateway's own reference."""


class LogGateway:
    """Writes each message as a line of JSON into $KANTON_HOME/outbox/sms.log, for development and demonstrations."""

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        """Append the line, unless the key is there already."""
        path = config.folder("outbox") / "sms.log"
        if path.exists() and any(
            json.loads(line)["key"] == idempotency_key for line in path.read_text("utf-8").splitlines()
        ):
            return idempotency_key
        line = json.dumps(
            {"at": clock.now().isoformat(), "to": to, "text": text, "key": idempotency_key},
            ensure_ascii=False,
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, f"{line}\n".encode())
        finally:
            os.close(descriptor)
        return idempotency_key


def gateway_called(name: str) -> Gateway:
    """The gateway of this name: "log", or one that a package offers under the entry point kanton.sms_gateways."""
    if name == "log":
        return LogGateway()
    for found in entry_points(group=ENTRY_POINTS, name=name):
        gateway: Gateway = found.load()()
        return gateway
    raise NoSmsGateway


def write_sms(
    to: str,
    template: str,
    context: Mapping[str, Any],
    *,
    language: str,
    time_zone: str,
    kind: str,
    secret: bool,
) -> Sms:
    """The message's row, rendered, with its delivery enqueued, within the day's limit of the installation."""
    if not config.outbox.sms_gateway:
        raise NoSmsGateway
    number = re.sub(r"[\s()./-]", "", to)
    if not NUMBER.fullmatch(number):
        raise NotAPhoneNumber
    values = tamed(context) | {"operator": config.operator, "console": config.web.address}
    with translation.override(language), timezone.override(time_zone or config.operator.time_zone):
        text = " ".join(render_plainly(f"sms/{template}.txt", values).split())
    cause = present_cause()
    with transaction.atomic():
        _stay_within_the_day()
        sms = Sms.objects.create(
            to=number,
            text=text,
            language=language,
            template=template,
            kind=kind,
            is_secret=secret,
            actor=cause.actor,
            organization_id=cause.organization_id,
        )
        if not is_dry_run():
            from kanton.core.outbox.tasks import deliver_sms

            jobs.enqueue(deliver_sms, sms.pk)
    note_mail(number, text if not secret else "SMS")
    return sms


def _stay_within_the_day() -> None:
    begin = clock.now() - timedelta(days=1)
    recent = Sms.objects.filter(created_at__gt=begin).order_by("-created_at")
    # The message as many places back as a day may have decides when there is room again.
    barrier = recent.values_list("created_at", flat=True)[
        config.outbox.sms_per_day - 1 : config.outbox.sms_per_day
    ]
    if oldest := list(barrier):
        raise TooMany(seconds=max(1, int((oldest[0] - begin).total_seconds())))
