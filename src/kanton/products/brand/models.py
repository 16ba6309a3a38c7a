"""What a Custom Brand is: a host name with its proofs, and how it looks."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.secrets import new_token
from kanton.organizations.models import Organization
from kanton.organizations.resolver import services_granted
from kanton.products.brand.names import TEXT, challenge_of
from kanton.products.brand.rights import USE
from kanton.products.models import Service


class BrandQuerySet(models.QuerySet["Brand"]):
    """Knows who may see what."""

    def visible_to(self, actor: Actor, organization: Organization) -> BrandQuerySet:
        """The organization's brands that the actor may use."""
        brands = self.filter(organization=organization)
        if actor.is_system:
            return brands
        everything, some = services_granted(actor, organization.pk, USE)
        return brands if everything else brands.filter(service__in=some)


class Brand(models.Model):
    """The host name of a service, and its look.

    Anybody may want a name; only one holds it: who has proved control by DNS first. `live_at` is set when the name
    also leads here with a valid certificate. After the end the name redirects until `redirects_until` (ORG-98).
    """

    service = models.OneToOneField(Service, on_delete=models.CASCADE, related_name="brand")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="brands")
    host = models.CharField(_("host name"), max_length=253)
    token = models.CharField(max_length=43, default=new_token)
    accent = models.CharField(_("colour"), max_length=6, blank=True)
    greeting = models.CharField(_("greeting"), max_length=160, blank=True)
    sender = models.CharField(_("sender’s name"), max_length=60, blank=True)
    reply_to = models.EmailField(_("address for answers"), max_length=254, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    proven_at = models.DateTimeField(null=True, blank=True)
    live_at = models.DateTimeField(null=True, blank=True)
    redirects_until = models.DateField(null=True, blank=True)

    objects: ClassVar[BrandQuerySet] = BrandQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host"], condition=Q(proven_at__isnull=False), name="one_holder_of_a_host"
            )
        ]
        indexes = [models.Index(fields=["organization"], name="brand_by_organization")]

    def __str__(self) -> str:
        return self.host

    @property
    def challenge(self) -> str:
        """The name of the TXT record that proves control."""
        return challenge_of(self.host)

    @property
    def challenge_text(self) -> str:
        """What the TXT record says."""
        return TEXT + self.token
