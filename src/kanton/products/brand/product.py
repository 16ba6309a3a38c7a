"""What a Custom Brand can do, as the shop, billing and the console need to know it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kanton.core import clock
from kanton.core.actor import System
from kanton.products.brand.rights import MANAGE, PRODUCT, USE
from kanton.products.contract import Done, Group, NeedsCustomer, OrderField, Outcome, Product, RetryIn
from kanton.products.models import Wanted

if TYPE_CHECKING:
    from kanton.organizations.models import Organization
    from kanton.products.models import Service

# How long we look by ourselves; afterwards the customer says when to look again.
PATIENCE = dt.timedelta(days=7)
SOON, LATER = 120, 1800


class BrandProduct(Product):
    """An own host name for Manager and sign-in, own colours, an own sender (ORG-97)."""

    code = PRODUCT
    name = _("Custom Brand")
    plural = _("Custom Brand")
    group = Group.COLLABORATION
    icon = "palette"
    list_url = "brand:brands"
    use_right = USE
    manage_right = MANAGE
    rights = (USE, MANAGE)
    order_fields = (
        OrderField(
            "name",
            _("Host name"),
            _("Where your people will sign in: a name below a domain of yours."),
            "manager.acme.ch",
        ),
    )

    def check_order(self, organization: Organization | None, options: Mapping[str, Any]) -> dict[str, Any]:
        """A brand needs a host name that is neither ours nor proved by another brand."""
        from kanton.products.brand.errors import HostTaken
        from kanton.products.brand.models import Brand
        from kanton.products.brand.names import normal_host

        host = normal_host(str(options.get("name") or ""))
        if Brand.objects.filter(host=host, proven_at__isnull=False).exists():
            raise HostTaken(host=host)
        return {**options, "name": host}

    def reconcile(self, service: Service) -> Outcome:
        """Prove control and certificate, then go live; after the end redirect, then let the name go."""
        from kanton.products.brand import actions, proofs
        from kanton.products.brand.errors import HostTaken
        from kanton.products.brand.models import Brand

        system = System("brand")
        brand = Brand.objects.filter(service=service).select_related("service", "organization").first()
        if service.wanted != Wanted.ACTIVE:
            if brand is not None:
                actions.pause_brand(system, brand)
            return Done()
        if brand is None:
            brand = actions.set_up_brand(system, service)
        is_late = clock.now() - service.wished_at > PATIENCE
        if brand.proven_at is None:
            if not proofs.has_control(brand):
                reason = gettext("The TXT record %(name)s is not answered yet.") % {"name": brand.challenge}
                remedy = gettext("Set it as the page says, then have it checked again.")
                return NeedsCustomer(reason, remedy) if is_late else RetryIn(self._pause(service), reason)
            try:
                brand = actions.prove_brand(system, brand)
            except HostTaken as error:
                return NeedsCustomer(error.sentence, gettext("Order again with another name, or contact us."))
        if trouble := proofs.trouble_of(brand.host):
            reason = gettext("%(host)s does not lead here by HTTPS yet: %(trouble)s") % {
                "host": brand.host, "trouble": trouble,
            }  # fmt: skip
            remedy = gettext("Point the name to us as the page says, then have it checked again.")
            return NeedsCustomer(reason, remedy) if is_late else RetryIn(self._pause(service), reason)
        actions.go_live(system, brand)
        return Done()

    def _pause(self, service: Service) -> int:
        """Often in the first hour, then seldom."""
        return SOON if clock.now() - service.wished_at < dt.timedelta(hours=1) else LATER

    def service_url(self, service: Service) -> str:
        """The console page of one brand."""
        from django.urls import reverse

        return reverse("brand:brand", args=[service.organization.slug, service.pk])

    def lost_by_cancelling(self, service: Service) -> Sequence[str]:
        """Nothing is deleted; the name goes."""
        sentence = gettext("%(host)s redirects to the usual address for 30 days and then no longer works.")
        return (sentence % {"host": service.name}, *super().lost_by_cancelling(service))
