"""Reads of cancellations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from kanton.billing.cancellation.models import Cancellation
from kanton.billing.models import Invoice
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.core.secrets import token_hash
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.products.contract import product_called
from kanton.products.models import Service, Wanted
from kanton.ui import formats


@dataclass(frozen=True, slots=True)
class CancelPage:
    """Everything somebody must know before they cancel: what is lost, what stays owed, where it stands."""

    service: Service
    product: str
    lost: Sequence[str]
    obstacle: str
    owed: Sequence[Invoice]
    open: Cancellation | None


def cancel_page(actor: Actor, organization: Organization, number: int) -> CancelPage:
    """The page before cancelling a product; needs the right to manage it (BIL-10)."""
    services = Service.objects.filter(organization=organization).exclude(wanted=Wanted.ENDED)
    service = get_or_not_found(services.select_related("organization"), pk=number)
    product = product_called(service.product)
    require(actor, product.manage_right, service)
    return CancelPage(
        service,
        str(product.name),
        product.lost_by_cancelling(service),
        product.cancelled_with(service),
        list(
            Invoice.objects.filter(
                status="open", lines__service_key=service.order_line, renewals__granted_at__isnull=False
            ).distinct()
        ),
        open_cancellation(service),
    )


def _owed(service: Service) -> QuerySet[Invoice]:
    """Open invoices for terms that were granted already: they stay owed (BIL-118)."""
    return Invoice.objects.filter(
        status="open", renewals__service=service, renewals__granted_at__isnull=False
    ).order_by("pk")


def open_cancellation(service: Service) -> Cancellation | None:
    """The request that waits for its confirmation, or for the end of the term."""
    found = Cancellation.objects.filter(service=service, withdrawn_at=None, done_at=None).first()
    return found if found and (found.is_waiting or found.is_planned) else None


def cancellation_by_link(actor: Actor, organization: Organization, token: str) -> Cancellation:
    """The request behind a link, or NotFound; who may no longer manage the product gets 403."""
    found = get_or_not_found(
        Cancellation.objects.filter(organization=organization).select_related("service__organization"),
        digest=token_hash(token),
    )
    require(actor, product_called(found.service.product).manage_right, found.service)
    return found


def without_cancelled(services: QuerySet[Service]) -> QuerySet[Service]:
    """Without those that are cancelled for the end of their term (BIL-125)."""
    confirmed = Cancellation.objects.filter(
        service=OuterRef("pk"), confirmed_at__isnull=False, withdrawn_at=None, done_at=None
    )
    return services.exclude(Exists(confirmed))


def notes(services: Sequence[Service]) -> dict[int, str]:
    """What stands beside a service whose cancellation was asked for."""
    waiting = Cancellation.objects.filter(
        service__in=[service.pk for service in services],
        confirmed_at=None,
        withdrawn_at=None,
        expires_at__gt=clock.now(),
    )
    return {
        each.service_id: _("Cancellation requested: to be confirmed by mail until %(day)s.")
        % {"day": formats.datetime(each.expires_at)}
        for each in waiting
    }
