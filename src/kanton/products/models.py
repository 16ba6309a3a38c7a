"""Services: the running things that customers own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.rights import Right
from kanton.core.wish import Wish
from kanton.organizations.models import Organization
from kanton.organizations.resolver import resources_granted, services_granted

if TYPE_CHECKING:
    from kanton.products.contract import Product


class Wanted(models.TextChoices):
    """What the customer and the contract want of a service."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    ENDED = "ended", pgettext_lazy("a service", "Ended")


class ServiceQuerySet(models.QuerySet["Service"]):
    """Knows who may see what."""

    def visible_to(self, actor: Actor, organization: Organization, product: Product) -> ServiceQuerySet:
        """The organization's services of one product that the actor may use, wholly or in part."""
        services = self.filter(organization=organization, product=product.code)
        if actor.is_system:
            return services
        everything, some = seen_services(actor, organization.pk, product.seeing_rights)
        return services if everything else services.filter(pk__in=some)


def seen_services(actor: Actor, organization_id: int, rights: Sequence[Right]) -> tuple[bool, set[int]]:
    """(all?, services): where the actor holds one of these rights, wholly or in part."""
    seen: set[int] = set()
    for right in rights:
        everything, some = services_granted(actor, organization_id, right)
        if everything:
            return True, set()
        seen |= some | {service for service, _resource in resources_granted(actor, organization_id, right)}
    return False, seen


def still_there(pairs: Iterable[tuple[int, int]]) -> set[int]:
    """Of (organization, service) pairs, the services that belong to the organization named with them. A grant that
    stayed behind when a service went to another organization opens nothing there."""
    wanted = set(pairs)
    if not wanted:
        return set()
    found = Service.objects.filter(pk__in={service for _organization, service in wanted})
    return {
        pk for organization, pk in found.values_list("organization_id", "pk") if (organization, pk) in wanted
    }


class Service(Wish):
    """The running thing a customer owns ("mail of acme.ch").

    The Wish fields tell whether the engine has confirmed what `wanted` says. `ends_on` is the last paid day in
    the operator's time zone; None for what never ends. `order_line` makes set-up happen exactly once per paid line.
    `locked_at` closes its management (ORG-80), `maintenance_since` its use (ORG-84), each until the customer ends it.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="services", db_index=False
    )
    product = models.CharField(max_length=40)
    plan = models.CharField(max_length=60)
    name = models.CharField(max_length=253)
    options = models.JSONField(default=dict)
    wanted = models.CharField(max_length=10, choices=Wanted.choices, default=Wanted.ACTIVE)
    created_at = models.DateTimeField(default=clock.now)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    period_months = models.PositiveSmallIntegerField(default=12)
    anchor_day = models.PositiveSmallIntegerField(default=1)
    renews_automatically = models.BooleanField(default=False)
    is_guaranteed = models.BooleanField(default=False)
    order_line = models.CharField(max_length=60, unique=True)
    locked_at = models.DateTimeField(null=True, blank=True)
    locked_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    maintenance_since = models.DateTimeField(null=True, blank=True)

    reconcile_task = "kanton.products.tasks.reconcile_service"

    objects: ClassVar[ServiceQuerySet] = ServiceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(fields=["organization", "product", "name"], name="service_of_organization"),
            models.Index(fields=["ends_on"], name="service_by_end", condition=~Q(wanted="ended")),
            models.Index(fields=["wish_state"], name="service_unproved", condition=~Q(wish_state="done")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def service_id(self) -> int:
        """Itself: a service is a target of rights like everything in it."""
        return self.id

    @property
    def product_code(self) -> str:
        """For the activity log."""
        return self.product

    @property
    def is_running(self) -> bool:
        """Wanted active and confirmed so by its engine."""
        return self.wanted == Wanted.ACTIVE and self.is_proved
