"""The brands that this process knows by heart: no page asks the database whose its host name is.

A name is looked up once and kept, found or not. A change touches a file that every process on this machine looks at
(a microsecond); processes on other machines learn it within half a minute.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from kanton.config import config
from kanton.core import clock
from kanton.core.outbox.sending import Sender
from kanton.organizations.shell import logo_address, shown
from kanton.products.brand.models import Brand
from kanton.products.models import Wanted
from kanton.ui.shell import ShellOrganization

SECONDS = 30.0
MOST = 4096


@dataclass(frozen=True, slots=True)
class Known:
    """A host name that is live, or that redirects to the usual address."""

    host: str
    slug: str
    name: str
    logo_url: str
    accent: str
    mark: ShellOrganization
    greeting: str
    redirects: bool


_known: dict[str, tuple[float, int, Known | None]] = {}


def brand_at(host: str) -> Known | None:
    """Whose the host name is. Unknown names are remembered too, so that asking for many costs little."""
    stamp, now = _stamp(), time.monotonic()
    kept = _known.get(host)
    if kept is not None and kept[1] == stamp and now < kept[0]:
        return kept[2]
    if len(_known) >= MOST:
        _known.clear()
    found = _found(host)
    _known[host] = (now + SECONDS, stamp, found)
    return found


def changed() -> None:
    """Something about brands changes in this transaction: forget what is known, here now and everywhere afterwards."""
    _known.clear()
    transaction.on_commit(_touch)


def sender_of(kind: str, organization_id: int | None) -> Sender | None:
    """Who a mail of an organization comes from. Never asked for security mails: those stay the provider's (ORG-98)."""
    if organization_id is None:
        return None
    running = Brand.objects.filter(
        organization_id=organization_id, live_at__isnull=False, service__wanted=Wanted.ACTIVE
    )
    found = running.exclude(sender="", reply_to="").order_by("pk").first()
    return Sender(found.sender, found.reply_to) if found else None


def _found(host: str) -> Known | None:
    brand = (
        Brand.objects.filter(host=host, proven_at__isnull=False, live_at__isnull=False)
        .select_related("organization", "service")
        .first()
    )
    if brand is None:
        return None
    if brand.redirects_until is not None and brand.redirects_until < clock.today():
        return None
    organization = brand.organization
    return Known(
        host=brand.host,
        slug=organization.slug,
        name=organization.name,
        logo_url=logo_address(organization.wide_logo_key),
        accent=brand.accent,
        mark=shown(organization),
        greeting=brand.greeting,
        redirects=brand.service.wanted != Wanted.ACTIVE,
    )


def _file() -> Path:
    return config.home / "brand" / "changed"


def _stamp() -> int:
    try:
        return _file().stat().st_mtime_ns
    except OSError:
        return 0


def _touch() -> None:
    _known.clear()
    config.folder("brand")
    _file().write_text(str(time.time_ns()))
