"""Which product is meant, and what is said of its block."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.products.locking.rights import LOCK
from kanton.products.models import Service, Wanted
from kanton.ui import formats


def lockable(actor: Actor, organization: Organization, number: int) -> Service:
    """A running product of the organization, for those who may block it; or NotFound."""
    require(actor, LOCK, organization)
    running = Service.objects.filter(organization=organization).exclude(wanted=Wanted.ENDED)
    return get_or_not_found(running.select_related("organization", "locked_by"), pk=number)


def reason_of(service: Service) -> str:
    """Who blocked it and when, in one sentence (ORG-83); empty when it is open."""
    if service.locked_at is None:
        return ""
    values = {"service": service.name, "at": formats.datetime(service.locked_at), "person": service.locked_by}
    if service.locked_by is None:
        return _("The management of %(service)s has been blocked since %(at)s.") % values
    return _("%(person)s blocked the management of %(service)s on %(at)s.") % values
