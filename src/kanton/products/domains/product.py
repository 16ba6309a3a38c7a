"""Domains as shop, billing and console need to know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.core.actor import Actor, System
from kanton.organizations.departure.contract import Case, Holding, Kept
from kanton.organizations.models import Organization
from kanton.products.contract import (
    Done,
    Group,
    Meter,
    NeedsCustomer,
    OrderField,
    Outcome,
    Product,
    RetryIn,
    Unit,
)
from kanton.products.domains import names
from kanton.products.domains.errors import NameReserved, NameTaken, OtherExtension
from kanton.products.domains.extensions import extension_of, registrable
from kanton.products.domains.rights import DNS_EDIT, MANAGE, PRODUCT, VIEW
from kanton.products.models import Service, Wanted


class DomainProduct(Product):
    """A name, reserved at a registrar, with its zone."""

    code = PRODUCT
    name = _("Domain")
    plural = _("Domains")
    group = Group.WEB
    icon = "world-www"
    list_url = "domains:list"
    use_right = VIEW
    manage_right = MANAGE
    rights = (VIEW, DNS_EDIT, MANAGE)
    tells_of_its_end = True
    guarantee_reason = _(
        "It protects the name against loss and theft: we do everything to keep it for you, even if you cannot "
        "answer in time."
    )
    meters = (Meter("records", _("DNS records"), Unit.COUNT),)
    order_fields = (
        OrderField(
            "name",
            _("Domain name"),
            _("The name with its ending. Accents and umlauts are possible where the ending permits them."),
            "example.ch",
        ),
    )

    def check_order(self, organization: Organization | None, options: Mapping[str, Any]) -> dict[str, Any]:
        """The name in its normal form, if it can be registered; else the error under the field `name`."""
        from kanton.products.domains.models import Domain
        from kanton.products.domains.registrars import Availability, RegistrarUnavailable, registrar

        name = registrable(str(options.get("name", "")))
        # Each ending has its own price: the offer must be the one for the name's.
        sold, given = options.get("tld"), extension_of(name)
        if sold and (given is None or given.name != sold):
            raise OtherExtension(name=names.display_name(name), extension=sold)
        if Domain.objects.held().filter(name=name).exists():
            raise NameTaken(name=names.display_name(name))
        try:
            found = registrar().check([name])[name]
        except RegistrarUnavailable:
            # The registry has the last word at the registration; a silent one does not stop the shop.
            found = Availability.FREE
        if found is Availability.TAKEN:
            raise NameTaken(name=names.display_name(name))
        if found is Availability.RESERVED:
            raise NameReserved(name=names.display_name(name))
        return {"name": name}

    def order_name(self, options: Mapping[str, Any]) -> str:
        """The domain's name."""
        return str(options.get("name", ""))

    def reconcile(self, service: Service) -> Outcome:
        """Have the name registered (or on hold, or given up), and its zone answered."""
        from kanton.products.domains.actions import set_up_domain
        from kanton.products.domains.dkim import make_key
        from kanton.products.domains.models import Domain, Zone
        from kanton.products.domains.registration import follow
        from kanton.products.domains.serving import serve

        domain = Domain.objects.filter(service=service).select_related("service", "organization").first()
        if domain is None:
            if service.wanted == Wanted.ENDED:
                return Done()
            if Domain.objects.held().filter(name=service.name).exists():
                return NeedsCustomer(
                    gettext("Somebody else registered this name in the meantime."),
                    gettext("Choose another name; what you paid for this one is credited."),
                )
            set_up_domain(System(PRODUCT), service, key=make_key())
            domain = Domain.objects.select_related("service", "organization").get(service=service)
        domain.service = service
        outcome = follow(domain)
        if not isinstance(outcome, Done):
            return outcome
        for zone_id in (
            Zone.objects.filter(domain=domain).exclude(wish_state="done").values_list("pk", flat=True)
        ):
            served = serve(zone_id)
            if not served.is_proved:
                return RetryIn(served.retry_seconds, served.reason)
        return Done()

    def service_url(self, service: Service) -> str:
        """The domain's page."""
        return reverse("domains:overview", args=[service.organization.slug, service.name])

    def lost_by_cancelling(self, service: Service) -> Sequence[str]:
        """The name, its zone, and what hangs on them."""
        return (
            gettext("The name %(name)s is given up: somebody else can register it.") % {"name": service.name},
            gettext("Its DNS zone is deleted: websites and mail under the name stop working."),
            *super().lost_by_cancelling(service),
        )

    def usage(self, service: Service) -> dict[str, int]:
        """How many records its zones have."""
        from kanton.products.domains.models import ZoneRecord

        return {"records": ZoneRecord.objects.filter(zone__service=service, zone__removed_at=None).count()}

    def holdings_of(self, person: Person, organization: Organization) -> Sequence[Holding]:
        """The domains for which a person is named as a contact."""
        from kanton.products.domains import departing

        return departing.holdings_of(person, organization)

    def settle(self, actor: Actor, case: Case) -> Kept:
        """Name the heir instead."""
        from kanton.products.domains import departing

        return departing.settle(actor, case)

    def restore(self, actor: Actor, case: Case, kept: Mapping[str, Any]) -> None:
        """Name the person again."""
        from kanton.products.domains import departing

        departing.restore(actor, case, kept)


def plan_fits(name: str, limits: Mapping[str, Any]) -> bool:
    """Whether a plan's extension is that of the name."""
    extension = extension_of(name)
    return "tld" not in limits or (extension is not None and extension.name == limits["tld"])
