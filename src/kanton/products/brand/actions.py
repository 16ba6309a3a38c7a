"""Every change of a Custom Brand."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.organizations.models import Organization
from kanton.products.brand import known
from kanton.products.brand.activity import Happened
from kanton.products.brand.errors import BadAccent, HostTaken, NotRunning, UnreadableAccent
from kanton.products.brand.models import Brand
from kanton.products.brand.names import normal_host
from kanton.products.brand.rights import MANAGE
from kanton.products.models import Service, Wanted
from kanton.ui.brand import LIGHT_PAPER, Palette, contrast, is_readable, six_digits

REDIRECTS = dt.timedelta(days=30)


@internal("The engine begins it when the order is paid.")
@action(right=SYSTEM)
def set_up_brand(actor: Actor, service: Service) -> Brand:
    """Want the host name of a service. Called twice, it returns the first one's brand."""
    brand, _is_new = Brand.objects.get_or_create(
        service=service,
        defaults={"organization": service.organization, "host": normal_host(service.name)},
    )
    record(actor, Happened.SET_UP, brand)
    return brand


@internal("The name servers' answer.")
@action(right=SYSTEM)
def prove_brand(actor: Actor, brand: Brand) -> Brand:
    """The TXT record was seen: the name is held by this brand from now on. HostTaken when another was first."""
    brand.proven_at = clock.now()
    try:
        with transaction.atomic():
            brand.save(update_fields=["proven_at"])
    except IntegrityError:
        raise HostTaken(host=brand.host) from None
    known.changed()
    record(actor, Happened.PROVEN, brand)
    return brand


@internal("The engine's answer: the name leads here with a valid certificate.")
@action(right=SYSTEM)
def go_live(actor: Actor, brand: Brand) -> Brand:
    """Answer under the own name."""
    brand.live_at, brand.redirects_until = clock.now(), None
    brand.save(update_fields=["live_at", "redirects_until"])
    _dress(brand, brand.accent)
    record(actor, Happened.LIVE, brand)
    return brand


@internal("Billing suspends or ends the service; customers cancel it there.")
@action(right=SYSTEM, may_be_silent=True)
def pause_brand(actor: Actor, brand: Brand) -> Brand:
    """Redirect to the usual address: while the service is suspended, or for 30 days after its end (ORG-98)."""
    _dress(brand, "")
    if brand.service.wanted == Wanted.SUSPENDED:
        record(actor, Happened.PAUSED, brand)
    elif brand.redirects_until is None:
        brand.redirects_until = clock.today() + REDIRECTS
        brand.save(update_fields=["redirects_until"])
        record(actor, Happened.RETIRED, brand, until=brand.redirects_until.isoformat())
    return brand


@internal("The clock does it 30 days after the end.")
@action(right=SYSTEM)
def release_host(actor: Actor, brand: Brand) -> Brand:
    """Let go of the name, so that it no longer redirects and somebody else may prove it."""
    brand.proven_at = brand.live_at = None
    brand.save(update_fields=["proven_at", "live_at"])
    known.changed()
    record(actor, Happened.RELEASED, brand)
    return brand


@action(right=MANAGE)
def set_look(
    actor: Actor, brand: Brand, *, accent: str = "", greeting: str = "", sender: str = "", reply_to: str = ""
) -> Brand:
    """Choose the colour of pages, the greeting at sign-in, and from whom the organization's mails come."""
    brand.accent = _readable(accent)
    brand.greeting = " ".join(greeting.split())
    brand.sender, brand.reply_to = " ".join(sender.split()), reply_to.strip()
    brand.save(update_fields=["accent", "greeting", "sender", "reply_to"])
    if brand.live_at is not None and brand.service.wanted == Wanted.ACTIVE:
        _dress(brand, brand.accent)
    known.changed()
    record(actor, Happened.LOOK_CHANGED, brand)
    return brand


@action(right=MANAGE)
def check_brand(actor: Actor, brand: Brand) -> Service:
    """Have both proofs looked at again now."""
    from kanton.products.tasks import reconcile_service

    service = brand.service
    if service.wanted != Wanted.ACTIVE:
        raise NotRunning
    service.wished()
    service.save()
    record(actor, Happened.CHECK_ASKED, brand)
    after_commit(reconcile_service, service.pk, unique_key=f"reconcile-service:{service.pk}")
    return service


def _dress(brand: Brand, accent: str) -> None:
    """The colour stands in the organization's row, so that no page of the Manager asks for it."""
    Organization.objects.filter(pk=brand.organization_id).update(accent=accent)
    known.changed()


def _readable(text: str) -> str:
    """Six hex digits that can be read on light paper, or none. A colour that cannot is refused with the nearest that
    can; on dark paper a lighter shade of it is used (ui/brand.py)."""
    wanted = six_digits(text)
    if wanted is None:
        raise BadAccent
    if wanted and not is_readable(wanted):
        raise UnreadableAccent(
            colour=wanted,
            contrast=f"{contrast(wanted, LIGHT_PAPER):.1f}",
            nearest=Palette.of(wanted).light,
        )
    return wanted
